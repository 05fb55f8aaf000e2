"""Whose token is used, how long a call may take, and what is said when it fails."""

import logging
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from modal_proto import api_pb2
from modal_stranger import stranger

from responder.action import Connections
from responder.errors import (
    ConflictError,
    DeniedError,
    NotFoundError,
    RejectedError,
    TransientError,
    UnauthenticatedError,
    UnreachableError,
)
from responder.providers.modal.connection import ModalConnection, operator_token_id
from responder.providers.modal.workspace import service_user_of, whoami
from responder.secret import Secret

pytest_plugins = ("modal_operator",)


def test_the_mapping_is_believed_and_the_process_environment_is_not(modal_operator, monkeypatch):
    monkeypatch.setenv("MODAL_SERVER_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("MODAL_TOKEN_ID", modal_operator.sam.token_id)
    monkeypatch.setenv("MODAL_TOKEN_SECRET", modal_operator.sam.token_secret)
    connections = modal_operator.connections()
    assert whoami(connections) == "member ada in workspace rentagpu"
    assert operator_token_id(connections) == modal_operator.ada.token_id


def test_a_service_user_is_told_from_a_member(modal_operator):
    connections = modal_operator.connections(modal_operator.ci_prod)
    assert whoami(connections) == "service user ci-prod in workspace rentagpu"


def test_without_variables_the_active_profile_is_used(modal_operator, tmp_path):
    sam = modal_operator.sam
    profiles = tmp_path / "modal.toml"
    profiles.write_text(
        '[other]\ntoken_id = "ak-other"\ntoken_secret = "as-other"\n'
        f'[work]\nactive = true\nserver_url = "{modal_operator.url}"\n'
        f'token_id = "{sam.token_id}"\ntoken_secret = "{sam.token_secret}"\n'
    )
    connections = Connections({"MODAL_CONFIG_PATH": str(profiles)})
    assert whoami(connections) == "member sam in workspace rentagpu"
    connections.close()
    named = Connections({"MODAL_CONFIG_PATH": str(profiles), "MODAL_PROFILE": "other"})
    assert operator_token_id(named) == "ak-other"
    named.close()


def test_an_id_is_never_paired_with_the_secret_of_another_place(tmp_path):
    profiles = tmp_path / "modal.toml"
    profiles.write_text('[default]\ntoken_id = "ak-profile"\ntoken_secret = "as-profile"\n')
    half = Connections({"MODAL_CONFIG_PATH": str(profiles), "MODAL_TOKEN_ID": "ak-variable"})
    with pytest.raises(UnauthenticatedError, match="half a token"):
        half.get(ModalConnection)


def test_a_broken_profile_is_reported_without_quoting_it(tmp_path):
    profiles = tmp_path / "modal.toml"
    profiles.write_text("[default]\ntoken_secret = as-unquotedSecretValue\n")
    with pytest.raises(RejectedError) as refused:
        Connections({"MODAL_CONFIG_PATH": str(profiles)}).get(ModalConnection)
    assert str(profiles) in refused.value.what
    assert "unquoted" not in refused.value.what


def test_an_address_that_makes_no_sense_is_named(modal_operator):
    with pytest.raises(RejectedError, match=r"api\.modal\.com is no address"):
        modal_operator.connections(MODAL_SERVER_URL="api.modal.com").get(ModalConnection)


def test_a_refused_connection_is_known_at_once(modal_operator):
    connection = modal_operator.connections(MODAL_SERVER_URL="http://127.0.0.1:1").get(ModalConnection)
    began = time.monotonic()
    with pytest.raises(UnreachableError):
        connection.hello()
    assert time.monotonic() - began < 2


def test_a_server_that_says_nothing_is_given_up_at_the_deadline(modal_operator):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        connection = modal_operator.connections(MODAL_SERVER_URL=url).get(ModalConnection)
        began = time.monotonic()
        with pytest.raises(UnreachableError, match=r"no answer within 0\.3 s"):
            connection.run("ClientHello", connection.client.hello.aio, deadline=0.3)
        assert 0.25 < time.monotonic() - began < 2


def test_a_server_that_went_away_is_unreachable(modal_operator):
    connection = modal_operator.connection()
    connection.hello()
    modal_operator.plane.stop()
    with pytest.raises(UnreachableError):
        connection.hello()


def test_a_throttled_call_fails_at_once_and_says_for_how_long():
    def throttle(_request):
        raise GRPCError(Status.RESOURCE_EXHAUSTED, "slow down", [api_pb2.RPCRetryPolicy(retry_after_secs=7)])

    with stranger(ClientHello=throttle) as connections:
        began = time.monotonic()
        with pytest.raises(TransientError) as throttled:
            connections.get(ModalConnection).hello()
        assert throttled.value.retry_after == 7
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.UNAUTHENTICATED, UnauthenticatedError),
        (Status.PERMISSION_DENIED, DeniedError),
        (Status.NOT_FOUND, NotFoundError),
        (Status.ALREADY_EXISTS, ConflictError),
        (Status.FAILED_PRECONDITION, ConflictError),
        (Status.INVALID_ARGUMENT, RejectedError),
        (Status.UNIMPLEMENTED, RejectedError),
        (Status.RESOURCE_EXHAUSTED, TransientError),
        (Status.UNAVAILABLE, TransientError),
        (Status.INTERNAL, TransientError),
    ],
)
def test_every_answer_of_the_service_is_one_of_our_errors_without_the_secret_in_it(status, expected):
    secret = Secret("as-secretThatTheServiceEchoes")

    def fail(_request):
        raise GRPCError(status, f"you sent {secret.reveal()}")

    with stranger(ClientHello=fail) as connections, pytest.raises(expected) as failed:
        connections.get(ModalConnection).hello()
    assert type(failed.value) is expected
    assert failed.value.what == "ClientHello: you sent [secret]"
    assert failed.value.__cause__ is None


def test_many_threads_share_one_connection_from_its_first_use(modal_operator):
    connections = modal_operator.connections()
    token_id = modal_operator.ci_prod.token_id
    with ThreadPoolExecutor(24) as pool:
        found = list(
            pool.map(lambda _: service_user_of(connections.get(ModalConnection), token_id).name, range(48))
        )
    assert found == ["ci-prod"] * 48


def test_no_sdk_is_imported_to_list_the_actions():
    script = (
        "import sys; from responder.action import Actions; "
        "assert any(name.startswith('modal.') for name in Actions()); "
        "print(sorted({'modal', 'modal_proto', 'cbor2'} & set(sys.modules)))"
    )
    listed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert listed.stdout.strip() == "[]"


def test_no_header_is_logged_whatever_the_level(modal_operator, caplog):
    caplog.set_level(logging.DEBUG)
    modal_operator.connection().hello()
    assert modal_operator.ada.token_secret not in caplog.text
