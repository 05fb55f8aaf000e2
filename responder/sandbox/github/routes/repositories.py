"""Users, repositories, branches and files."""

import base64
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, g, jsonify, request

from responder.sandbox.github.errors import ApiError, not_found
from responder.sandbox.github.leaks import files_at
from responder.sandbox.github.requests import Api, page
from responder.sandbox.github.state import Branch, Repository, blob_sha

LINE = 60  # GitHub breaks base64 into lines of this many characters


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("repositories", __name__)

    @routes.get("/user")
    def user() -> Response:
        """No app is a user.

        https://github.com/actions/create-github-app-token/issues/258
        """
        if g.installation:
            raise ApiError(403, "Resource not accessible by integration")
        return jsonify(api.shapes.full_user(api.caller()))

    @routes.get("/users/<login>")
    def user_by_login(login: str) -> Response:
        return jsonify(api.shapes.full_user(api.state.user(login)))

    @routes.get("/repos/<owner>/<name>")
    def repository(owner: str, name: str) -> Response:
        found = api.repository(owner, name)
        return jsonify(api.shapes.repository(found, api.owner(found), api.caller().login))

    @routes.get("/repos/<owner>/<name>/branches")
    def branches(owner: str, name: str) -> Response:
        found = api.repository(owner, name)
        wanted = {"true": True, "false": False}.get(request.args.get("protected", ""))
        every = sorted(found.branches.values(), key=lambda branch: branch.name)
        shown, headers = page([one for one in every if wanted in (None, one.protected)])
        response = jsonify([api.shapes.short_branch(found, branch) for branch in shown])
        response.headers.update(headers)
        return response

    @routes.get("/repos/<owner>/<name>/branches/<path:branch>")
    def branch_by_name(owner: str, name: str, branch: str) -> Response:
        found = api.repository(owner, name)
        return jsonify(api.shapes.branch(found, _branch(found, branch)))

    @routes.get("/repos/<owner>/<name>/contents/")
    @routes.get("/repos/<owner>/<name>/contents/<path:path>")
    def contents(owner: str, name: str, path: str = "") -> Response:
        found = api.repository(owner, name)
        branch = _tree(found, request.args.get("ref", found.default_branch))
        url = api.shapes.repository_url(found)
        if path in branch.files:
            return jsonify(_file(url, branch, path))
        return jsonify(_directory(url, branch, path))

    return routes


def _branch(repository: Repository, ref: str) -> Branch:
    branch = repository.branch(ref)
    if branch is None:
        raise not_found()
    return branch


def _tree(repository: Repository, ref: str) -> Branch:
    """Also of a commit, which is shown as if it were a branch of that name."""
    files = files_at(repository, ref)
    if files is None:
        raise not_found()
    return Branch(ref, dict(files))


def _file(url: str, branch: Branch, path: str) -> dict[str, Any]:
    encoded = base64.b64encode(branch.files[path]).decode()
    lines = [encoded[at : at + LINE] for at in range(0, len(encoded), LINE)]
    return {
        **_entry(url, branch, path, "file"),
        "content": "".join(f"{line}\n" for line in lines),
        "encoding": "base64",
    }


def _directory(url: str, branch: Branch, path: str) -> list[dict[str, Any]]:
    prefix = f"{path.strip('/')}/" if path.strip("/") else ""
    below = {file.removeprefix(prefix).partition("/") for file in branch.files if file.startswith(prefix)}
    kinds = {prefix + first: "dir" if slash else "file" for first, slash, _ in below}
    if not kinds:
        raise not_found()
    return [_entry(url, branch, entry, kind) for entry, kind in sorted(kinds.items())]


def _entry(url: str, branch: Branch, path: str, kind: str) -> dict[str, Any]:
    data = branch.files.get(path, b"")
    here = f"{url}/contents/{quote(path)}?ref={quote(branch.name)}"
    git = f"{url}/git/{'blobs' if kind == 'file' else 'trees'}/{blob_sha(data)}"
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "type": kind,
        "size": len(data),
        "sha": blob_sha(data),
        "url": here,
        "html_url": here,
        "git_url": git,
        "download_url": None,
        "_links": {"self": here, "html": here, "git": git},
    }
