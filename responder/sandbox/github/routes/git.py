"""Repositories, their wikis and gists over git's smart HTTP, read by git's own `http-backend`.

https://git-scm.com/docs/http-protocol, https://git-scm.com/docs/git-http-backend
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from flask import Blueprint, Response, g, request

from responder.sandbox.github.errors import ApiError, not_found
from responder.sandbox.github.git_store import GitStore
from responder.sandbox.github.requests import Api
from responder.sandbox.github.state import Repository

NAME = "git"
_REALM = {"WWW-Authenticate": 'Basic realm="GitHub"'}
# What GitHub says to git, which shows it to people as "remote: …".
_SAID = {
    401: "Invalid username or token. Password authentication is not supported for Git operations.",
    403: "Write access to repository not granted.",
    404: "Repository not found.",
}


def blueprint(api: Api, store: GitStore) -> Blueprint:
    routes = Blueprint(NAME, __name__)

    @routes.before_request
    def authenticate() -> None:
        """By password, which is a token, whatever the name; without one, git is asked for it."""
        g.login = None
        if request.authorization is None:
            raise ApiError(401, "")
        api.authenticate()

    @routes.errorhandler(ApiError)
    def refuse(error: ApiError) -> tuple[str, int, Mapping[str, str]]:
        realm = _REALM if error.status == 401 else {}  # noqa: PLR2004
        said = _SAID.get(error.status, error.message)
        return f"{said}\n", error.status, {"Content-Type": "text/plain; charset=utf-8", **realm}

    @routes.get("/<owner>/<name>/info/refs")
    def refs(owner: str, name: str) -> Response:
        if request.args.get("service") == "git-receive-pack":
            raise ApiError(403, "")
        return _served(store.put(_named(api, owner, name)), "/info/refs")

    @routes.post("/<owner>/<name>/git-upload-pack")
    def upload_pack(owner: str, name: str) -> Response:
        return _served(store.put(_named(api, owner, name)), "/git-upload-pack")

    return routes


def _named(api: Api, owner: str, name: str) -> Repository:
    """A wiki may be read by who may read its repository."""
    name = name.removesuffix(".git")
    repository = api.repository(owner, name.removesuffix(".wiki"))
    if not name.endswith(".wiki"):
        return repository
    if repository.wiki is None:
        raise not_found()
    return repository.wiki


def _served(folder: Path, path: str) -> Response:
    done = subprocess.run(
        ["git", "http-backend"],
        input=request.get_data(),
        capture_output=True,
        check=True,
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "GIT_PROJECT_ROOT": str(folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "PATH_INFO": path,
            "QUERY_STRING": request.query_string.decode(),
            "REQUEST_METHOD": request.method,
            "CONTENT_TYPE": request.content_type or "",
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "REMOTE_USER": g.login,
        },
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    status = int(headers.pop("Status", "200").split(" ")[0])
    return Response(body, status, headers)
