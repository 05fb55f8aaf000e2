"""What workflows let their token do, and whether they say which Modal environment they mean; read only."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from responder.action import Connections
from responder.errors import NotFoundError, ProviderError, RejectedError
from responder.providers.github.connection import GithubConnection

if TYPE_CHECKING:
    from github import Github

_FOLDER: Final = ".github/workflows"
_DEPLOYS: Final = re.compile(r"\bmodal\s+(?:deploy|run)\b")
_WHERE: Final = re.compile(r"\s(?:-e|--env)(?:[ =]|$)")
_VARIABLE: Final = "MODAL_ENVIRONMENT"
_SETS: Final = re.compile(rf"\b{_VARIABLE}=[\"']?[^\s\"';&|]")
_EXPORTS: Final = re.compile(rf"\bexport\s+{_VARIABLE}=|\b{_VARIABLE}=.*>>.*\bGITHUB_ENV\b")
_JOINED: Final = re.compile(r"\\\n\s*")
_EXPRESSION: Final = re.compile(r"\$\{\{.*?\}\}")
_APART: Final = re.compile(r"[\n;&|]+")


@dataclass(frozen=True)
class WorkflowFile:
    """Attributes that the file was not read for are empty.

    Attributes:
        path: in the repository.
        unread: why nothing is known of it; empty where it was read.
        permissions: of every job that says none itself: empty for nothing, None where it is not said.
        deploys: whether anything in it is deployed to Modal or run there.
        implicit: the commands that do so without saying in which environment.
    """

    path: str
    unread: str = ""
    permissions: str | None = ""
    deploys: bool = False
    implicit: tuple[str, ...] = ()


def workflows(connections: Connections, repository: str) -> list[WorkflowFile]:
    """Every workflow of the default branch, whether it could be read or not.

    Raises:
        ProviderError: GitHub could not be asked which there are.
    """
    connection = connections.get(GithubConnection)
    folder = f"/repos/{repository}/contents/{_FOLDER}"
    try:
        listed = connection.ask(f"GET {folder}", lambda github: _json(github, folder))
    except NotFoundError:
        return []
    names = sorted(one["name"] for one in listed if one["name"].endswith((".yml", ".yaml")))
    return [_file(connection, folder, name) for name in names]


def _file(connection: GithubConnection, folder: str, name: str) -> WorkflowFile:
    path, address = f"{_FOLDER}/{name}", f"{folder}/{quote(name, safe='')}"
    try:
        found = connection.ask(f"GET {address}", lambda github: _json(github, address))
        return _read(path, found)
    except ProviderError as error:
        return WorkflowFile(path, unread=error.what)


def _json(github: "Github", address: str) -> Any:  # noqa: ANN401  # GitHub's JSON
    return github.requester.requestJsonAndCheck("GET", address)[1]


def _read(path: str, found: Any) -> WorkflowFile:  # noqa: ANN401  # GitHub's JSON
    import yaml  # noqa: PLC0415

    if not isinstance(found, dict) or found.get("encoding") != "base64":
        raise RejectedError("github", path, "GitHub does not show what is in it.")
    try:
        content = yaml.safe_load(base64.b64decode(found["content"]))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise RejectedError("github", path, "it is no YAML.") from None
    if not isinstance(content, dict) or not isinstance(content.get("jobs"), dict):
        raise RejectedError("github", path, "it has no jobs.")
    jobs = [job for job in content["jobs"].values() if isinstance(job, dict)]
    commands = [command for job in jobs for command in _commands(content, job)]
    return WorkflowFile(
        path,
        permissions=_permissions(content, jobs),
        deploys=bool(commands),
        implicit=tuple(command for command, explicit in commands if not explicit),
    )


def _commands(workflow: dict[Any, Any], job: dict[Any, Any]) -> Iterator[tuple[str, bool]]:
    """Each that deploys or runs something, and whether the environment is said by it or around it."""
    said = any(_names(level) for level in (workflow, job))
    for step in job.get("steps") or ():
        script = _script(step) if isinstance(step, dict) else ""
        said = said or bool(_EXPORTS.search(script))
        for command in map(str.strip, _APART.split(script)):
            if _DEPLOYS.search(command):
                own = _names(step) or _SETS.match(command) or _WHERE.search(command)
                yield command, said or bool(own)


def _names(level: dict[Any, Any]) -> bool:
    env = level.get("env")
    return isinstance(env, dict) and bool(env.get(_VARIABLE))


def _script(step: dict[Any, Any]) -> str:
    """Without its comments, each command on one line, and what GitHub puts in as one word."""
    lines = str(step.get("run") or "").splitlines()
    kept = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    return _EXPRESSION.sub("…", _JOINED.sub(" ", kept))


def _permissions(workflow: dict[Any, Any], jobs: list[dict[Any, Any]]) -> str | None:
    """What is said at the top, where every job says its own that is as good; and a job that gets all."""
    if "write-all" in (job.get("permissions") for job in jobs):
        return "write-all"
    if "permissions" not in workflow:
        return "" if jobs and all("permissions" in job for job in jobs) else None
    match workflow["permissions"]:
        case str(all_of_it):
            return all_of_it
        case {**scopes}:
            writes = sorted(f"{scope}: {level}" for scope, level in scopes.items() if level == "write")
            return ", ".join(writes)
    return ""
