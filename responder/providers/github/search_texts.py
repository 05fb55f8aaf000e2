"""What people wrote beside the code: issues, pull requests, their comments and reviews, releases.

https://docs.github.com/rest/issues, https://docs.github.com/rest/pulls, https://docs.github.com/rest/releases
"""

from typing import TYPE_CHECKING, Any, Final

from responder.providers.github.download import LARGEST, download
from responder.providers.github.search import Search, Written

if TYPE_CHECKING:
    from github import Github

_MOST_ASSETS: Final = 100


def issues(search: Search) -> None:
    """Pull requests are issues, too."""
    found = list(search.paged(f"{search.base}/issues?state=all&since={search.since}&"))
    for issue in found:
        search.note_written(_written("issue", issue), issue["title"])
        number = issue["number"]
        if issue["comments"]:
            path = f"{search.base}/issues/{number}/comments?since={search.since}&"
            search.later(f"comments of {number}", _comments, search, path)
        if "pull_request" in issue:
            pull = f"{search.base}/pulls/{number}"
            search.later(
                f"the review of {number}", _comments, search, f"{pull}/comments?since={search.since}&"
            )
            search.later(f"the reviews' texts of {number}", _comments, search, f"{pull}/reviews?")
    search.searched.looked_at.append(f"issues and pull requests: {len(found)}")


def comments_on_commits(search: Search) -> None:
    _comments(search, f"{search.base}/comments?")
    search.searched.looked_at.append("comments on commits")


def _comments(search: Search, path: str) -> None:
    for comment in search.paged(path):
        search.note_written(_written("comment", comment))


def _written(what: str, shape: dict[str, Any]) -> Written:
    return Written(what, shape["html_url"], shape.get("body") or "", shape["node_id"])


def releases(search: Search) -> None:
    """The texts of all; the files that were put there in the time in question."""
    found = list(search.paged(f"{search.base}/releases?"))
    files: list[tuple[str, dict[str, Any]]] = []
    for release in found:
        text = f"{release['name'] or ''}\n{release.get('body') or ''}"
        search.note("release", release["html_url"], text)
        files += [
            (release["html_url"], one) for one in release["assets"] if one["updated_at"] >= search.since
        ]
    for page, file in files[:_MOST_ASSETS]:
        what = f"{file['name']} of release {page}"
        if file["size"] > LARGEST:
            search.searched.not_looked_at.append(f"{what}: it is larger than {LARGEST >> 20} MB")
        else:
            search.later(what, _file, search, page, file)
    if len(files) > _MOST_ASSETS:
        search.searched.not_looked_at.append(f"files of releases after the first {_MOST_ASSETS}")
    search.searched.looked_at.append(f"releases: {len(found)}")


def _file(search: Search, page: str, file: dict[str, Any]) -> None:
    path = f"{search.base}/releases/assets/{file['id']}"

    def ask(github: "Github") -> bytes:
        binary = {"Accept": "application/octet-stream"}
        headers, _ = github.requester.requestBlobAndCheck("GET", path, headers=binary)
        return download(headers.get("location", ""), path)

    search.note("release", page, search.connection.ask(f"GET {path}", ask), file["name"])
