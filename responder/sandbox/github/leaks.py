"""Where credentials leak on GitHub: commits, pull requests, comments, gists, and the alerts about them."""

import difflib
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from responder.sandbox.github import git_objects
from responder.sandbox.github.errors import not_found
from responder.sandbox.github.git_objects import GitObject
from responder.sandbox.github.runs import Artifact
from responder.sandbox.github.ways_in import Push

if TYPE_CHECKING:
    from responder.sandbox.github.state import Branch, Comment, Repository, State

Validity = Literal["active", "inactive", "unknown"]


@dataclass(frozen=True)
class Change:
    path: str
    before: bytes | None
    after: bytes | None

    @property
    def status(self) -> str:
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "modified"

    @property
    def patch(self) -> str | None:
        """As GitHub gives it: without the files' names, and none of what is no text."""
        sides = [(data or b"") for data in (self.before, self.after)]
        if any(b"\0" in data for data in sides):
            return None
        before, after = (data.decode("utf-8", "replace").splitlines() for data in sides)
        return "\n".join(list(difflib.unified_diff(before, after, lineterm=""))[2:])


@dataclass(frozen=True)
class Commit:
    sha: str
    parent: str | None
    message: str
    login: str
    at: float
    changes: tuple[Change, ...]
    tree: Mapping[str, bytes]

    def as_git(self) -> GitObject:
        tree = git_objects.tree_name(self.tree)
        return git_objects.commit(tree, self.parent, self.login, self.at, self.message)


@dataclass(frozen=True)
class ReviewComment:
    comment: "Comment"
    path: str


@dataclass(frozen=True)
class Gist:
    id: str
    login: str
    at: float
    description: str
    files: Mapping[str, bytes]
    public: bool = False
    earlier: "tuple[Gist, ...]" = ()  # what it was before, the newest first

    @property
    def version(self) -> str:
        parent = self.earlier[0].version if self.earlier else None
        return git_objects.commit(git_objects.tree_name(self.files), parent, self.login, self.at, "").name


@dataclass(frozen=True)
class Location:
    """Of a secret: the commit and the path, or the API's address of the issue or comment it stands in."""

    kind: str  # commit, issue_body, issue_comment, pull_request_comment, …
    commit: str = ""
    path: str = ""
    line: int = 1
    url: str = ""  # without the host


@dataclass
class Alert:
    number: int
    secret: str = field(repr=False)
    secret_type: str
    name: str
    validity: Validity
    created_at: float
    locations: tuple[Location, ...]
    resolution: str | None = None
    resolved_at: float | None = None
    resolved_by: str = ""


@dataclass
class Spilt:
    """What of a repository is only there because something leaks in it."""

    commits: dict[str, Commit] = field(default_factory=dict)
    texts: dict[int, tuple[str, str]] = field(default_factory=dict)  # issue -> its title and body
    pulls: dict[int, list[str]] = field(default_factory=dict)  # pull request -> its commits
    reviews: dict[int, list[ReviewComment]] = field(default_factory=dict)  # of a pull request
    alerts: dict[int, Alert] = field(default_factory=dict)

    def commit(self, ref: str) -> Commit | None:
        """By its name or the beginning of it."""
        found = [commit for sha, commit in self.commits.items() if sha.startswith(ref)]
        return found[0] if len(found) == 1 else None


