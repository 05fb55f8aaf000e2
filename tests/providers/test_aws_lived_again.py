"""A key that was made active again got sessions: a denial that held until then must reach these too."""

from dataclasses import replace
from datetime import timedelta

import pytest
from aws_account import BUCKET, intended
from botocore.exceptions import ClientError

from responder.action import Done, NotDone, Nothing
from responder.engine.recall import same_thing
from responder.engine.record import shown
from responder.providers.aws.deactivate import AccessKeyOfUser, DeactivateAccessKey
from responder.providers.aws.denial import POLICY
from responder.providers.aws.deny_sessions import DenySessions, SessionsOfUser

pytest_plugins = ("aws_account",)

DENY, DEACTIVATE = DenySessions(), DeactivateAccessKey()


@pytest.fixture(scope="module", autouse=True)
def _bucket(account):
    account.plane.add_bucket(BUCKET)


def may_read(account, session):
    try:
        account.client("s3", session).list_objects_v2(Bucket=BUCKET)
    except ClientError as refused:
        return "explicit deny" not in str(refused)
    return True


@pytest.fixture
def lived(account, call):
    """A user whose sessions were denied, what was asked then, and a session got two minutes later."""
    user, key = account.user()
    given = SessionsOfUser(user=user, since=account.clock.moment)
    DENY.apply(call, given)
    account.clock.now += 120
    return user, given, account.session_of(key)


def test_it_is_denied_and_the_denial_was_outgrown_and_not_undone(account, call, lived):
    _, given, session = lived
    assert isinstance(DENY.probe(call, given), Done)
    assert may_read(account, session)
    told = replace(call, alive_until=account.clock.moment)

    found = DENY.before(told, given)
    assert isinstance(found, NotDone)
    assert found.outgrown
    meant = intended(DENY, told, given)
    DENY.apply(meant, given)

    assert not may_read(account, session)
    assert isinstance(DENY.verify(meant, given, Nothing()), Done)


def test_a_denial_that_is_gone_or_somebody_elses_was_undone(account, call, lived):
    user, given, _ = lived
    late = given.model_copy(update={"since": account.clock.moment})
    assert DENY.before(call, late).outgrown
    assert not DENY.before(replace(call, run="r2"), late).outgrown
    account.client("iam").delete_user_policy(UserName=user, PolicyName=POLICY)
    assert not DENY.before(call, late).outgrown


def test_when_it_was_asked_does_not_make_it_another_thing(account):
    now, later = account.clock.moment, account.clock.moment + timedelta(hours=1)
    sessions = [shown(SessionsOfUser(user="u", since=at)) for at in (now, later)]
    assert same_thing(DENY, sessions[0]) == same_thing(DENY, sessions[1])
    keys = [shown(AccessKeyOfUser(user="u", access_key_id="AKIA1", known_since=at)) for at in (None, later)]
    assert same_thing(DEACTIVATE, keys[0]) == same_thing(DEACTIVATE, keys[1])
    other = shown(AccessKeyOfUser(user="u", access_key_id="AKIA2"))
    assert same_thing(DEACTIVATE, keys[0]) != same_thing(DEACTIVATE, other)
