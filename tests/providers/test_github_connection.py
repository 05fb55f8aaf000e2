import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from responder.action import Connections
from responder.errors import (
    ConflictError,
    DeniedError,
    InputError,
    NotFoundError,
    RejectedError,
    TransientError,
    UnauthenticatedError,
    UnreachableError,
)
from responder.providers.github.connection import GithubConnection, GithubServer, operator_token_fingerprint
from responder.sandbox.github.server import Server
from responder.secret import Secret

TOKEN = "ghp_canaryOfTheConnectionTests0000000000"


class Canned:
    """Answers every request with the same status, message and headers, and counts them."""

    def __init__(self, status, message="Nope", **headers):
        self.asked = []
        self._answer = status, message, [(name.replace("_", "-"), value) for name, value in headers.items()]
        self._server = Server(self._app, 0)
        self.connection = GithubConnection(self._server.url, Secret(TOKEN))

    def _app(self, environ, start_response):
        self.asked.append(environ["REQUEST_METHOD"])
        status, message, headers = self._answer
        start_response(f"{status} Canned", [("Content-Type", "application/json"), *headers])
        body = {"message": message, "echo": "canary of the body"}
        return [json.dumps(body).encode()]

    def ask(self, method="GET"):
        operation = f"{method} /repos/a/b"
        self.connection.ask(
            operation, lambda github: github.requester.requestJsonAndCheck(method, "/repos/a/b")
        )

    def close(self):
        self.connection.close()
        self._server.close()


def refusal(kind, *answer, method="GET", **headers):
    with closing(Canned(*answer, **headers)) as github, pytest.raises(kind) as caught:
        github.ask(method)
    return caught.value


def test_without_a_token_it_says_what_to_set():
    with pytest.raises(UnauthenticatedError) as caught:
        Connections({}).get(GithubConnection)
    assert "GITHUB_TOKEN" in caught.value.next_step
    assert caught.value.state == "GitHub was asked nothing."


@pytest.mark.parametrize("url", ["http://github.example.com/api/v3", "github.example.com", "ftp://127.0.0.1"])
def test_the_token_never_travels_in_clear(url):
    with pytest.raises(InputError, match="https"):
        GithubConnection.connect({"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": url})


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("", True),
        ("https://api.github.com/", True),
        ("http://127.0.0.1:7702", True),
        ("https://github.example.com/api/v3", False),
        ("https://api.github.com.example.com", False),
        ("https://api.acme.ghe.com", False),
    ],
)
def test_only_github_com_and_a_sandbox_know_every_token_of_github_com(url, known):
    assert GithubServer.connect({"GITHUB_API_URL": url}).is_github_com is known


def test_the_operator_is_known_without_asking_github():
    connections = Connections({"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": "http://127.0.0.1:9"})
    assert operator_token_fingerprint(connections) == Secret(TOKEN).fingerprint


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RejectedError),
        (401, UnauthenticatedError),
        (403, DeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (422, RejectedError),
        (500, TransientError),
        (503, TransientError),
    ],
)
def test_every_refusal_has_its_kind_and_the_name_of_the_exchange(status, kind):
    error = refusal(kind, status, X_GitHub_Request_Id="ABCD:1")
    assert type(error) is kind
    assert (error.provider, error.operation, error.request_id) == ("github", "GET /repos/a/b", "ABCD:1")
    assert "Nope" in error.what


def test_a_refusal_tells_the_message_and_nothing_else_of_the_answer():
    error = refusal(RejectedError, 422, f"Invalid {TOKEN} \n of " + "x" * 500)
    assert "canary" not in error.what
    assert "\n" not in error.what
    assert len(error.what) < 400
    assert error.__cause__ is None
    assert error.__context__ is None


def test_a_denial_names_the_permission_that_is_missing():
    error = refusal(DeniedError, 403, X_Accepted_GitHub_Permissions="environments=write")
    assert "environments=write" in error.next_step


@pytest.mark.parametrize(
    ("status", "message", "headers", "seconds"),
    [
        (429, "Too many", {"Retry_After": "7"}, 7),
        (403, "You have exceeded a secondary rate limit.", {"Retry_After": "90"}, 90),
        (403, "You have exceeded a secondary rate limit.", {}, 60),
        (503, "Unavailable", {"Retry_After": "5"}, 5),
    ],
)
def test_a_limit_is_raised_at_once_with_the_time_that_github_names(status, message, headers, seconds):
    error = refusal(TransientError, status, message, **headers)
    assert error.retry_after == seconds


def test_the_hourly_limit_is_raised_at_once_with_the_time_until_its_reset():
    headers = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": str(int(time.time()) + 600)}
    error = refusal(TransientError, 403, "API rate limit exceeded for user ID 1.", **headers)
    assert error.retry_after == pytest.approx(600, abs=5)


def test_what_changes_something_is_sent_once():
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        with closing(Canned(502)) as github, pytest.raises(TransientError):
            github.ask(method)
        assert github.asked == [method]


def test_a_look_is_repeated_a_little():
    with closing(Canned(502)) as github, pytest.raises(TransientError):
        github.ask()
    assert github.asked == ["GET"] * 3


def test_where_nothing_listens_github_is_unreachable():
    github = Canned(200)
    github.close()
    with pytest.raises(UnreachableError, match="No answer"):
        github.ask()


def test_the_client_says_nothing_by_itself(capfd, caplog):
    caplog.set_level(logging.DEBUG)
    with closing(Canned(200)) as github:
        github.ask("POST")
    assert not capfd.readouterr().err
    assert not [record for record in caplog.records if record.name.startswith("github")]


def test_many_threads_get_their_own_answers():
    def echo(environ, start_response):
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"login": environ["PATH_INFO"]}).encode()]

    with closing(Server(echo, 0)) as server:
        connection = GithubConnection(server.url, Secret(TOKEN))

        def ask(number):
            path = f"/users/{number}"
            return connection.ask(path, lambda github: github.requester.requestJsonAndCheck("GET", path)[1])

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(64)))
        connection.close()
    assert [answer["login"] for answer in answers] == [f"/users/{number}" for number in range(64)]
