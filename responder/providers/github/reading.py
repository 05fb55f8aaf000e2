"""The text of a place on GitHub in which something leaked, read with the operator's token."""

import base64
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from responder.action import Connections
from responder.errors import InputError, NotFoundError, ProviderError, RejectedError, UnavailableError
from responder.providers.github.connection import GithubConnection
from responder.providers.github.pages import (
    AlertPage,
    CommitPage,
    FilePage,
    GistPage,
    IssuePage,
    Place,
    place_of,
)
from responder.questions import Questions
from responder.recognise.source import Part, decode

PATIENCE: Final = 9.0  # seconds for all that is read of a place
_COPY: Final = "Or copy the text and give that: respond identify - < FILE."
_PAGE: Final = 100
_MOST_COMMITS: Final = 250  # of a pull request, as GitHub lists them
_LONGEST_REF: Final = 4  # segments of a branch's name


@dataclass
class Read:
    """`about` is what GitHub says of it beside the text; `unread` what could not be read, and why.

    `alert` is its repository and number, and the part that is its own value, where it is a shown alert.
    """

    name: str  # for people: the page's own address
    parts: list[Part] = field(default_factory=list)
    about: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    alert: tuple[str, int, Part] | None = None


def read_address(connections: Connections, address: str) -> Read:
    """Of one of GitHub's pages.

    Raises:
        InputError: it is no page that is known, or there is nothing at it.
        UnavailableError: it could not be read.
    """
    connection = connections.get(GithubConnection)
    place = place_of(address, connection.host, is_github_com=connection.is_github_com)
    return _read(_Reader(connection, _clean(address)), place)


def read_alert(connections: Connections, repository: str, number: int) -> Read:
    """A secret-scanning alert: its secret, and the text around it wherever it was found.

    Raises:
        InputError, UnavailableError: as above.
    """
    connection = connections.get(GithubConnection)
    name = f"secret-scanning alert {number} of {repository}"
    return _read(_Reader(connection, name), AlertPage(repository, number))


def _clean(address: str) -> str:
    """Without what may carry a credential."""
    parts = urllib.parse.urlsplit(address)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return urllib.parse.urlunsplit((parts.scheme, host + port, parts.path, "", parts.fragment))


def _read(reader: "_Reader", place: Place) -> Read:
    answer = reader.questions.ask("the page", reader.read, place)
    try:
        answer.get()
    except _AbsentError as absent:
        raise InputError(
            f"GitHub has nothing at {reader.found.name} that the token in GITHUB_TOKEN may see.",
            next_step=f"Check the address and the token's rights{absent.needs}. {_COPY}",
        ) from None
    reader.found.unread += reader.questions.unread
    if not reader.found.parts:
        why = "; ".join(reader.found.unread).removesuffix(".") or "it is empty"
        raise UnavailableError(
            f"{reader.found.name} could not be read: {why}.", next_step=f"Look at it in a browser. {_COPY}"
        )
    return reader.found


class _AbsentError(Exception):
    """What was asked for itself is not there."""

    def __init__(self, needs: str) -> None:
        super().__init__(needs)
        self.needs = needs


