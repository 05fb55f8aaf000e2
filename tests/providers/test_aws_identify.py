"""What AWS says of a leaked key, with and without its secret."""

import json
from dataclasses import replace

import pytest
from aws_account import NOWHERE, found
from botocore.exceptions import ClientError
from moto.iam.utils import generate_access_key_id_from_account_id

from responder.action import Connections
from responder.errors import UnauthenticatedError, UnreachableError
from responder.exposure import Found, Kind
from responder.providers.aws import identify
from responder.providers.aws.powers import summarised
from responder.secret import Secret

pytest_plugins = ("aws_account",)


def deactivate(account, user, key):
    account.client("iam").update_access_key(UserName=user, AccessKeyId=key.access_key_id, Status="Inactive")


def delete(account, user, key):
    account.client("iam").delete_access_key(UserName=user, AccessKeyId=key.access_key_id)


def test_a_live_key_has_an_owner_and_a_session_to_prove_with(account, connections):
    user, key = account.user()
    leaked = identify(connections, found(key))
    assert (leaked.life, leaked.user, leaked.note) == ("live", user, "")
    assert (leaked.identifier, leaked.credential, leaked.known) == (
        key.access_key_id,
        key.access_key_id,
        False,
    )
    assert leaked.secret == Secret(key.secret_access_key)
    session = json.loads(leaked.session.reveal())
    assert account.client("sts", session).get_caller_identity()["Arn"].endswith(f"user/{user}")
    assert [s["expires_at"] - s["issued_at"] for s in sessions_of(account, user)] == [900]


def sessions_of(account, user):
    return [session for session in account.plane.world()["sessions"] if session["owner"] == user]


@pytest.mark.parametrize("secret", ["", None])
def test_a_live_key_is_told_from_an_inactive_one(account, connections, secret):
    user, key = account.user()
    assert identify(connections, found(key, secret=secret)).life == "live"
    deactivate(account, user, key)
    leaked = identify(connections, found(key, secret=secret))
    assert (leaked.life, leaked.user, leaked.session) == ("dead", user, None)


def test_a_deleted_key_is_dead_and_nobodys(account, connections):
    user, key = account.user()
    delete(account, user, key)
    leaked = identify(connections, found(key))
    assert (leaked.life, leaked.user) == ("dead", "")
    assert "sessions that were got with it live" in leaked.note


def test_a_key_that_sts_refuses_and_iam_says_nothing_of_is_not_taken_for_dead(account):
    user, key = account.user()
    deactivate(account, user, key)
    _, powerless = account.user("s3:ListAllMyBuckets")
    leaked = identify(Connections(account.environ(powerless)), found(key))
    assert (leaked.life, leaked.user) == ("unknown", "")
    assert "Sessions got with it may live" in leaked.note


def test_of_a_deleted_key_without_its_secret_nothing_is_claimed(account, connections):
    user, key = account.user()
    delete(account, user, key)
    leaked = identify(connections, found(key, secret=None))
    assert (leaked.life, leaked.user) == ("unknown", "")
    assert leaked.note == (
        "It is of this account (222222222222), and IAM has no such key: it is deleted, or the root's."
    )


def test_of_a_key_of_another_account_it_is_said_which_and_where_to_sign_in(account, connections):
    elsewhere = generate_access_key_id_from_account_id("444444444444", "AKIA", total_length=20)
    one = Found(kind=Kind.AWS_ACCESS_KEY, identifier=elsewhere)
    leaked = identify(connections, one)
    assert (leaked.life, leaked.user) == ("unknown", "")
    assert "It is of AWS account 444444444444, and the operator is signed in to 222222222222" in leaked.note


def test_an_operator_who_may_ask_for_nothing_is_told_what_that_may_mean(account):
    _, key = account.user()
    _, powerless = account.user("s3:ListAllMyBuckets")
    leaked = identify(Connections(account.environ(powerless)), found(key, secret=None))
    assert "deleted, of another account, or the operator may not" in leaked.note


def test_a_secret_that_is_not_the_keys_does_not_make_the_key_dead(account, connections):
    user, key = account.user()
    leaked = identify(connections, found(key, secret="not" * 13))
    assert (leaked.life, leaked.user, leaked.session) == ("live", user, None)
    assert "not its own" in leaked.note


def test_other_keys_of_the_user_are_named(account, connections):
    user, key = account.user()
    assert identify(connections, found(key)).other_keys == ()
    second = account.plane.add_access_key(user)
    assert identify(connections, found(key)).other_keys == (second.access_key_id,)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_quarantine_by_aws_is_noticed(account, connections, version):
    user, key = account.user()
    assert not identify(connections, found(key)).quarantined
    account.plane.quarantine(user, version=version)
    leaked = identify(connections, found(key))
    assert leaked.quarantined
    assert "AWSCompromisedKeyQuarantine" in leaked.note


def test_no_session_is_got_when_none_is_wanted(account, connections):
    user, key = account.user()
    assert identify(connections, found(key), prove_sessions=False).session is None
    assert sessions_of(account, user) == []


def test_an_operator_who_may_not_look_still_learns_the_owner_from_the_key_itself(account):
    user, key = account.user()
    _, powerless = account.user("s3:ListAllMyBuckets")
    leaked = identify(Connections(account.environ(powerless)), found(key))
    assert (leaked.life, leaked.user) == ("live", user)
    assert "iam:ListAccessKeys" in leaked.note
    assert "iam:ListAttachedUserPolicies" in leaked.note


def test_a_refused_operator_is_not_taken_for_a_dead_key(account):
    _, key = account.user()
    user, operator = account.user("iam:*")
    deactivate(account, user, operator)
    with pytest.raises(UnauthenticatedError, match="InvalidClientTokenId"):
        identify(Connections(account.environ(operator)), found(key))


def test_an_unreachable_service_is_not_taken_for_a_dead_key(account):
    _, key = account.user()
    with pytest.raises(UnreachableError):
        identify(Connections({**account.environ(), "AWS_ENDPOINT_URL": NOWHERE}), found(key))


def test_temporary_credentials_without_their_token_are_not_taken_for_dead(account, connections):
    _, key = account.user()
    session = account.session_of(key)
    text = replace(found(key), identifier=session["AccessKeyId"], secret=Secret(session["SecretAccessKey"]))
    leaked = identify(connections, text)
    assert leaked.life == "unknown"
    assert "session token" in leaked.note


def test_the_session_goes_on_after_the_key_is_dead(account, connections):
    """Why sessions are denied at all: the canary is a fair one."""
    user, key = account.user()
    session = json.loads(identify(connections, found(key)).session.reveal())
    delete(account, user, key)
    assert account.client("sts", session).get_caller_identity()
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        account.client("sts", key).get_caller_identity()


@pytest.mark.parametrize(
    ("but", "reach"), [("organizations:*", "admin"), (["iam:*", "organizations:*"], "wildcard")]
)
def test_everything_but_something_is_everything_where_that_leaves_a_way_to_take_the_rest(but, reach):
    statement = {"Effect": "Allow", "NotAction": but, "Resource": "*"}
    (power,) = summarised({"Statement": statement}, "policy p")
    assert power.reach == reach
