"""Public gists of the people of an organisation, or of whoever has the repository.

Secret gists are in no list but their owner's own: https://docs.github.com/rest/gists/gists
"""

import base64
from typing import Any, Final

from responder.providers.github.answers import answered
from responder.providers.github.download import download
from responder.providers.github.search import Search

_MOST_PEOPLE: Final = 200
_MOST_GISTS: Final = 200
_LARGEST: Final = 10 * 1024 * 1024  # bytes; GitHub gives larger files only to who clones the gist


def gists(search: Search, owner: dict[str, Any]) -> None:
    """Of the time in question, as they are now: what was taken out again is in none of their answers."""
    people = [owner["login"]]
    if owner["type"] == "Organization":
        people = [one["login"] for one in search.paged(f"/orgs/{owner['login']}/members?")]
    if len(people) > _MOST_PEOPLE:
        search.searched.not_looked_at.append(f"gists of {len(people) - _MOST_PEOPLE} of {len(people)} people")
    asked: list[str] = []
    for login in people[:_MOST_PEOPLE]:
        search.later(f"the gists of {login}", _of_person, search, login, asked)
    known = f"people of {owner['login']}: {len(people[:_MOST_PEOPLE])}"
    search.searched.looked_at.append(f"public gists changed since {search.since} ({known})")


def _of_person(search: Search, login: str, asked: list[str]) -> None:
    for gist in search.paged(f"/users/{login}/gists?since={search.since}&"):
        asked.append(gist["id"])
        if len(asked) > _MOST_GISTS:
            search.searched.not_looked_at.append(f"gists after the first {_MOST_GISTS}, of {login}")
            return
        search.later(f"gist {gist['id']} of {login}", _gist, search, gist["id"])


def _gist(search: Search, name: str) -> None:
    gist = search.get(f"/gists/{name}")
    page = gist["html_url"]
    if gist["truncated"]:
        search.searched.not_looked_at.append(f"files of gist {page} after the first 300")
    search.note("gist", page, gist["description"] or "", "its description")
    for path, file in gist["files"].items():
        if file["truncated"] and file["size"] > _LARGEST:
            search.searched.not_looked_at.append(f"{path} of gist {page}: larger than {_LARGEST >> 20} MB")
        else:
            search.note("gist", page, _content(name, file), path)


def _content(name: str, file: dict[str, Any]) -> bytes:
    if file["truncated"]:
        return answered(f"GET gists/{name}", lambda: download(file["raw_url"], f"/gists/{name}"))
    if file.get("encoding") == "base64":
        return base64.b64decode(file["content"])
    return str(file["content"]).encode("utf-8", "replace")
