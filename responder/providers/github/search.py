"""Where on GitHub, beyond what a clone has, leaked values stand: alerts, code, logs of workflows, issues.

Values never leave this process: GitHub is asked for texts, and they are searched here. Only public
identifiers are sent, to its code search, which knows default branches, files below 384 KB, and ten questions
a minute (https://docs.github.com/rest/search/search#search-code).
"""

import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from responder.action import Connections
from responder.errors import RejectedError
from responder.providers.github.connection import LOOPBACK, TIMEOUT, GithubConnection
from responder.questions import Answer, Questions

if TYPE_CHECKING:
    from github import Github

PATIENCE: Final = 120.0  # seconds for all of it
_PAGE: Final = 100
_MOST_PAGES: Final = 10
_MOST_SEARCHES: Final = 9  # a minute, of the ten that GitHub allows
_MOST_RUNS: Final = 100
_LARGEST_LOG: Final = 128 * 1024 * 1024  # bytes, packed


@dataclass(frozen=True)
class Match:
    """A value in a text; `place` is within it: a file of an archive, a line, an encoding."""

    value: str
    place: str
    secret: bool


@dataclass(frozen=True)
class Seen:
    what: str  # "workflow log", "issue comment", "secret-scanning alert", …
    address: str  # for people
    value: str
    place: str = ""
    secret: bool = True  # False: a public identifier


@dataclass
class Searched:
    seen: list[Seen] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)
    not_looked_at: list[str] = field(default_factory=list)

    @property
    def leaks(self) -> list[Seen]:
        return [one for one in self.seen if one.secret]


def search_github(
    connections: Connections,
    repository: str,
    *,
    identifiers: Sequence[str],
    matches: Callable[[bytes], Sequence[Match]],
    since: datetime,
) -> Searched:
    """Ask everywhere at once.

    Args:
        connections: the operator's.
        repository: owner/name.
        identifiers: public ones, for the code search over everything of the owner's.
        matches: the values in a text or an archive; from any thread.
        since: which runs, issues and comments to read.

    Raises:
        ProviderError: the repository cannot be seen.
    """
    search = _Search(connections.get(GithubConnection), repository, matches, since)
    owner = search.get(f"/repos/{repository}")["owner"]
    asked: list[Answer[None]] = [
        search.ask("secret-scanning alerts", search.alerts),
        search.ask("workflow runs", search.runs),
        search.ask("issues and pull requests", search.issues),
        *(
            search.ask(f"code of {owner['login']} with {identifier}", search.code, owner, identifier)
            for identifier in identifiers[:_MOST_SEARCHES]
        ),
    ]
    for answer in asked:
        answer.get()
    while search.more:
        search.more.pop().get()
    searched = search.searched
    searched.not_looked_at += search.questions.unread
    searched.not_looked_at += [
        f"code with {identifier}: GitHub allows ten searches a minute"
        for identifier in identifiers[_MOST_SEARCHES:]
    ]
    searched.seen.sort(key=lambda one: (one.what, one.address, one.value, one.place))
    return searched


