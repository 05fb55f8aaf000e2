"""Bad weather at GitHub, and what PyGithub makes of it."""

import socket
import time

import pytest
import requests
from github import GithubException, RateLimitExceededException
from github_world import a_world
from werkzeug import Request, Response

from responder.sandbox.faults import Faults

pytest_plugins = ("bad_weather",)


@Request.application
def beside(_request):
    return Response("here")


@pytest.fixture(scope="module")
def github(faults):
    with a_world(faults=faults, mounts={"/_sandbox": beside}) as world:
        yield world


@pytest.fixture
def prod(github):
    """As PyGithub has it, fetched in fair weather."""
    return github.repository().get_environment("prod")


def secrets(github):
    return github.truth()["environments"]["prod"]["secrets"]


@pytest.mark.parametrize("kind", ["500", "502", "503", "504"])
def test_an_error_leaves_the_secret_as_it_was(github, weather, prod, kind):
    before = secrets(github)
    weather(f"github:PUT secrets:{kind}*2")
    for _ in range(2):
        with pytest.raises(GithubException) as refused:
            prod.create_secret("MODAL_TOKEN_ID", f"ak-{kind}")
        assert refused.value.status == int(kind)
    assert secrets(github) == before
    prod.create_secret("MODAL_TOKEN_ID", f"ak-{kind}")
    assert secrets(github)["MODAL_TOKEN_ID"]["value"] == f"ak-{kind}"


def test_too_many_requests_says_how_long_to_wait(github, weather):
    weather("github:429=2")
    with pytest.raises(GithubException) as limited:
        github.repository()
    assert (limited.value.status, limited.value.headers["retry-after"]) == (429, "2")


@pytest.mark.parametrize(("kind", "wait"), [("secondary-limit=5", "5"), ("secondary-limit", None)])
def test_pygithub_knows_the_secondary_limit_by_its_words(github, weather, kind, wait):
    weather(f"github:{kind}")
    with pytest.raises(RateLimitExceededException) as limited:
        github.repository()
    assert limited.value.status == 403
    assert limited.value.headers.get("retry-after") == wait


def test_a_reset_comes_before_anything_is_done(github, weather, prod):
    before = secrets(github)
    weather("github:PUT secrets:reset*1")
    with pytest.raises(requests.ConnectionError, match="Connection aborted"):
        prod.create_secret("MODAL_TOKEN_ID", "ak-never")
    assert secrets(github) == before


def test_a_lost_reply_to_a_secret_leaves_it_there(github, weather, prod):
    weather("github:PUT secrets:lost-reply*1")
    with pytest.raises(requests.ConnectionError, match="Connection aborted"):
        prod.create_secret("MODAL_TOKEN_ID", "ak-unheard")
    assert secrets(github)["MODAL_TOKEN_ID"]["value"] == "ak-unheard"


def test_a_lost_reply_to_a_dispatch_leaves_the_run_there(github, weather):
    weather("github:POST dispatches:lost-reply*1")
    with pytest.raises(requests.ConnectionError, match="Connection aborted"):
        github.dispatch("dev")
    (run,) = github.truth()["runs"]
    assert github.wait(run["id"])["conclusion"] == "success"


@pytest.mark.parametrize("kind", ["stall=0.3", "slow-body=0.3"])
def test_a_late_answer_is_a_whole_one(github, weather, prod, kind):
    weather(f"github:GET public-key:{kind}*1")
    start = time.monotonic()
    assert prod.get_public_key().key
    assert time.monotonic() - start >= 0.3


def test_a_service_that_is_down_still_answers_for_the_sandbox_itself(github, weather, faults):
    weather("github:down")
    with pytest.raises(requests.ConnectionError):
        github.repository()
    direct = requests.Session()
    direct.trust_env = False
    assert direct.get(f"{github.url}/_sandbox/faults", timeout=5).text == "here"
    host, port = github.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"GET /user HTTP/1.1\r\nHost: sandbox\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    faults.clear()
    assert github.repository().name == "executor"


def test_latency_delays_every_answer():
    with a_world(faults=Faults(latency=0.1)) as world:
        start = time.monotonic()
        world.repository()
        assert time.monotonic() - start >= 0.1
