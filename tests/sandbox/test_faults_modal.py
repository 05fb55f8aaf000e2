"""Bad weather at Modal, and what its own client makes of it: it tries four times, with the same request."""

import time

import grpclib
import modal
import pytest
from modal import exception

from responder.sandbox.faults import Faults, read_rule
from responder.sandbox.modal import ModalPlane

pytest_plugins = ("modal_world",)


@pytest.fixture
def users(modal_world):
    """The real client's, with its workspace looked up in fair weather."""
    users = modal_world.workspace(modal_world.ada).service_users
    users.list()
    return users


def names(modal_world):
    return sorted(user["name"] for user in modal_world.plane.world()["service_users"])


OLD = ["ci-dev", "ci-prod"]


@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        ("500", exception.InternalError),
        ("502", exception.ServiceError),
        ("503", exception.ServiceError),
        ("504", exception.ServiceError),
    ],
)
def test_an_error_outlasts_the_clients_three_retries_and_nothing_is_done(
    modal_world, users, weather, faults, kind, raised
):
    weather(f"modal:ServiceUserCreate:{kind}*4")
    with pytest.raises(raised):
        users.create("ci-new", expires_in=None)
    assert names(modal_world) == OLD
    assert faults.world()[0]["happened"] == 4
    users.create("ci-new", expires_in=None)


def test_three_errors_are_not_noticed_by_who_uses_the_client(modal_world, users, weather):
    weather("modal:ServiceUserCreate:503*3")
    users.create("ci-new", expires_in=None)
    assert names(modal_world) == [*OLD[:1], "ci-new", *OLD[1:]]


def test_exhaustion_with_a_delay_is_waited_out_by_the_client(
    modal_world, users, weather, faults, monkeypatch
):
    monkeypatch.delenv("MODAL_MAX_THROTTLE_WAIT", raising=False)  # which `respond` sets for its process
    weather("modal:exhausted=0.3*2")
    start = time.monotonic()
    users.list()
    assert time.monotonic() - start >= 0.6
    assert faults.world()[0]["happened"] == 2


def test_exhaustion_hands_its_delay_to_a_client_that_does_not_wait(users, weather, monkeypatch):
    monkeypatch.setenv("MODAL_MAX_THROTTLE_WAIT", "0")
    weather("modal:exhausted=7")
    with pytest.raises(exception.ResourceExhaustedError) as exhausted:
        users.list()
    (policy,) = exhausted.value._grpc_details
    assert policy.retry_after_secs == 7


@pytest.mark.parametrize("kind", ["exhausted", "429"])
def test_exhaustion_without_a_delay_is_not_retried(users, weather, faults, kind):
    weather(f"modal:{kind}")
    with pytest.raises(exception.ResourceExhaustedError) as exhausted:
        users.list()
    assert not exhausted.value._grpc_details
    assert faults.world()[0]["happened"] == 1


def test_a_reset_comes_before_anything_is_done(modal_world, users, weather):
    weather("modal:ServiceUserCreate:reset*4")
    with pytest.raises(grpclib.exceptions.StreamTerminatedError):
        users.create("ci-new", expires_in=None)
    assert names(modal_world) == OLD


def test_a_lost_reply_to_a_creation_comes_back_as_already_exists_with_the_secret_lost(
    modal_world, users, weather, faults
):
    weather("modal:ServiceUserCreate:lost-reply*1")
    with pytest.raises(exception.AlreadyExistsError):
        users.create("ci-new", expires_in=None)
    assert names(modal_world) == [*OLD[:1], "ci-new", *OLD[1:]]
    assert faults.world()[0]["happened"] == 1


def test_lost_replies_to_every_try_end_in_a_broken_connection(modal_world, users, weather):
    weather("modal:ServiceUserDelete:lost-reply")
    with pytest.raises(grpclib.exceptions.StreamTerminatedError):
        users.delete("ci-dev", allow_missing=False)
    assert names(modal_world) == ["ci-prod"]


@pytest.mark.parametrize("kind", ["stall=0.3", "slow-body=0.3"])
def test_a_late_answer_is_a_whole_one(modal_world, users, weather, kind):
    weather(f"modal:ServiceUserCreate:{kind}*1")
    start = time.monotonic()
    token = users.create("ci-new", expires_in=None)
    assert time.monotonic() - start >= 0.3
    issued = {t["token_id"]: t for t in modal_world.plane.world()["tokens"]}
    assert issued[token.token_id]["token_secret"] == token.token_secret


def test_a_service_that_is_down_breaks_what_is_connected_and_comes_up_at_the_same_port(
    modal_world, users, weather, faults
):
    weather("modal:down")
    with pytest.raises(exception.ConnectionError):
        users.list()
    faults.clear()
    assert sorted(user.name for user in users.list()) == OLD
    modal_world.client(modal_world.ada).hello()


def test_a_plane_that_is_down_stops_like_any_other(modal_seed):
    faults = Faults([read_rule("modal:down")])
    plane = ModalPlane(faults=faults)
    port = int(plane.start().rpartition(":")[2])
    modal_seed(plane)
    plane.stop()
    faults.clear()
    plane.start(port)
    plane.stop()


def test_latency_delays_every_answer(modal_seed, monkeypatch):
    plane = ModalPlane(faults=Faults(latency=0.1))
    monkeypatch.setenv("MODAL_SERVER_URL", plane.start())
    tokens = modal_seed(plane)
    client = modal.Client.from_credentials(tokens["ada"].token_id, tokens["ada"].token_secret)
    start = time.monotonic()
    client.hello()
    assert time.monotonic() - start >= 0.1
    client.close()
    plane.stop()