class Leaks:
    """Has things leak. Every method may be called from any thread.

    Raises (all): ApiError, as the service would answer, for unknown names.
    """

    def __init__(
        self, changed: threading.Condition, state: Callable[[], "State"], clock: Callable[[], float]
    ) -> None:
        self._changed = changed
        self._state = state
        self._clock = clock

    def commit(
        self, full_name: str, files: Mapping[str, bytes | None], message: str, *, by: str, branch: str = ""
    ) -> str:
        """Write `files` (None deletes one) to a branch, the default one unless named; gives the commit."""
        with self._changed:
            repository = self._state().repository(full_name)
            target = repository.branches[branch or repository.default_branch]
            return commit_to(
                repository, target, files, message, self._state().user(by).login, self._clock()
            ).sha

    def commit_in_fork(self, full_name: str, files: Mapping[str, bytes], message: str, *, by: str) -> str:
        """A commit that is on no branch of the repository itself, as one of a fork's pull request."""
        with self._changed:
            repository = self._state().repository(full_name)
            fork = replace(repository.branches[repository.default_branch], name="fork")
            login = self._state().user(by).login
            return committed(repository, fork, files, message, login, self._clock()).sha

    def wiki(self, full_name: str, pages: Mapping[str, bytes | None], *, by: str) -> str:
        """Write pages (None deletes one); the first makes the wiki's repository. Gives the commit."""
        from responder.sandbox.github.state import Branch, Repository  # noqa: PLC0415  # they need `Spilt` from here

        with self._changed:
            state, now = self._state(), self._clock()
            of = state.repository(full_name)
            if of.wiki is None:
                of.wiki = Repository(
                    state.fresh_id(), f"{full_name}.wiki", "master", now, state.fresh_vault()
                )
                of.wiki.branches["master"] = Branch("master", {})
            target, message = of.wiki.branches["master"], f"Updated {', '.join(pages)}"
            return commit_to(of.wiki, target, pages, message, state.user(by).login, now).sha

    def issue(self, full_name: str, title: str, body: str) -> int:
        with self._changed:
            repository = self._state().repository(full_name)
            number = len(repository.issues) + 1
            repository.issues[number] = []
            repository.spilt.texts[number] = (title, body)
            return number

    def pull(self, full_name: str, title: str, body: str, commits: Sequence[str]) -> int:
        with self._changed:
            number = self.issue(full_name, title, body)
            self._state().repository(full_name).spilt.pulls[number] = list(commits)
            return number

    def comment(self, full_name: str, number: int, body: str, *, by: str, path: str = "") -> int:
        """On an issue or a pull request; with a path, on that file of a pull request's review."""
        from responder.sandbox.github.state import Comment  # noqa: PLC0415  # it needs `Spilt` from here

        with self._changed:
            state = self._state()
            repository = state.repository(full_name)
            made = Comment(state.fresh_id(), state.user(by).login, body, self._clock())
            if number not in repository.issues:
                raise not_found()
            if path:
                repository.spilt.reviews.setdefault(number, []).append(ReviewComment(made, path))
            else:
                repository.issues[number].append(made)
            return made.id

    def gist(
        self, files: Mapping[str, bytes], *, by: str, description: str = "", public: bool = False
    ) -> str:
        with self._changed:
            state = self._state()
            name, login = secrets.token_hex(16), state.user(by).login
            made = Gist(name, login, self._clock(), description, dict(files), public)
            state.gists[made.id] = made
            return made.id

    def edit_gist(self, name: str, files: Mapping[str, bytes]) -> None:
        with self._changed:
            gists = self._state().gists
            before = gists[name]
            earlier = (before, *before.earlier)
            gists[name] = replace(before, files=dict(files), at=self._clock(), earlier=earlier)

    def attempt(self, full_name: str, run_id: int, log: Mapping[str, bytes], *, by: str = "") -> None:
        """Have a run been started again; `log` is what its attempt before logged, by the file's name."""
        with self._changed:
            run = self._state().repository(full_name).run(run_id)
            run.earlier.append(dict(log))
            run.started_at, run.asked_again_by = self._clock(), by

    def artifact(
        self, full_name: str, run_id: int, name: str, files: Mapping[str, bytes], *, expired: bool = False
    ) -> int:
        with self._changed:
            state = self._state()
            made = Artifact(state.fresh_id(), name, self._clock(), dict(files), expired)
            state.repository(full_name).run(run_id).artifacts.append(made)
            return made.id

    def alert(
        self,
        full_name: str,
        secret: str,
        secret_type: str,
        name: str,
        locations: Sequence[Location],
        *,
        validity: Validity = "unknown",
    ) -> int:
        """An open secret-scanning alert; `secret_type` and `name` are GitHub's words for its kind."""
        with self._changed:
            alerts = self._state().repository(full_name).spilt.alerts
            number = len(alerts) + 1
            alerts[number] = Alert(
                number, secret, secret_type, name, validity, self._clock(), tuple(locations)
            )
            return number


def commit_to(
    repository: "Repository",
    target: "Branch",
    files: Mapping[str, bytes | None],
    message: str,
    login: str,
    now: float,
) -> Commit:
    """Push one commit to a branch; a file that is None is deleted."""
    parent = target.sha
    commit = committed(repository, target, files, message, login, now)
    repository.pushes.append(Push(f"refs/heads/{target.name}", parent, commit.sha, "push", login, now))
    return commit


def committed(
    repository: "Repository",
    target: "Branch",
    files: Mapping[str, bytes | None],
    message: str,
    login: str,
    now: float,
) -> Commit:
    """As `commit_to`, without a push to the repository."""
    changes = tuple(Change(path, target.files.get(path), data) for path, data in files.items())
    merged = {**target.files, **files}
    tree = {path: data for path, data in merged.items() if data is not None}
    parent = target.sha
    made = git_objects.commit(git_objects.tree_name(tree), parent, login, now, message)
    commit = Commit(made.name, parent, message, login, now, changes, tree)
    repository.spilt.commits[commit.sha] = commit
    target.files, target.head = dict(tree), commit.sha
    return commit


def files_at(repository: "Repository", ref: str) -> Mapping[str, bytes] | None:
    """Of a branch or a commit; None where there is neither."""
    if branch := repository.branch(ref):
        return branch.files
    commit = repository.spilt.commit(ref)
    return commit.tree if commit else None
