"""Addresses of GitHub's pages, and what they show: commits, files, pull requests, issues, gists, alerts."""

import re
import urllib.parse
from dataclasses import dataclass
from typing import Final, TypeAlias

from responder.errors import InputError

_OF_GITHUB_COM: Final = ("github.com", "www.github.com")
_GISTS, _RAW = "gist.github.com", "raw.githubusercontent.com"
KNOWN: Final = (
    "Known: a commit, a file (blob), a pull request, an issue or a comment of either, a gist, "
    "a secret-scanning alert."
)


@dataclass(frozen=True)
class CommitPage:
    repository: str
    sha: str


@dataclass(frozen=True)
class FilePage:
    """`rest` is the branch, tag or commit and then the path: only GitHub knows where one ends."""

    repository: str
    rest: str


@dataclass(frozen=True)
class IssuePage:
    """An issue or a pull request; with a comment of it, that alone."""

    repository: str
    number: int
    is_pull: bool
    comment: int = 0
    review_comment: int = 0


@dataclass(frozen=True)
class GistPage:
    gist: str


@dataclass(frozen=True)
class AlertPage:
    repository: str
    number: int


Place: TypeAlias = CommitPage | FilePage | IssuePage | GistPage | AlertPage


def place_of(address: str, host: str, *, is_github_com: bool) -> Place:
    """What an address shows. Nothing is ever asked of the address itself, only of the GitHub that we use.

    Args:
        address: http or https.
        host: of that GitHub's API.
        is_github_com: whether it stands for github.com.

    Raises:
        InputError: it is another host's, or none of these. No message repeats the address.
    """
    parts = urllib.parse.urlsplit(address)
    asked = (parts.hostname or "").lower()
    ours = {host, host.removeprefix("api.")}
    if is_github_com:
        ours |= {*_OF_GITHUB_COM, _GISTS, _RAW}
    if asked not in ours:
        raise InputError(
            f"That address is at {asked}, and the GitHub that is asked is {host}.",
            next_step="Save the page or copy the text, and give that: respond identify - < FILE.",
        )
    segments = [urllib.parse.unquote(one) for one in parts.path.split("/") if one]
    found = _place(asked, segments, parts.fragment)
    if found is None:
        raise InputError(
            f"That is an address of {asked}, and none that can be read here. {KNOWN}",
            next_step="Copy what it shows, and give that: respond identify - < FILE.",
        )
    return found


def _place(host: str, segments: list[str], fragment: str) -> Place | None:  # noqa: PLR0911  # a case a page
    match (host, segments):
        case (str() as at, [_, gist, *_]) if at == _GISTS and _is_gist(gist):
            return GistPage(gist)
        case (str() as at, [gist]) if at == _GISTS and _is_gist(gist):
            return GistPage(gist)
        case (_, ["gist", gist]) if _is_gist(gist):
            return GistPage(gist)
        case (str() as at, [owner, name, *rest]) if at == _RAW and len(rest) > 1:
            return FilePage(f"{owner}/{name}", "/".join(rest).removeprefix("refs/heads/"))
        case (_, [owner, name, "commit", sha]):
            return CommitPage(f"{owner}/{name}", re.sub(r"\.(?:diff|patch)\Z", "", sha))
        case (_, [owner, name, "pull", _, "commits", sha]):
            return CommitPage(f"{owner}/{name}", sha)
        case (_, [owner, name, "blob" | "raw" | "blame", *rest]) if len(rest) > 1:
            return FilePage(f"{owner}/{name}", "/".join(rest).removeprefix("refs/heads/"))
        case (_, [owner, name, "security", "secret-scanning", number, *_]) if number.isdecimal():
            return AlertPage(f"{owner}/{name}", int(number))
        case (_, [owner, name, "issues" | "pull" as what, number, *_]) if number.isdecimal():
            comment = re.match(r"(issuecomment-|discussion_r)(\d+)\Z", fragment)
            by_kind = {comment[1]: int(comment[2])} if comment else {}
            return IssuePage(
                f"{owner}/{name}",
                int(number),
                is_pull=what == "pull",
                comment=by_kind.get("issuecomment-", 0),
                review_comment=by_kind.get("discussion_r", 0),
            )
    return None


def _is_gist(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-f]{8,64}", text))
