"""A deactivated key is claimed dead only when it was tried and refused."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aws_account import NOWHERE, call_with, intended

from responder.action import Connections, Done, NotDone, Unknown
from responder.errors import RefusedError
from responder.providers.aws import AwsConnection
from responder.providers.aws.deactivate import AccessKeyOfUser, DeactivateAccessKey
from responder.secret import Secret

pytest_plugins = ("aws_account",)

ACTION = DeactivateAccessKey()
REQUEST = r"\(request [\w-]+\)"


def given_for(user, key, **changed):
    fields = {"user": user, "access_key_id": key.access_key_id, "secret": Secret(key.secret_access_key)}
    return AccessKeyOfUser(**{**fields, **changed})


def test_containment_asks_iam_once_before_it_leaves(account):
    given = given_for(*account.user())
    with call_with(account.environ()) as call:
        asked = []
        aws = call.connections.get(AwsConnection)
        for client in (aws.iam, aws.sts):
            client.meta.events.register("before-send", lambda event_name, **_: asked.append(event_name))
        assert isinstance(ACTION.before(call, given), NotDone)
    assert asked == ["before-send.iam.ListAccessKeys"]


def test_the_evidence_names_what_iam_said_what_the_key_was_told_and_that_the_control_passed(account, call):
    given = given_for(*account.user())
    ACTION.apply(call, given)
    proof = ACTION.verify(call, given, ACTION.apply(call, given))
    assert isinstance(proof, Done)
    assert re.fullmatch(
        rf"iam:ListAccessKeys: {given.access_key_id} is Inactive {REQUEST}; "
        rf"sts:GetCallerIdentity with {given.access_key_id} answers InvalidClientTokenId {REQUEST}; "
        rf"the control arn:aws:iam::222222222222:user/respond-operator passes {REQUEST}",
        proof.evidence,
    )


def test_a_key_that_is_still_inactive_has_been_so_since_the_earlier_look(account, call):
    user, key = account.user()
    ACTION.apply(call, given_for(user, key))
    earlier = datetime.now(UTC) - timedelta(minutes=5)
    found = ACTION.before(call, given_for(user, key, known_since=earlier))
    assert isinstance(found, Done)
    assert found.output.since == earlier


def test_a_key_that_nobody_looked_at_before_is_inactive_since_now(account, call):
    user, key = account.user()
    ACTION.apply(call, given_for(user, key))
    began = datetime.now(UTC)
    found = ACTION.before(call, given_for(user, key))
    assert isinstance(found, Done)
    assert found.output.since >= began


def test_a_key_that_had_to_be_deactivated_again_is_inactive_only_since_then(account, call):
    user, key = account.user()
    given = given_for(user, key, known_since=datetime.now(UTC) - timedelta(minutes=5))
    meant = intended(ACTION, call, given)
    for found in (
        ACTION.verify(meant, given, ACTION.apply(meant, given)),
        ACTION.reconcile(meant, given),
    ):
        assert isinstance(found, Done)
        assert found.output.since >= meant.intended_at


def test_without_the_secret_the_evidence_says_that_the_key_was_not_tried(account, call):
    user, key = account.user()
    given = given_for(user, key, secret=None)
    ACTION.apply(call, given)
    proof = ACTION.probe(call, given)
    assert isinstance(proof, Done)
    assert "no secret at hand" in proof.evidence


def test_a_deleted_key_is_proven_dead_too(account, call):
    user, key = account.user()
    account.client("iam").delete_access_key(UserName=user, AccessKeyId=key.access_key_id)
    assert isinstance(ACTION.before(call, given_for(user, key)), Done)


def test_a_key_that_was_deleted_since_cannot_be_given_back(account, call):
    user, key = account.user()
    given = given_for(user, key)
    ACTION.apply(call, given)
    assert ACTION.lost(call, given) == ""
    account.client("iam").delete_access_key(UserName=user, AccessKeyId=key.access_key_id)
    assert f"{key.access_key_id} is deleted" in ACTION.lost(call, given)


def test_a_key_of_a_deleted_user_is_proven_dead_too(account, call):
    user, key = account.user()
    iam = account.client("iam")
    iam.delete_access_key(UserName=user, AccessKeyId=key.access_key_id)
    iam.delete_user_policy(UserName=user, PolicyName="access")
    iam.delete_user(UserName=user)
    assert isinstance(ACTION.before(call, given_for(user, key)), Done)


def test_a_key_of_another_user_is_not_taken_for_gone(account, call):
    user, _ = account.user()
    other, key = account.user()
    refused = ACTION.probe(call, given_for(user, key, secret=None))
    assert isinstance(refused, NotDone)
    assert other in refused.why


def test_a_key_that_iam_does_not_list_and_sts_still_answers_is_not_dead(account):
    user, _ = account.user()
    _, key = account.user()
    _, may_only_list = account.user("iam:ListAccessKeys")
    with call_with(account.environ(may_only_list)) as call:
        found = ACTION.probe(call, given_for(user, key))
    assert isinstance(found, NotDone)
    assert "still answers" in found.why


def test_nothing_is_proven_while_the_control_gets_no_answer(account):
    user, key = account.user()
    account.client("iam").update_access_key(UserName=user, AccessKeyId=key.access_key_id, Status="Inactive")
    with call_with({**account.environ(), "AWS_ENDPOINT_URL_STS": NOWHERE}) as call:
        found = ACTION.probe(call, given_for(user, key))
    assert isinstance(found, Unknown)


def test_it_never_deactivates_the_key_that_the_operator_signs_with(account, call):
    given = given_for("respond-operator", account.admin)
    for part in (ACTION.plan, ACTION.apply):
        with pytest.raises(RefusedError, match="lock you out"):
            part(call, given)
    assert account.statuses("respond-operator") == {account.admin.access_key_id: "Active"}


def test_the_plan_says_when_the_key_was_last_used(account, call):
    user, key = account.user()
    assert "never used" in ACTION.plan(call, given_for(user, key)).breaks
    account.client("sts", key).get_caller_identity()
    assert "for sts in us-east-1" in ACTION.plan(call, given_for(user, key)).breaks


def test_an_operator_without_permission_learns_which_one_is_missing(account):
    given = given_for(*account.user())
    _, powerless = account.user("s3:ListAllMyBuckets")
    with call_with(account.environ(powerless)) as call:
        found = ACTION.before(call, given)
    assert isinstance(found, Unknown)
    assert "Allow the operator iam:ListAccessKeys." in found.why


def test_an_unreachable_service_is_told_from_a_dead_key(account, call):
    given = given_for(*account.user())
    nowhere = replace(call, connections=Connections({**account.environ(), "AWS_ENDPOINT_URL": NOWHERE}))
    found = ACTION.probe(nowhere, given)
    assert isinstance(found, Unknown)
    assert "no answer (EndpointConnectionError)" in found.why