class _Search:
    def __init__(
        self,
        connection: GithubConnection,
        repository: str,
        matches: Callable[[bytes], Sequence[Match]],
        since: datetime,
    ) -> None:
        self._connection, self._matches = connection, matches
        self._since = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._base = f"/repos/{repository}"
        self.questions = Questions(PATIENCE)
        self.more: list[Answer[None]] = []
        self.searched = Searched()

    def ask(self, what: str, question: Callable[..., None], *arguments: object) -> Answer[None]:
        return self.questions.ask(what, question, *arguments)

    def get(self, path: str) -> Any:  # noqa: ANN401  # an answer's JSON
        def ask(github: "Github") -> Any:  # noqa: ANN401
            return github.requester.requestJsonAndCheck("GET", path)[1]

        return self._connection.ask(f"GET {path.partition('?')[0]}", ask)

    def alerts(self) -> None:
        alerts = list(self._paged(f"{self._base}/secret-scanning/alerts?"))
        others = 0
        for alert in alerts:
            found = self._note("secret-scanning alert", alert["html_url"], alert.get("secret") or "")
            others += not found and alert["state"] == "open"
        more = f"; {others} open ones are of other secrets" if others else ""
        self.searched.looked_at.append(f"{len(alerts)} secret-scanning alerts{more}")

    def code(self, owner: dict[str, Any], identifier: str) -> None:
        scope = "org" if owner["type"] == "Organization" else "user"
        query = urllib.parse.quote(f'"{identifier}" {scope}:{owner["login"]}')
        answer = self.get(f"/search/code?q={query}&per_page={_PAGE}")
        for item in answer["items"]:
            place = f"{item['repository']['full_name']}: {item['path']}"
            self.searched.seen.append(Seen("code", item["html_url"], identifier, place, secret=False))
        self.searched.looked_at.append(f"default branches of {owner['login']} for {identifier}")
        if answer["incomplete_results"] or answer["total_count"] > _PAGE:
            self.searched.not_looked_at.append(f"all code with {identifier}: GitHub told only a part")

    def runs(self) -> None:
        created = urllib.parse.quote(f">={self._since}")
        answer = self.get(f"{self._base}/actions/runs?created={created}&per_page={_MOST_RUNS}")
        for run in answer["workflow_runs"]:
            if run["status"] != "completed":
                self.searched.not_looked_at.append(f"the log of run {run['id']}: it is {run['status']}")
                continue
            if run.get("run_attempt", 1) > 1:
                self.searched.not_looked_at.append(
                    f"logs of earlier attempts of run {run['id']}: {run['html_url']}"
                )
            self.more.append(self.ask(f"the log of run {run['id']}", self._log, run["id"], run["html_url"]))
        self.searched.looked_at.append(f"{len(self.more)} workflow runs since {self._since}")
        if answer["total_count"] > len(answer["workflow_runs"]):
            self.searched.not_looked_at.append(f"runs before the newest {_MOST_RUNS}")

    def issues(self) -> None:
        issues = list(self._paged(f"{self._base}/issues?state=all&since={self._since}&"))
        for issue in issues:
            self._note("issue", issue["html_url"], f"{issue['title']}\n{issue.get('body') or ''}")
            number = issue["number"]
            if issue["comments"]:
                path = f"{self._base}/issues/{number}/comments?since={self._since}&"
                self.more.append(self.ask(f"comments of {number}", self._comments, path))
            if "pull_request" in issue:
                path = f"{self._base}/pulls/{number}/comments?since={self._since}&"
                self.more.append(self.ask(f"the review of {number}", self._comments, path))
        self.searched.looked_at.append(f"{len(issues)} issues and pull requests changed since {self._since}")

    def _comments(self, path: str) -> None:
        for comment in self._paged(path):
            self._note("comment", comment["html_url"], comment.get("body") or "")

    def _log(self, run_id: int, page: str) -> None:
        def ask(github: "Github") -> bytes:
            path = f"{self._base}/actions/runs/{run_id}/logs"
            headers, _ = github.requester.requestBlobAndCheck("GET", path)
            return _download(headers.get("location", ""), path)

        self._note("workflow log", page, self._connection.ask(f"GET runs/{run_id}/logs", ask))

    def _note(self, what: str, address: str, text: str | bytes) -> bool:
        data = text.encode("utf-8", "replace") if isinstance(text, str) else text
        found = self._matches(data)
        self.searched.seen += [Seen(what, address, match.value, match.place, match.secret) for match in found]
        return bool(found)

    def _paged(self, path: str) -> Iterator[dict[str, Any]]:
        for number in range(1, _MOST_PAGES + 1):
            page = self.get(f"{path}per_page={_PAGE}&page={number}")
            yield from page
            if len(page) < _PAGE:
                return
        what = path.partition("?")[0]
        self.searched.not_looked_at.append(f"more than {_MOST_PAGES * _PAGE} of {what}")


def _download(address: str, path: str) -> bytes:
    """The archive behind the redirect, which needs no token and must not get one."""
    import requests  # noqa: PLC0415

    parts = urllib.parse.urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise RejectedError("github", f"GET {path}", "It led to no https address.")
    with requests.get(address, timeout=TIMEOUT, stream=True) as answer:
        if not answer.ok:
            raise RejectedError("github", f"GET {path}", f"The log cannot be had ({answer.status_code}).")
        data = bytearray()
        for piece in answer.iter_content(1 << 20):
            data += piece
            if len(data) > _LARGEST_LOG:
                raise RejectedError(
                    "github", f"GET {path}", f"The log is larger than {_LARGEST_LOG >> 20} MB."
                )
    return bytes(data)
