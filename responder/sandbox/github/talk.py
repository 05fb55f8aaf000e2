"""What people write and keep around a repository, and leak in: reviews, releases, discussions, caches."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from responder.sandbox.github.errors import not_found

if TYPE_CHECKING:
    from responder.sandbox.github.state import Repository, State


@dataclass(frozen=True)
class Said:
    id: int
    login: str
    body: str
    at: float
    sha: str = ""  # the commit that it is about
    replies: Sequence["Said"] = ()


@dataclass(frozen=True)
class Edit:
    """What a text was from then on; the first is how it was written."""

    at: float
    text: str


@dataclass(frozen=True)
class Discussion:
    number: int
    title: str
    body: str
    at: float
    comments: Sequence[Said]


@dataclass(frozen=True)
class Asset:
    id: int
    name: str
    data: bytes


@dataclass(frozen=True)
class Release:
    id: int
    tag: str
    body: str
    login: str
    at: float
    assets: Sequence[Asset]


@dataclass(frozen=True)
class Cache:
    """Its content is given to workflow runs alone."""

    id: int
    key: str
    ref: str
    size: int
    at: float


@dataclass
class Talk:
    summaries: dict[int, list[Said]] = field(default_factory=dict)  # of reviews, by their pull request
    of_commits: list[Said] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    discussions: dict[int, Discussion] | None = None  # None where they are switched off
    caches: list[Cache] = field(default_factory=list)
    edits: dict[int, list[Edit]] = field(default_factory=dict)  # of issues, by their number


class Talking:
    """Has people write. Every method may be called from any thread.

    Raises (all): ApiError, as the service would answer, for unknown names.
    """

    def __init__(
        self, changed: threading.Condition, state: Callable[[], "State"], clock: Callable[[], float]
    ) -> None:
        self._changed = changed
        self._state = state
        self._clock = clock

    def review(self, full_name: str, number: int, body: str, *, by: str) -> None:
        """The text of a pull request's whole review."""
        with self._changed:
            repository = self._repository(full_name)
            if number not in repository.spilt.pulls:
                raise not_found()
            sha = repository.spilt.pulls[number][-1]
            repository.talk.summaries.setdefault(number, []).append(self._said(body, by, sha))

    def of_commit(self, full_name: str, sha: str, body: str, *, by: str) -> None:
        with self._changed:
            self._repository(full_name).talk.of_commits.append(self._said(body, by, sha))

    def release(self, full_name: str, tag: str, body: str, files: Mapping[str, bytes], *, by: str) -> None:
        with self._changed:
            state = self._state()
            assets = [Asset(state.fresh_id(), name, data) for name, data in files.items()]
            made = Release(state.fresh_id(), tag, body, state.user(by).login, self._clock(), assets)
            self._repository(full_name).talk.releases.insert(0, made)

    def discussion(
        self, full_name: str, title: str, body: str, comments: Mapping[str, Sequence[str]] = {}, *, by: str
    ) -> int:
        """`comments` are texts with the replies to each. Without any call, discussions are switched off."""
        with self._changed:
            repository = self._repository(full_name)
            if repository.talk.discussions is None:
                repository.talk.discussions = {}
            said = [
                self._said(text, by, replies=[self._said(one, by) for one in replies])
                for text, replies in comments.items()
            ]
            number = len(repository.issues) + len(repository.talk.discussions) + 1
            made = Discussion(number, title, body, self._clock(), said)
            repository.talk.discussions[number] = made
            return number

    def edit_issue(self, full_name: str, number: int, body: str) -> None:
        with self._changed:
            repository, now = self._repository(full_name), self._clock()
            title, before = repository.spilt.texts[number]
            edits = repository.talk.edits.setdefault(number, [Edit(repository.created_at, before)])
            edits.append(Edit(now, body))
            repository.spilt.texts[number] = (title, body)

    def edit_comment(self, full_name: str, number: int, comment_id: int, body: str) -> None:
        """Of an issue or a pull request, in the list of it."""
        with self._changed:
            (comment,) = [one for one in self._repository(full_name).issues[number] if one.id == comment_id]
            comment.edits = comment.edits or [Edit(comment.created_at, comment.body)]
            comment.edits.append(Edit(self._clock(), body))
            comment.body = body

    def cache(self, full_name: str, key: str) -> None:
        with self._changed:
            number, at = self._state().fresh_id(), self._clock()
            self._repository(full_name).talk.caches.append(Cache(number, key, "refs/heads/main", 1024, at))

    def _repository(self, full_name: str) -> "Repository":
        return self._state().repository(full_name)

    def _said(self, body: str, by: str, sha: str = "", replies: Sequence[Said] = ()) -> Said:
        state = self._state()
        return Said(state.fresh_id(), state.user(by).login, body, self._clock(), sha, replies)
