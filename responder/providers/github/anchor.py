"""Checkpoints of the journal as comments on a GitHub issue: dated by GitHub, and mailed to who watches it.

Weaker than a locked bucket: an administrator of the repository can delete a comment, and no copy is kept.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from responder.action import Connections
from responder.errors import NotFoundError
from responder.finding import Finding, failed, ok
from responder.providers.github.connection import GithubConnection

if TYPE_CHECKING:
    from github import Github

__all__ = ["PERMISSIONS", "examine", "notes", "place"]

PERMISSIONS: Final = ("Issues: write",)
_FENCED: Final = re.compile(r"^```text\r?\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PAGE: Final = 100


def place(connections: Connections, repository: str, issue: int, said: str, note: str) -> str:
    """Comment with a sentence and the checkpoint; gives the comment's address.

    Raises:
        ProviderError: GitHub did not take it, or did not answer: it may be there.
    """
    path = f"/repos/{repository}/issues/{issue}/comments"

    def comment(github: "Github") -> dict[str, Any]:
        sent = {"body": f"{said}\n\n```text\n{note}```\n"}
        return dict(github.requester.requestJsonAndCheck("POST", path, input=sent)[1])

    return str(connections.get(GithubConnection).ask(f"POST {path}", comment)["html_url"])


def notes(connections: Connections, repository: str, issue: int) -> Iterator[tuple[str, str]]:
    """What stands fenced in the issue's comments, by whomever, each with its address.

    Raises:
        ProviderError: they cannot be read.
    """
    path = f"/repos/{repository}/issues/{issue}/comments"
    number = 1
    while True:
        asked = f"{path}?per_page={_PAGE}&page={number}"

        def comments(github: "Github", asked: str = asked) -> list[dict[str, Any]]:
            return list(github.requester.requestJsonAndCheck("GET", asked)[1])

        found = connections.get(GithubConnection).ask(f"GET {path}", comments)
        for one in found:
            for note in _FENCED.findall(str(one.get("body", ""))):
                yield str(one["html_url"]), note.replace("\r\n", "\n")
        if len(found) < _PAGE:
            return
        number += 1


def examine(connections: Connections, repository: str, issue: int) -> Iterator[Finding]:
    """Before an incident: that the issue is there, and that it can be commented on. Not the token's scopes.

    Raises:
        ProviderError: GitHub does not answer, or the repository has no issues.
    """
    path = f"/repos/{repository}/issues/{issue}"

    def look(github: "Github") -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        requester = github.requester
        found = requester.requestJsonAndCheck("GET", path)[1]
        return found, requester.requestJsonAndCheck("GET", f"/repos/{repository}")[1]

    try:
        found, where = connections.get(GithubConnection).ask(f"GET {path}", look)
    except NotFoundError:
        yield failed(
            f"There is no issue {issue} in {repository} that this token may see.",
            f"gh issue create --repo {repository} --title 'Checkpoints of respond' --body '', and name its "
            "number in respond.toml: [audit] github_issue.",
        )
        return
    if where.get("archived"):
        yield failed(
            f"{repository} is archived: nobody can comment on its issue {issue}.",
            f"gh repo unarchive {repository}, or name an issue elsewhere in respond.toml: [audit].",
        )
    elif found.get("locked") and not where.get("permissions", {}).get("push"):
        yield failed(
            f"The conversation of issue {issue} in {repository} is locked, and you may not push there.",
            f"An administrator types: gh issue unlock {issue} --repo {repository}",
        )
    else:
        yield ok(f"There is an issue {issue} in {repository}, and it can be commented on.")
