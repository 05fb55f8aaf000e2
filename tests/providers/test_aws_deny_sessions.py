"""Sessions outlive the key that they were got with; the denial reaches them, and nothing that came later."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aws_account import as_secret, call_with, intended
from botocore.exceptions import ClientError
from pydantic import ValidationError

from responder.action import Done, NotDone, Nothing
from responder.errors import RefusedError
from responder.providers.aws.denial import POLICY, cutoff_for, policy_for
from responder.providers.aws.deny_sessions import (
    DenyRoleSessions,
    DenySessions,
    SessionsOfRole,
    SessionsOfUser,
)
from responder.providers.aws.preflight import permissions

pytest_plugins = ("aws_account",)

ACTION = DenySessions()


def reads(account, credentials):
    """Whether the bucket can be listed with it, which both key and session may do unless they are denied."""
    try:
        account.client("s3", credentials).list_objects_v2(Bucket="rentagpu-artifacts")
    except ClientError as refused:
        if "explicit deny" in str(refused):
            return False
        raise
    return True


@pytest.fixture(scope="module", autouse=True)
def _bucket(account):
    account.plane.add_bucket("rentagpu-artifacts")


def policy_of(account, user):
    return account.truth(user)["inline_policies"].get(POLICY)


def test_sessions_stop_up_to_a_minute_after_and_keys_and_later_sessions_go_on(account, call):
    user, key = account.user()
    given = SessionsOfUser(user=user, since=account.clock.moment)
    early = account.session_of(key)
    account.clock.now += 59
    within_the_margin = account.session_of(key)
    account.clock.now += 1
    late = account.session_of(key)
    ACTION.apply(call, given)
    assert not reads(account, early)
    assert not reads(account, within_the_margin)
    assert reads(account, late)
    assert reads(account, key)
    assert reads(account, account.plane.add_access_key(user))


def test_the_proof_is_a_session_refused_by_explicit_deny(account, call):
    user, key = account.user()
    session = account.session_of(key)
    given = SessionsOfUser(user=user, since=account.clock.moment, session=as_secret(session))
    ACTION.apply(call, given)
    proof = ACTION.verify(call, given, Nothing())
    assert isinstance(proof, Done)
    assert f"session {session['AccessKeyId']} is refused by explicit deny" in proof.evidence


def test_a_session_that_only_lacks_a_permission_proves_nothing(account, call):
    user, _ = account.user()
    _, other_key = account.user()
    undenied = as_secret(account.session_of(other_key))
    given = SessionsOfUser(user=user, since=account.clock.moment, session=undenied)
    ACTION.apply(call, given)
    found = ACTION.verify(call, given, Nothing())
    assert isinstance(found, NotDone)
    assert "but not by explicit deny" in found.why


def test_a_session_that_still_answers_is_not_denied(account, call):
    user, _ = account.user()
    _, other_key = account.user("s3:ListAllMyBuckets")
    undenied = as_secret(account.session_of(other_key))
    given = SessionsOfUser(user=user, since=account.clock.moment, session=undenied)
    ACTION.apply(call, given)
    found = ACTION.verify(call, given, Nothing())
    assert isinstance(found, NotDone)
    assert "still answers" in found.why


def test_a_session_past_its_time_leaves_the_policy_to_stand_alone(account, call):
    user, key = account.user()
    given = SessionsOfUser(user=user, since=account.clock.moment, session=as_secret(account.session_of(key)))
    ACTION.apply(call, given)
    account.clock.now += 901
    proof = ACTION.probe(call, given)
    assert isinstance(proof, Done)
    assert "ended by itself" in proof.evidence


def test_a_later_cutoff_that_is_there_stays(account, call):
    user, _ = account.user()
    later = SessionsOfUser(user=user, since=account.clock.moment + timedelta(hours=1))
    ACTION.apply(call, later)
    was = policy_of(account, user)
    earlier = SessionsOfUser(user=user, since=account.clock.moment)
    assert isinstance(ACTION.before(call, earlier), Done)
    ACTION.apply(call, earlier)
    assert policy_of(account, user) == was


def test_a_cutoff_from_before_the_key_was_out_of_use_is_renewed_and_one_from_after_is_left(account, call):
    user, key = account.user()
    ACTION.apply(call, SessionsOfUser(user=user, since=account.clock.moment))
    was = policy_of(account, user)
    in_time = SessionsOfUser(user=user, since=account.clock.moment + timedelta(seconds=60))
    assert isinstance(ACTION.before(call, in_time), Done)
    account.clock.now += 61
    after_the_cutoff = account.session_of(key)
    assert reads(account, after_the_cutoff)
    late = SessionsOfUser(user=user, since=account.clock.moment)
    meant = intended(ACTION, call, late)
    ACTION.apply(meant, late)
    assert policy_of(account, user) != was
    assert not reads(account, after_the_cutoff)
    assert isinstance(ACTION.verify(meant, late, Nothing()), Done)


def test_what_stood_there_before_the_run_comes_back_though_two_steps_wrote(account, call):
    user, _ = account.user()
    ACTION.apply(replace(call, run="r0"), SessionsOfUser(user=user, since=account.clock.moment))
    was = policy_of(account, user)
    steps = []
    for hours in (1, 2):
        given = SessionsOfUser(user=user, since=account.clock.moment + timedelta(hours=hours))
        meant = intended(ACTION, call, given)
        ACTION.apply(meant, given)
        steps.append((meant, given))
    for meant, given in reversed(steps):
        ACTION.undo(meant, given, Nothing())
    assert policy_of(account, user) == was


def test_a_run_that_was_stopped_in_between_denies_what_was_got_in_the_meantime(account, call):
    user, key = account.user()
    given = SessionsOfUser(user=user, since=account.clock.moment)
    account.clock.now += 7200
    meanwhile = account.session_of(key)
    meant = replace(intended(ACTION, call, given), intended_at=account.clock.moment)
    ACTION.apply(meant, given)
    assert not reads(account, meanwhile)
    assert isinstance(ACTION.reconcile(meant, given), Done)


def test_a_second_attempt_of_the_same_run_is_undone_whole(account, call):
    user, _ = account.user()
    given = SessionsOfUser(user=user, since=account.clock.moment)
    first = intended(ACTION, call, given)
    ACTION.apply(first, given)
    seen_again = {"policy": policy_of(account, user)}
    second = replace(first, seen=seen_again, intended_at=first.intended_at + timedelta(minutes=5))
    ACTION.apply(second, given)
    ACTION.undo(second, given, Nothing())
    assert policy_of(account, user) is None


def test_undo_gives_an_earlier_cutoff_back(account, call):
    user, _ = account.user()
    earlier = SessionsOfUser(user=user, since=account.clock.moment)
    ACTION.apply(replace(call, run="r0"), earlier)
    was = policy_of(account, user)
    later = SessionsOfUser(user=user, since=account.clock.moment + timedelta(hours=1))
    meant = intended(ACTION, call, later)
    ACTION.apply(meant, later)
    assert policy_of(account, user) != was
    for _ in range(2):
        ACTION.undo(meant, later, Nothing())
        assert policy_of(account, user) == was


def test_undo_leaves_what_somebody_else_put_there_since(account, call):
    user, _ = account.user()
    ours = SessionsOfUser(user=user, since=account.clock.moment)
    meant = intended(ACTION, call, ours)
    ACTION.apply(meant, ours)
    theirs = SessionsOfUser(user=user, since=account.clock.moment + timedelta(hours=1))
    ACTION.apply(replace(call, run="r2"), theirs)
    with pytest.raises(RefusedError, match="not by this run"):
        ACTION.undo(meant, ours, Nothing())
    assert isinstance(ACTION.probe(call, theirs), Done)


@pytest.mark.parametrize(
    "weaker",
    [
        {"Action": "s3:*"},
        {"Resource": "arn:aws:s3:::rentagpu-artifacts"},
        {"Effect": "Allow"},
        {"Condition": {"DateLessThan": {"aws:TokenIssueTime": "2100-01-01T00:00:00Z"}, "Bool": {"a": "b"}}},
        {"Condition": {"DateLessThan": {"aws:TokenIssueTime": "4102444800"}}},
        {"Condition": {"DateGreaterThan": {"aws:TokenIssueTime": "2100-01-01T00:00:00Z"}}},
    ],
)
def test_a_policy_that_denies_less_is_not_taken_for_the_denial(account, call, weaker):
    user, _ = account.user()
    given = SessionsOfUser(user=user, since=account.clock.moment)
    ACTION.apply(call, given)
    assert isinstance(ACTION.probe(call, given), Done)
    document = policy_of(account, user)
    statement = {**document["Statement"][0], **weaker}
    put_policy(account, user, {**document, "Statement": [statement]})
    assert isinstance(ACTION.probe(call, given), NotDone)


def put_policy(account, user, document):
    account.client("iam").put_user_policy(
        UserName=user, PolicyName=POLICY, PolicyDocument=json.dumps(document)
    )


def test_the_cutoff_is_the_same_for_the_same_input_and_never_earlier_than_a_minute_after():
    since = datetime.fromisoformat("2026-11-24T06:00:00.000001+00:00")
    condition = policy_for(cutoff_for(since), "r1")["Statement"][0]["Condition"]
    assert condition == {"DateLessThan": {"aws:TokenIssueTime": "2026-11-24T06:01:01Z"}}


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValidationError):
        SessionsOfUser(user="rentagpu-s3", since=datetime(2026, 11, 24, 6))  # noqa: DTZ001


def test_the_plan_says_what_stops_and_what_goes_on(account, call):
    user, _ = account.user()
    plan = ACTION.plan(call, SessionsOfUser(user=user, since=datetime.fromisoformat("2026-11-24T06:00:00Z")))
    assert plan.change.startswith(f"Deny {user} every session issued up to a minute from now")
    assert "GetSessionToken or GetFederationToken" in plan.breaks
    assert "Roles assumed with the key are not stopped" in plan.breaks
    assert "the fresh one among them" in plan.breaks


def test_it_never_denies_the_session_that_the_operator_works_in(account):
    user, key = account.user()
    session = account.session_of(key)
    given = SessionsOfUser(user=user, since=account.clock.moment)
    environ = {
        **account.environ(),
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
    }
    with call_with(environ) as call:
        for part in (ACTION.plan, ACTION.apply):
            with pytest.raises(RefusedError, match="lock you out"):
                part(call, given)


def test_the_role_that_the_operator_works_in_is_never_denied(account):
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "222222222222"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = account.client("iam").create_role(RoleName="oncall", AssumeRolePolicyDocument=document)["Role"]
    got = account.client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="me")["Credentials"]
    environ = {
        **account.environ(),
        "AWS_ACCESS_KEY_ID": got["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": got["SecretAccessKey"],
        "AWS_SESSION_TOKEN": got["SessionToken"],
    }
    given = SessionsOfRole(role="oncall", since=datetime.now(UTC))
    with call_with(environ) as call, pytest.raises(RefusedError, match="lock you out"):
        DenyRoleSessions().plan(call, given)


@pytest.mark.parametrize(
    ("allowed", "level"), [((), "warning"), (("iam:*RolePolicy", "iam:SimulatePrincipalPolicy"), "ok")]
)
def test_whether_sessions_of_roles_can_be_denied_is_told_beforehand_and_fails_nothing(
    account, allowed, level
):
    _, key = account.user("s3:ListAllMyBuckets", *allowed)
    with call_with(account.environ(key)) as call:
        found = list(permissions(call.connections, DenyRoleSessions.permissions, ()))
    assert [finding.level for finding in found] == [level]
    assert "iam:PutRolePolicy" in found[0].what