class _Reader:
    def __init__(self, connection: GithubConnection, name: str) -> None:
        self._connection = connection
        self.questions = Questions(PATIENCE)
        self.found = Read(name)

    def read(self, place: Place) -> None:
        needs = " (Secret scanning alerts: read)" if isinstance(place, AlertPage) else ""
        try:
            match place:
                case CommitPage(repository, sha):
                    self._commit(repository, sha)
                case FilePage(repository, rest):
                    self._file(repository, rest)
                case IssuePage():
                    self._issue(place)
                case GistPage(gist):
                    self._gist(gist)
                case AlertPage(repository, number):
                    self._alert(repository, number)
        except (NotFoundError, RejectedError):
            raise _AbsentError(needs) from None
        except ProviderError as error:
            if self.found.parts:
                raise
            why = error.what.removeprefix(f"{error.operation}: ").removesuffix(".")
            raise UnavailableError(
                f"{self.found.name} could not be read: {why}.", next_step=f"{error.next_step} {_COPY}".strip()
            ) from None

    def _get(self, path: str) -> Any:  # noqa: ANN401  # JSON
        return self._connection.ask(
            f"GET {path.partition('?')[0]}",
            lambda github: github.requester.requestJsonAndCheck("GET", path)[1],
        )

    def _paged(self, path: str, listed: str = "") -> Iterator[Any]:
        page = 1
        while True:
            answer = self._get(f"{path}?per_page={_PAGE}&page={page}")
            items = answer[listed] if listed else answer
            yield from items
            if len(items) < _PAGE:
                return
            page += 1

    def _add(self, name: str, text: str | None, *, is_diff: bool = False) -> None:
        if text:
            self.found.parts.append(Part(name, text, is_diff=is_diff))

    def _commit(self, repository: str, sha: str) -> None:
        commit = self._get(f"/repos/{repository}/commits/{urllib.parse.quote(sha, safe='')}")
        self._diff(f"commit {commit['sha'][:12]}", commit["commit"]["message"], commit.get("files", []))
        if len(commit.get("files", [])) >= _PAGE:
            path = f"/repos/{repository}/commits/{commit['sha']}"
            self._diff("", "", list(self._paged(path, "files"))[_PAGE:])

    def _diff(self, name: str, message: str, files: list[dict[str, Any]]) -> None:
        self._add(f"message of {name}", message)
        for file in files:
            if "patch" in file:
                self._add(file["filename"], file["patch"], is_diff=True)
            elif file.get("changes", 1) or file["status"] != "renamed":
                self.found.unread.append(
                    f"{file['filename']}: GitHub shows no text of it, as of large and binary files"
                )

    def _file(self, repository: str, rest: str) -> None:
        segments = rest.split("/")
        for count in range(1, min(_LONGEST_REF, len(segments) - 1) + 1):
            ref, path = "/".join(segments[:count]), "/".join(segments[count:])
            try:
                return self._contents(repository, path, ref)
            except NotFoundError:
                continue
        raise NotFoundError("github", "GET contents", "Not Found")

    def _contents(self, repository: str, path: str, ref: str) -> None:
        asked = (
            f"/repos/{repository}/contents/{urllib.parse.quote(path)}?ref={urllib.parse.quote(ref, safe='')}"
        )
        answer = self._get(asked)
        if not isinstance(answer, dict) or answer.get("type") != "file":
            raise InputError(f"{path} is a folder there.", next_step="Give the address of one file.")
        if answer.get("encoding") != "base64":
            self.found.unread.append(f"{path}: GitHub gives no more than 1 MB of a file")
            return
        self._add(path, decode(base64.b64decode(answer["content"])))

    def _issue(self, place: IssuePage) -> None:
        base = f"/repos/{place.repository}"
        if place.comment or place.review_comment:
            kind = "issues" if place.comment else "pulls"
            comment = self._get(f"{base}/{kind}/comments/{place.comment or place.review_comment}")
            return self._add("the comment", comment.get("body"))
        issue = self._get(f"{base}/issues/{place.number}")
        self._add("title", issue["title"])
        self._add("body", issue.get("body"))
        self._comments(f"{base}/issues/{place.number}/comments")
        if place.is_pull:
            self._comments(f"{base}/pulls/{place.number}/comments")
            self._pull(place.repository, f"{base}/pulls/{place.number}")
        return None

    def _comments(self, path: str) -> None:
        for comment in self._paged(path):
            self._add(
                f"comment of {comment['user']['login'] if comment.get('user') else '?'}", comment.get("body")
            )

    def _pull(self, repository: str, path: str) -> None:
        """Each commit too: what one of them added and the next took away is in no diff of the whole."""
        self._diff("", "", list(self._paged(f"{path}/files")))
        commits = [one["sha"] for one in self._paged(f"{path}/commits")]
        answers = [self.questions.ask(f"commit {sha[:12]}", self._commit, repository, sha) for sha in commits]
        if len(commits) >= _MOST_COMMITS:
            self.found.unread.append(f"more than the first {_MOST_COMMITS} commits: GitHub lists no others")
        for answer in answers:
            answer.get()

    def _gist(self, gist: str) -> None:
        found = self._get(f"/gists/{gist}")
        self._add("description", found.get("description"))
        for name, file in found["files"].items():
            self._add(name, file.get("content"))
            if file.get("truncated") or "content" not in file:
                self.found.unread.append(f"{name}: GitHub gives only the beginning of it")
        if found.get("truncated"):
            self.found.unread.append("further files of the gist: GitHub lists only the first 300")

    def _alert(self, repository: str, number: int) -> None:
        path = f"/repos/{repository}/secret-scanning/alerts/{number}"
        alert = self._get(path)
        name = alert.get("secret_type_display_name") or alert.get("secret_type")
        said = f"GitHub's alert {number} ({name}) is {alert.get('state')}"
        said += f" as {alert['resolution']}" if alert.get("resolution") else ""
        validity = {"active": "it still works", "inactive": "it does not work any more"}
        self.found.about.append(
            f"{said}; of the secret it says: {validity.get(alert.get('validity'), 'not checked')}."
        )
        if alert.get("publicly_leaked"):
            self.found.about.append("GitHub has found it in public, too.")
        if alert.get("secret"):
            part = Part(f"alert {number}", f"{alert.get('secret_type', 'secret')}={alert['secret']}")
            self.found.parts.append(part)
            self.found.alert = (repository, number, part)
        else:
            self.found.unread.append(
                f"the secret of alert {number}: the token in GITHUB_TOKEN is not shown it"
            )
        for location in self._paged(f"{path}/locations"):
            try:
                self._location(repository, location["type"], location["details"])
            except ProviderError as error:
                self.found.unread.append(f"where it was found ({location['type']}): {error.what}")

    def _location(self, repository: str, kind: str, details: dict[str, Any]) -> None:
        if kind == "commit":
            line, sha = details["start_line"], details["commit_sha"]
            self.found.about.append(f"It is in {details['path']}, line {line}, of commit {sha[:12]}.")
            return self._contents(repository, details["path"], details["commit_sha"])
        address = str(details.get(f"{kind}_url", ""))
        _, _, below = address.partition("/repos/")
        if not below:
            self.found.unread.append(f"where it was found: {kind.replace('_', ' ')} cannot be read here")
            return None
        if kind in ("pull_request_title", "pull_request_body"):
            below = below.replace("/pulls/", "/issues/")
        found = self._get(f"/repos/{below}")
        where = kind.replace("_", " ")
        self.found.about.append(f"It is in the {where}: {found.get('html_url', address)}")
        self._add(where, found.get("title"))
        self._add(where, found.get("body"))
        return None
