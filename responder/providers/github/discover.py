"""Environments, secrets and variables by their names, and the workflows that use them; read only."""

import base64
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import quote

from responder.action import Connections
from responder.errors import RejectedError
from responder.places import Discovered, GithubEnvironment, GithubSecret, Read, Scope, Workflow, merged
from responder.providers.github import workflow_file
from responder.providers.github.connection import GithubConnection
from responder.questions import Answer, Questions

if TYPE_CHECKING:
    from github import Github

WORKFLOWS = ".github/workflows"
SECRETS, VARIABLES = "secrets", "variables"
_PAGE = 100  # entries; the most that GitHub gives at once
_PAGES = {VARIABLES: 30}  # of these no more: https://docs.github.com/rest/actions/variables

T = TypeVar("T")
Holder = Literal["environment", "repository", "organisation"]


def discover(connections: Connections, repositories: Sequence[str], questions: Questions) -> Discovered:
    """What these repositories hold, and what their organisations share with them.

    Raises:
        UnauthenticatedError: there is no token.
    """
    connection = connections.get(GithubConnection)
    asked = [_AskedRepository(connection, questions, name) for name in repositories]
    for repository in asked:
        repository.ask_lists()
    for repository in asked:
        repository.ask_files()
    return merged(repository.told() for repository in asked)


@dataclass(frozen=True)
class _Itself:
    branch: str  # the default one
    of_organisation: bool


class _AskedRepository:
    """One repository: its lists at once, then what they lead to."""

    def __init__(self, connection: GithubConnection, questions: Questions, name: str) -> None:
        self._connection, self._questions, self._name = connection, questions, name
        self._itself = self._ask("the default branch", _itself)
        self._environments = self._ask("the environments", _environments)
        self._own = self._both("repository", "", "the repository's", "actions/")
        self._kept = list(self._own)
        self._of_environment: dict[str, list[Answer[list[GithubSecret]]]] = {}
        self._files: Answer[list[str]] | None = None
        self._workflows: list[Answer[Workflow]] = []

    def ask_lists(self) -> None:
        if itself := self._itself.get():
            self._files = self._ask("the workflows", partial(_workflow_files, ref=itself.branch))
            if itself.of_organisation:
                self._kept += self._both("organisation", "", "the organisation's", "actions/organization-")
        for one in self._environments.get() or ():
            below = f"environments/{quote(one.name, safe='')}/"
            of = self._both("environment", one.name, f"environment {one.name}'s", below)
            self._of_environment[one.name] = of
            self._kept += of

    def ask_files(self) -> None:
        itself = self._itself.get()
        if itself is None or self._files is None:
            return
        for file in self._files.get() or ():
            self._workflows.append(self._ask(file, partial(_workflow, file=file, ref=itself.branch)))

    def told(self) -> Discovered:
        files = self._files.get() if self._files else None
        read: dict[Scope, bool] = {
            Read.github_environments(self._name): self._environments.get() is not None,
            Read.workflows(self._name): files is not None and _all_told(self._workflows),
            Read.github_secrets(self._name, ""): _all_told(self._own),
            **{
                Read.github_secrets(self._name, name): _all_told(of)
                for name, of in self._of_environment.items()
            },
        }
        return Discovered(
            github_environments=tuple(self._environments.get() or ()),
            github_secrets=tuple(secret for answer in self._kept for secret in answer.get() or ()),
            workflows=tuple(one for answer in self._workflows if (one := answer.get())),
            read=frozenset(scope for scope, answered in read.items() if answered),
        )

    def _both(
        self, holder: Holder, environment: str, whose: str, below: str
    ) -> list[Answer[list[GithubSecret]]]:
        return [
            self._ask(
                f"{whose} {what}",
                partial(_secrets, holder=holder, environment=environment, below=below, what=what),
            )
            for what in (SECRETS, VARIABLES)
        ]

    def _ask(self, what: str, question: Callable[..., T]) -> Answer[T]:
        name = self._name
        return self._questions.ask(
            f"{what} of {name}",
            lambda: self._connection.ask(f"GET /repos/{name}", partial(question, repository=name)),
        )


def _all_told(answers: Iterable[Answer[Any]]) -> bool:
    return None not in [one.get() for one in answers]


def _itself(github: "Github", *, repository: str) -> _Itself:
    _, found = github.requester.requestJsonAndCheck("GET", f"/repos/{repository}")
    return _Itself(str(found["default_branch"]), found["owner"]["type"] == "Organization")


def _environments(github: "Github", *, repository: str) -> list[GithubEnvironment]:
    return [
        GithubEnvironment(repository=repository, name=one["name"], protected=_is_protected(one))
        for one in _pages(github, f"/repos/{repository}/environments", "environments")
    ]


def _is_protected(environment: Mapping[str, Any]) -> bool:
    return bool(environment.get("protection_rules") or environment.get("deployment_branch_policy"))


def _secrets(
    github: "Github", *, repository: str, holder: Holder, environment: str, below: str, what: str
) -> list[GithubSecret]:
    return [
        GithubSecret(
            repository=repository,
            holder=holder,
            environment=environment,
            name=one["name"].upper(),
            variable=what == VARIABLES,
            updated_at=datetime.fromisoformat(one["updated_at"]),
        )
        for one in _pages(github, f"/repos/{repository}/{below}{what}", what)
    ]


def _workflow_files(github: "Github", *, repository: str, ref: str) -> list[str]:
    from github import UnknownObjectException  # noqa: PLC0415

    path = f"/repos/{repository}/contents/{WORKFLOWS}"
    try:
        _, listed = github.requester.requestJsonAndCheck("GET", path, parameters={"ref": ref})
    except UnknownObjectException:
        return []  # the repository was answered for: it has no such folder
    files = sorted(str(one["name"]) for one in listed if one["type"] == "file")
    return [name for name in files if name.endswith((".yml", ".yaml"))]


def _workflow(github: "Github", *, repository: str, file: str, ref: str) -> Workflow:
    path = f"/repos/{repository}/contents/{WORKFLOWS}/{quote(file, safe='')}"
    _, found = github.requester.requestJsonAndCheck("GET", path, parameters={"ref": ref})
    if found.get("encoding") != "base64":
        raise RejectedError("github", path, "the file is too large to be shown.")
    text = base64.b64decode(found["content"]).decode(errors="replace")
    return workflow_file.read(repository, file, ref, text)


def _pages(github: "Github", path: str, item: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number in itertools.count(1):
        parameters = {"per_page": _PAGES.get(item, _PAGE), "page": number}
        _, page = github.requester.requestJsonAndCheck("GET", path, parameters=parameters)
        found.extend(page[item])
        if not page[item] or len(found) >= page["total_count"]:
            break
    return found
