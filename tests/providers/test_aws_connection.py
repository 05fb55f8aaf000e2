"""Whose credentials are used is decided by the environment that was given, and by nothing else."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from responder.action import Connections
from responder.errors import InputError, UnauthenticatedError
from responder.providers.aws import AwsConnection, operator_key_id, whoami

pytest_plugins = ("aws_account",)

MODULES = "from responder.action import Actions; import responder.providers.aws; list(Actions()._of('aws'))"


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without any AWS configuration; gives the paths that a test may fill."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }


def test_the_provider_is_imported_without_its_sdk():
    code = f"{MODULES}; import sys; sys.exit(sum(m in sys.modules for m in ('boto3', 'botocore')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_it_says_who_the_operator_is_and_what_it_signs_with(account, connections):
    assert whoami(connections) == "arn:aws:iam::222222222222:user/respond-operator"
    assert operator_key_id(connections) == account.admin.access_key_id


def test_the_given_environment_decides_and_not_that_of_the_process(account, bare, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEPROCESS0000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x" * 40)
    assert operator_key_id(Connections(account.environ())) == account.admin.access_key_id
    with pytest.raises(UnauthenticatedError):
        operator_key_id(Connections({**bare, "AWS_ENDPOINT_URL": account.url}))


@pytest.mark.parametrize("ask", [whoami, operator_key_id])
def test_without_credentials_it_says_what_to_set(account, bare, ask):
    with pytest.raises(UnauthenticatedError) as missing:
        ask(Connections({**bare, "AWS_ENDPOINT_URL": account.url}))
    assert "there are no credentials" in missing.value.what
    assert "AWS_PROFILE" in missing.value.next_step
    assert "AWS_ACCESS_KEY_ID" in missing.value.next_step


def test_a_profile_is_found_as_boto3_finds_it(account, bare, tmp_path):
    (tmp_path / "credentials").write_text(
        f"[oncall]\naws_access_key_id = {account.admin.access_key_id}\n"
        f"aws_secret_access_key = {account.admin.secret_access_key}\n"
    )
    environ = {**bare, "AWS_ENDPOINT_URL": account.url, "AWS_PROFILE": "oncall"}
    assert whoami(Connections(environ)).endswith("user/respond-operator")


def test_keys_in_the_environment_win_over_a_profile_as_with_boto3(account, bare, tmp_path):
    (tmp_path / "credentials").write_text(
        "[oncall]\naws_access_key_id = AKIAOFTHEPROFILE0000\naws_secret_access_key = secret-of-it\n"
    )
    environ = {**account.environ(), **bare, "AWS_PROFILE": "oncall"}
    assert operator_key_id(Connections(environ)) == account.admin.access_key_id


def test_a_profile_that_is_not_there_is_named_as_what_to_set(account, bare):
    with pytest.raises(UnauthenticatedError, match="ProfileNotFound"):
        whoami(Connections({**bare, "AWS_ENDPOINT_URL": account.url, "AWS_PROFILE": "nobody"}))


def test_an_endpoint_that_is_no_address_is_named(account):
    with pytest.raises(InputError, match="AWS_ENDPOINT_URL is 'localhost:4566'"):
        whoami(Connections({**account.environ(), "AWS_ENDPOINT_URL": "localhost:4566"}))


def test_a_session_of_the_operator_is_signed_with_its_token(account, bare):
    user, key = account.user()
    session = account.session_of(key)
    environ = {
        **bare,
        "AWS_ENDPOINT_URL": account.url,
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
    }
    assert whoami(Connections(environ)).endswith(f"user/{user}")


def test_steps_at_once_share_one_client(account):
    aws = Connections(account.environ()).get(AwsConnection)
    with ThreadPoolExecutor(8) as threads:
        clients = list(threads.map(lambda _: aws.iam, range(16)))
    assert len({id(client) for client in clients}) == 1
