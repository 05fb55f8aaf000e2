"""Gists with what they were before: of the people of an organisation, or of whoever has the repository.

Secret gists are in no list but their owner's own: https://docs.github.com/rest/gists/gists
"""

import base64
from typing import Any, Final

from responder.providers.github.answers import answered
from responder.providers.github.download import download
from responder.providers.github.search import Search

_MOST_PEOPLE: Final = 200
_MOST_GISTS: Final = 200
_MOST_VERSIONS: Final = 20  # of a gist, the newest
_LARGEST: Final = 10 * 1024 * 1024  # bytes; GitHub gives larger files only to who clones the gist
_SCOPE: Final = "gist"


class Gists:
    """Of the time in question, each once, whoever listed it."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._asked: dict[str, None] = {}

    def of_people(self, owner: dict[str, Any]) -> None:
        search, people = self._search, [owner["login"]]
        if owner["type"] == "Organization":
            people = [one["login"] for one in search.paged(f"/orgs/{owner['login']}/members?")]
        if len(people) > _MOST_PEOPLE:
            search.searched.not_looked_at.append(
                f"gists of {len(people) - _MOST_PEOPLE} of {len(people)} people"
            )
        for login in people[:_MOST_PEOPLE]:
            search.later(f"the gists of {login}", self._of_person, login)
        known = f"people of {owner['login']}: {len(people[:_MOST_PEOPLE])}"
        search.searched.looked_at.append(f"public gists ({known})")

    def own(self) -> None:
        """Those of whoever GITHUB_TOKEN is, secret ones too, if the token may list them."""
        search = self._search
        headers = search.connection.headers("/gists?per_page=1")
        has_scope = _SCOPE in headers.get("x-oauth-scopes", "").split(", ")
        listed = list(search.paged(f"/gists?since={search.since}&"))
        self._ask(listed, "whoever GITHUB_TOKEN is")
        if has_scope or not all(gist["public"] for gist in listed):
            search.searched.looked_at.append("the secret gists of whoever GITHUB_TOKEN is")
        else:
            search.searched.not_looked_at.append(
                "secret gists of whoever GITHUB_TOKEN is: GitHub lists none, and is sure to list any only to "
                f"a classic token with the scope `{_SCOPE}`"
            )

    def _of_person(self, login: str) -> None:
        self._ask(self._search.paged(f"/users/{login}/gists?since={self._search.since}&"), login)

    def _ask(self, listed: Any, whose: str) -> None:  # noqa: ANN401
        for gist in listed:
            if gist["id"] in self._asked:
                continue
            if len(self._asked) >= _MOST_GISTS:
                why = f"gists after the first {_MOST_GISTS}, of {whose}"
                self._search.searched.not_looked_at.append(why)
                return
            self._asked[gist["id"]] = None
            self._search.later(f"gist {gist['id']} of {whose}", _gist, self._search, gist["id"])


def _gist(search: Search, name: str) -> None:
    gist = search.get(f"/gists/{name}")
    known: set[tuple[str, bytes]] = set()
    _look(search, gist, known)
    if len(gist.get("history") or ()) > 1:
        _, *earlier = search.paged(f"/gists/{name}/commits?")
        for version in earlier[:_MOST_VERSIONS]:
            what = f"gist {gist['html_url']} as it was on {version['committed_at']}"
            search.later(what, _earlier, search, name, version, known)
        if len(earlier) > _MOST_VERSIONS:
            why = f"gist {gist['html_url']} before its newest {_MOST_VERSIONS + 1} versions"
            search.searched.not_looked_at.append(why)


def _earlier(search: Search, name: str, version: dict[str, Any], known: set[tuple[str, bytes]]) -> None:
    gist = search.get(f"/gists/{name}/{version['version']}")
    gist["html_url"] = f"{gist['html_url']}/{version['version']}"
    _look(search, gist, known, f"as it was on {version['committed_at']}")


def _look(search: Search, gist: dict[str, Any], known: set[tuple[str, bytes]], when: str = "") -> None:
    """At what is not known yet: versions have most in common."""
    page = gist["html_url"]
    if gist["truncated"]:
        search.searched.not_looked_at.append(f"files of gist {page} after the first 300")
    parts = {"its description": (gist["description"] or "").encode("utf-8", "replace")}
    for path, file in gist["files"].items():
        if file["truncated"] and file["size"] > _LARGEST:
            search.searched.not_looked_at.append(f"{path} of gist {page}: larger than {_LARGEST >> 20} MB")
        else:
            parts[path] = _content(gist["id"], file)
    for part in parts.items():
        if part not in known:
            known.add(part)
            path, content = part
            search.note("gist", page, content, ", ".join(filter(None, (path, when))))


def _content(name: str, file: dict[str, Any]) -> bytes:
    if file["truncated"]:
        return answered(f"GET gists/{name}", lambda: download(file["raw_url"], f"/gists/{name}"))
    if file.get("encoding") == "base64":
        return base64.b64decode(file["content"])
    return str(file["content"]).encode("utf-8", "replace")
