"""Gists, with what they were before: each is a repository of its own.

https://docs.github.com/rest/gists/gists
"""

import base64
from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from responder.sandbox.github.errors import not_found
from responder.sandbox.github.leaks import Gist
from responder.sandbox.github.requests import Api, paged
from responder.sandbox.github.shapes import moment, node_id

GIST_FILE = 1024 * 1024  # bytes of a file that the answer has


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("gists", __name__)

    @routes.get("/gists")
    def own() -> Response:
        """Who asks, and whose token has the scope for it, is shown the secret ones, too."""
        login = api.caller().login
        here = [one for one in api.state.gists.values() if one.login == login]
        return _listed(api, [one for one in here if one.public or "gist" in g.scopes])

    @routes.get("/users/<login>/gists")
    def gists(login: str) -> Response:
        owner = api.state.user(login).login
        return _listed(api, [one for one in api.state.gists.values() if one.login == owner and one.public])

    @routes.get("/gists/<gist_id>")
    def gist(gist_id: str) -> Response:
        return jsonify(_gist(api, _versions(api, gist_id)[0]))

    @routes.get("/gists/<gist_id>/commits")
    def versions(gist_id: str) -> Response:
        return paged([_version(api, one) for one in _versions(api, gist_id)])

    @routes.get("/gists/<gist_id>/<version>")
    def earlier(gist_id: str, version: str) -> Response:
        return jsonify(_gist(api, _at(api, gist_id, version)))

    @routes.get("/_sandbox/gists/<gist_id>/<version>/<path:name>")
    def raw_gist(gist_id: str, version: str, name: str) -> Response:
        """No token is needed: the address itself is the secret."""
        files = _at(api, gist_id, version).files
        if name not in files:
            raise not_found()
        return Response(files[name], mimetype="text/plain")

    return routes


def _listed(api: Api, gists: Iterable[Gist]) -> Response:
    """The newest first, without what is in their files."""
    since = request.args.get("since", "")
    newest = sorted(gists, key=lambda one: one.at, reverse=True)
    return paged([_listed_gist(api, one) for one in newest if moment(one.at) >= since])


def _versions(api: Api, gist_id: str) -> list[Gist]:
    """The newest first."""
    if gist_id not in api.state.gists:
        raise not_found()
    gist = api.state.gists[gist_id]
    return [gist, *gist.earlier]


def _at(api: Api, gist_id: str, version: str) -> Gist:
    for one in _versions(api, gist_id):
        if one.version == version:
            return one
    raise not_found()


def _version(api: Api, gist: Gist) -> dict[str, Any]:
    return {
        "url": f"{api.shapes.base}/gists/{gist.id}/{gist.version}",
        "version": gist.version,
        "user": api.shapes.user(api.state.user(gist.login)),
        "change_status": {"total": len(gist.files), "additions": len(gist.files), "deletions": 0},
        "committed_at": moment(gist.at),
    }


def _gist(api: Api, gist: Gist) -> dict[str, Any]:
    url, html = f"{api.shapes.base}/gists/{gist.id}", f"{api.shapes.base}/gist/{gist.id}"
    return {
        "url": url,
        **{f"{what}_url": f"{url}/{what}" for what in ("forks", "commits", "comments")},
        "id": gist.id,
        "node_id": node_id("Gist", int(gist.id[:12], 16)),
        "git_pull_url": f"{html}.git",
        "git_push_url": f"{html}.git",
        "html_url": html,
        "files": {name: _gist_file(api, gist, name) for name in gist.files},
        "public": gist.public,
        "created_at": moment(gist.at),
        "updated_at": moment(gist.at),
        "description": gist.description,
        "comments": 0,
        "user": None,
        "owner": api.shapes.user(api.state.user(gist.login)),
        "truncated": False,
        "forks": [],
        "history": [_version(api, one) for one in (gist, *gist.earlier)],
    }


def _listed_gist(api: Api, gist: Gist) -> dict[str, Any]:
    whole = _gist(api, gist)
    left_out = ("truncated", "content", "encoding")
    files = {
        name: {key: value for key, value in file.items() if key not in left_out}
        for name, file in whole["files"].items()
    }
    return {**{key: value for key, value in whole.items() if key not in ("forks", "history")}, "files": files}


def _gist_file(api: Api, gist: Gist, name: str) -> dict[str, Any]:
    """Of a large file only the beginning: https://docs.github.com/rest/gists/gists#truncation."""
    data = gist.files[name]
    told = data[:GIST_FILE]
    text = b"\0" not in data
    return {
        "filename": name,
        "type": "text/plain",
        "raw_url": f"{api.shapes.base}/_sandbox/gists/{gist.id}/{gist.version}/{name}",
        "size": len(data),
        "truncated": len(data) > GIST_FILE,
        "content": told.decode("utf-8", "ignore") if text else base64.b64encode(told).decode(),
        "encoding": "utf-8" if text else "base64",
    }
