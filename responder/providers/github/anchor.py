"""Checkpoints of the journal as comments on a GitHub issue: dated by GitHub, and mailed to who watches it.

Weaker than a locked bucket: an administrator of the repository can delete a comment, and no copy is kept.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from responder.action import Connections
from responder.providers.github.connection import GithubConnection

if TYPE_CHECKING:
    from github import Github

__all__ = ["notes", "place"]

PERMISSIONS: Final = ("issues=write",)
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
