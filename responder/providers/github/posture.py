"""What protects an environment, and what workflows say of their token and where they deploy to; read only."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from responder.action import Connections
from responder.errors import RejectedError
from responder.providers.github.connection import GithubConnection
from responder.providers.github.environments import logins

if TYPE_CHECKING:
    from github import Github

_DEPLOYS: Final = re.compile(r"\bmodal deploy\b")
_WHERE: Final = re.compile(r"\bmodal deploy\b[^\n;&|]*\s(?:-e|--env)[ =]")
_FOLDER: Final = ".github/workflows"


@dataclass(frozen=True)
class Protection:
    reviewers: tuple[str, ...]
    branches: tuple[str, ...] | None  # that may deploy; None where every one may
    default_branch: str


@dataclass(frozen=True)
class WorkflowFile:
    path: str
    permissions: (
        str | None
    )  # of every job that says none itself: empty for nothing, None where it is not said
    deploys: bool
    names_environment: bool


def protection_of(connections: Connections, repository: str, environment: str) -> Protection:
    """Who must approve what is deployed to an environment, and which branches may.

    Raises:
        ProviderError: GitHub could not be asked, or has no such environment.
    """
    address = f"/repos/{repository}/environments/{quote(environment, safe='')}"

    def ask(github: "Github") -> Protection:
        _, itself = github.requester.requestJsonAndCheck("GET", f"/repos/{repository}")
        _, found = github.requester.requestJsonAndCheck("GET", address)
        rules = found.get("protection_rules", ())
        who = logins(each["reviewer"] for rule in rules for each in rule.get("reviewers", ()))
        return Protection(who, _branches(github, address, found, itself), str(itself["default_branch"]))

    return connections.get(GithubConnection).ask(f"GET {address}", ask)


def workflows(connections: Connections, repository: str) -> list[WorkflowFile]:
    """Every workflow of the default branch.

    Raises:
        ProviderError: GitHub could not be asked.
    """

    def ask(github: "Github") -> list[WorkflowFile]:
        from github import UnknownObjectException  # noqa: PLC0415

        at = f"/repos/{repository}/contents/{_FOLDER}"
        try:
            _, listed = github.requester.requestJsonAndCheck("GET", at)
        except UnknownObjectException:
            return []
        names = sorted(one["name"] for one in listed if one["name"].endswith((".yml", ".yaml")))
        return [_read(name, _text(github, f"{at}/{quote(name, safe='')}")) for name in names]

    return connections.get(GithubConnection).ask(f"GET /repos/{repository}/contents/{_FOLDER}", ask)


def _branches(
    github: "Github", address: str, environment: dict[str, Any], repository: dict[str, Any]
) -> tuple[str, ...] | None:
    match environment.get("deployment_branch_policy"):
        case {"custom_branch_policies": True}:
            where = f"{address}/deployment-branch-policies"
            _, found = github.requester.requestJsonAndCheck("GET", where, parameters={"per_page": "100"})
            return tuple(sorted(str(one["name"]) for one in found["branch_policies"]))
        case {"protected_branches": True}:
            where = f"/repos/{repository['full_name']}/branches"
            _, protected = github.requester.requestJsonAndCheck(
                "GET", where, parameters={"protected": "true"}
            )
            # Where none is protected, GitHub lets every branch deploy.
            return tuple(sorted(str(one["name"]) for one in protected)) or None
    return None


def _text(github: "Github", address: str) -> str:
    _, found = github.requester.requestJsonAndCheck("GET", address)
    if found.get("encoding") != "base64":
        raise RejectedError("github", address, "the file is too large to be shown.")
    return base64.b64decode(found["content"]).decode(errors="replace")


def _read(name: str, text: str) -> WorkflowFile:
    import yaml  # noqa: PLC0415

    path = f"{_FOLDER}/{name}"
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        raise RejectedError("github", path, "it is no YAML, so what it does is not known.") from None
    parts: dict[Any, Any] = content if isinstance(content, dict) else {}
    jobs = [job for job in (parts.get("jobs") or {}).values() if isinstance(job, dict)]
    said = "\n".join(_words(content))  # and not what only a comment says
    explicit = "MODAL_ENVIRONMENT" in said or bool(_WHERE.search(said))
    return WorkflowFile(path, _permissions(parts, jobs), bool(_DEPLOYS.search(said)), explicit)


def _words(content: object) -> Iterator[str]:
    """Every string that YAML has in it; of a script, without the lines that are comments."""
    match content:
        case str(text):
            yield from (line for line in text.splitlines() if not line.lstrip().startswith("#"))
        case dict():
            for name, value in content.items():
                yield from (*_words(name), *_words(value))
        case list():
            for one in content:
                yield from _words(one)


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
