"""Where people look for what leaked: code search, and the list of issues.

https://docs.github.com/rest/search/search#search-code: default branches, files below 384 KB, whole words.
"""

import re
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request

from responder.sandbox.github.errors import unprocessable
from responder.sandbox.github.requests import Api, page
from responder.sandbox.github.routes.leaks import issue_shape
from responder.sandbox.github.state import Repository, blob_sha

LARGEST = 384 * 1024  # bytes
NOT_SEARCHABLE = (
    "The listed users and repositories cannot be searched either because the resources do not exist or you "
    "do not have permission to view them."
)
_QUALIFIER = re.compile(r"\b(org|user|repo):(\S+)")


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("search", __name__)

    @routes.get("/repos/<owner>/<name>/issues")
    def issues(owner: str, name: str) -> Response:
        """The newest first. Issues here do not change, so `since` leaves none out."""
        repository = api.repository(owner, name)
        shown, headers = page(sorted(repository.issues, reverse=True))
        response = jsonify([issue_shape(api, repository, number) for number in shown])
        response.headers.update(headers)
        return response

    @routes.get("/search/code")
    def code() -> Response:
        login = api.caller().login
        asked = request.args.get("q", "")
        scopes = _QUALIFIER.findall(asked)
        words = [word.strip('"') for word in re.findall(r'"[^"]+"|\S+', _QUALIFIER.sub("", asked))]
        if not words:
            raise unprocessable("ERROR_TYPE_QUERY_PARSING_FATAL unable to parse query!")
        readable = [one for one in api.state.repositories.values() if one.allows(login, "read")]
        within = [one for one in readable if not scopes or any(_within(one, *scope) for scope in scopes)]
        if scopes and not within:
            raise unprocessable(NOT_SEARCHABLE)
        found = [
            (repository, path, data)
            for repository in within
            for path, data in sorted(repository.branches[repository.default_branch].files.items())
            if len(data) < LARGEST and all(_has(data, word) for word in words)
        ]
        shown, headers = page(found)
        items = [_item(api, *one) for one in shown]
        response = jsonify({"total_count": len(found), "incomplete_results": False, "items": items})
        response.headers.update(headers)
        return response

    return routes


def _within(repository: Repository, kind: str, name: str) -> bool:
    owner = repository.full_name.partition("/")[0]
    return name == (repository.full_name if kind == "repo" else owner)


def _has(data: bytes, word: str) -> bool:
    return re.search(rb"\b" + re.escape(word.encode()) + rb"\b", data, re.IGNORECASE) is not None


def _item(api: Api, repository: Repository, path: str, data: bytes) -> dict[str, Any]:
    base, sha = api.shapes.repository_url(repository), blob_sha(data)
    head = repository.branches[repository.default_branch].sha
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "url": f"{base}/contents/{quote(path)}?ref={head}",
        "git_url": f"{base}/git/blobs/{sha}",
        "html_url": f"{api.shapes.base}/{repository.full_name}/blob/{head}/{quote(path)}",
        "repository": api.shapes.minimal_repository(repository, api.owner(repository)),
        "score": 1.0,
    }
