"""The Flask application, and the thread that serves it."""

import secrets
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server

from responder.sandbox.github.errors import ApiError, not_found
from responder.sandbox.github.git_store import GitStore
from responder.sandbox.github.requests import Api
from responder.sandbox.github.routes import (
    alerts,
    branch_policies,
    company,
    credentials,
    deployments,
    environments,
    gists,
    git,
    graphql,
    guards,
    history,
    issues,
    leaks,
    logs,
    organization,
    pages,
    repositories,
    runs,
    search,
    talk,
    teams,
    vaults,
    ways_in,
    workflows,
)
from responder.sandbox.github.shapes import moment

POLL = 0.02  # seconds; how long `stop` waits for the accepting loop


def application(api: Api, world: Callable[[], dict[str, Any]], store: GitStore) -> Flask:
    app = Flask("responder.sandbox.github", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    for blueprint in (
        credentials.blueprint(api),
        repositories.blueprint(api),
        environments.blueprint(api),
        branch_policies.blueprint(api),
        *vaults.blueprints(api),
        organization.blueprint(api),
        workflows.blueprint(api),
        runs.blueprint(api),
        deployments.blueprint(api),
        issues.blueprint(api),
        leaks.blueprint(api),
        alerts.blueprint(api),
        logs.blueprint(api),
        search.blueprint(api),
        pages.blueprint(api),
        ways_in.blueprint(api),
        guards.blueprint(api),
        history.blueprint(api),
        teams.blueprint(api),
        company.blueprint(api),
        git.blueprint(api, store),
        gists.blueprint(api),
        graphql.blueprint(api),
        talk.blueprint(api),
    ):
        app.register_blueprint(blueprint)

    @app.get("/_sandbox/world")
    def ground_truth() -> Response:
        return jsonify(world())

    @app.before_request
    def authenticate() -> None:
        if not _is_open(request.path) and request.blueprint != git.NAME:  # which asks for a password
            api.authenticate()

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers["X-GitHub-Request-Id"] = secrets.token_hex(16).upper()
        if g.get("login"):
            response.headers["X-OAuth-Scopes"] = ", ".join(g.scopes)
            if g.expires_at is not None:
                expiry = moment(g.expires_at).replace("T", " ").replace("Z", " UTC")
                response.headers["GitHub-Authentication-Token-Expiration"] = expiry
        return response

    @app.errorhandler(ApiError)
    def refuse(error: ApiError) -> tuple[Response, int]:
        return jsonify(error.body()), error.status

    @app.errorhandler(HTTPException)
    def unknown(_error: HTTPException) -> tuple[Response, int]:
        return jsonify(not_found().body()), 404

    return app


def _is_open(path: str) -> bool:
    return path.startswith("/_sandbox/") or path == "/credentials/revoke"


def one_at_a_time(app: WSGIApplication, changed: threading.Condition) -> WSGIApplication:
    """Each request sees and leaves a state that nobody else is changing."""

    def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with changed:
            answer = app(environ, start_response)
            changed.notify_all()
            return answer

    return guarded


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Addresses can hold tickets; they go nowhere."""


class Server:
    """Serves on 127.0.0.1 until closed.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, app: WSGIApplication, port: int) -> None:
        # Bound here, because werkzeug exits the process where a port is taken.
        with socket.create_server(("127.0.0.1", port)) as bound:
            self._server = make_server(
                "127.0.0.1", port, app, threaded=True, request_handler=_Quiet, fd=bound.fileno()
            )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL,), name="github-plane", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
