"""Where on GitHub, beyond what a clone has, leaked values stand.

Alerts, code, logs and artifacts of workflows, what people wrote, their gists.

Values never leave this process: GitHub is asked for texts, and they are searched here. Only public
identifiers are sent, to its code search, which knows default branches, files below 384 KB, and ten questions
a minute (https://docs.github.com/rest/search/search#search-code).
"""

import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from responder.action import Connections
from responder.providers.github.connection import GithubConnection
from responder.questions import Answer, Questions

PATIENCE: Final = 120.0  # seconds for all of it
_PAGE: Final = 100
_MOST_PAGES: Final = 10
_MOST_SEARCHES: Final = 9  # a minute, of the ten that GitHub allows


@dataclass(frozen=True)
class Match:
    """A value in a text; `place` is within it: a file of an archive, a line, an encoding."""

    value: str
    place: str
    secret: bool


@dataclass(frozen=True)
class Looked:
    """`not_opened` says what within the text could not be looked at."""

    matches: Sequence[Match] = ()
    not_opened: Sequence[str] = ()


@dataclass(frozen=True)
class Seen:
    what: str  # "workflow log", "artifact", "gist", "comment", "secret-scanning alert", …
    address: str  # for people
    value: str
    place: str = ""
    secret: bool = True  # False: a public identifier


@dataclass(frozen=True)
class Written:
    """A text that people may have edited: what they see of it, where, and its name in GraphQL."""

    what: str
    address: str
    body: str
    node: str


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
    look: Callable[[bytes], Looked],
    since: datetime,
) -> Searched:
    """Ask everywhere at once.

    Args:
        connections: the operator's.
        repository: owner/name.
        identifiers: public ones, for the code search over everything of the owner's.
        look: for the values, in a text or an archive; from any thread.
        since: which runs, issues, comments and gists to read.

    Raises:
        ProviderError: the repository cannot be seen.
    """
    # These need `Search` from here.
    from responder.providers.github.search_discussions import discussions  # noqa: PLC0415
    from responder.providers.github.search_edits import ask_for_edits  # noqa: PLC0415
    from responder.providers.github.search_gists import Gists  # noqa: PLC0415
    from responder.providers.github.search_runs import caches, runs  # noqa: PLC0415
    from responder.providers.github.search_texts import (  # noqa: PLC0415
        comments_on_commits,
        issues,
        releases,
    )

    search = Search(connections.get(GithubConnection), repository, look, since)
    owner = search.get(f"/repos/{repository}")["owner"]
    gists = Gists(search)
    asked: list[Answer[None]] = [
        search.ask("secret-scanning alerts", search.alerts),
        search.ask("workflow runs", runs, search),
        search.ask("issues and pull requests", issues, search),
        search.ask("discussions", discussions, search),
        search.ask("comments on commits", comments_on_commits, search),
        search.ask("releases", releases, search),
        search.ask("Actions caches", caches, search),
        search.ask("gists of whoever GITHUB_TOKEN is", gists.own),
        search.ask(f"gists of the people of {owner['login']}", gists.of_people, owner),
        *(
            search.ask(f"code of {owner['login']} with {identifier}", search.code, owner, identifier)
            for identifier in identifiers[:_MOST_SEARCHES]
        ),
    ]
    for answer in asked:
        answer.get()
    search.wait()
    ask_for_edits(search)
    search.wait()
    so_far = search.searched  # which threads that nobody waits for any more may still add to
    return Searched(
        seen=sorted(so_far.seen, key=lambda one: (one.what, one.address, one.value, one.place)),
        looked_at=sorted(so_far.looked_at),
        not_looked_at=[
            *so_far.not_looked_at,
            *search.questions.unread,
            *(
                f"code with {identifier}: GitHub allows ten searches a minute"
                for identifier in identifiers[_MOST_SEARCHES:]
            ),
        ],
    )


class Search:
    """One search under way: what is asked, and what was seen so far. May be used from any thread."""

    def __init__(
        self,
        connection: GithubConnection,
        repository: str,
        look: Callable[[bytes], Looked],
        since: datetime,
    ) -> None:
        self.connection, self._look = connection, look
        self.since = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.repository, self.base = repository, f"/repos/{repository}"
        self.questions = Questions(PATIENCE)
        self.more: list[Answer[None]] = []
        self.written: list[Written] = []
        self.searched = Searched()

    def ask(self, what: str, question: Callable[..., None], *arguments: object) -> Answer[None]:
        return self.questions.ask(what, question, *arguments)

    def later(self, what: str, question: Callable[..., None], *arguments: object) -> None:
        """Ask it too, and have it waited for."""
        self.more.append(self.ask(what, question, *arguments))

    def wait(self) -> None:
        """Until all that was asked later, and by that, is answered, or time is up."""
        while self.more:
            self.more.pop().get()

    def get(self, path: str) -> Any:  # noqa: ANN401  # an answer's JSON
        return self.connection.get(path)

    def alerts(self) -> None:
        alerts = list(self.paged(f"{self.base}/secret-scanning/alerts?"))
        others = 0
        for alert in alerts:
            found = self.note("secret-scanning alert", alert["html_url"], alert.get("secret") or "")
            others += not found and alert["state"] == "open"
        more = f" ({others} open ones are of other secrets)" if others else ""
        self.searched.looked_at.append(f"secret-scanning alerts: {len(alerts)}{more}")

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

    def note_written(self, text: Written, title: str = "", within: str = "") -> None:
        """Look at a text, and later at what it was before it was edited."""
        self.note(text.what, text.address, f"{title}\n{text.body}" if title else text.body, within)
        self.written.append(text)

    def note(self, what: str, address: str, text: str | bytes, within: str = "") -> bool:
        """Look at a text, and keep what is seen. Gives whether anything was."""
        looked = self._look(text.encode("utf-8", "replace") if isinstance(text, str) else text)
        for one in looked.matches:
            place = ", ".join(filter(None, (within, one.place)))
            self.searched.seen.append(Seen(what, address, one.value, place, one.secret))
        self.searched.not_looked_at += [f"{what} {address}: {why}" for why in looked.not_opened]
        return bool(looked.matches)

    def paged(self, path: str) -> Iterator[dict[str, Any]]:
        for number in range(1, _MOST_PAGES + 1):
            page = self.get(f"{path}per_page={_PAGE}&page={number}")
            yield from page
            if len(page) < _PAGE:
                return
        what = path.partition("?")[0]
        self.searched.not_looked_at.append(f"more than {_MOST_PAGES * _PAGE} of {what}")
