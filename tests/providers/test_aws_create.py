"""A key whose secret is shown once: what we made and nobody holds goes, and whatever is in doubt stays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aws_account import call_with, intended

from responder.action import Done, NotDone, Unknown
from responder.errors import ConflictError
from responder.providers.aws.create import CreateAccessKey, FreshAccessKey, ProveAccessKey, User
from responder.secret import Secret

pytest_plugins = ("aws_account",)

ACTION = CreateAccessKey()


@pytest.fixture
def user(account):
    return account.user()[0]


def test_the_fresh_key_works_and_nothing_else_changed(account, call, user):
    was = account.statuses(user)
    fresh = ACTION.apply(call, User(user=user))
    proof = ACTION.verify(call, User(user=user), fresh)
    assert isinstance(proof, Done)
    assert proof.output == fresh
    assert f"user/{user}" in proof.evidence
    assert account.statuses(user) == {**was, fresh.identifier: "Active"}


def test_a_key_that_was_there_before_is_never_taken_for_the_fresh_one(call, user):
    assert isinstance(ACTION.before(call, User(user=user)), NotDone)


def test_an_orphan_that_was_never_used_is_deleted(account, call, user):
    was = account.statuses(user)
    meant = intended(ACTION, call, User(user=user))
    orphan = ACTION.apply(meant, User(user=user)).identifier
    found = ACTION.reconcile(meant, User(user=user))
    assert isinstance(found, NotDone)
    assert orphan in found.why
    assert account.statuses(user) == was


def test_a_key_that_somebody_already_used_is_left_to_a_person(account, call, user):
    meant = intended(ACTION, call, User(user=user))
    theirs = account.plane.add_access_key(user)
    account.client("sts", theirs).get_caller_identity()
    found = ACTION.reconcile(meant, User(user=user))
    assert isinstance(found, Unknown)
    assert theirs.access_key_id in found.why
    assert theirs.access_key_id in account.statuses(user)


def test_two_keys_that_came_since_are_left_to_a_person(account, call):
    account.plane.add_user("empty-handed")
    given = User(user="empty-handed")
    meant = intended(ACTION, call, given)
    came = {account.plane.add_access_key("empty-handed").access_key_id for _ in range(2)}
    found = ACTION.reconcile(meant, given)
    assert isinstance(found, Unknown)
    assert all(key_id in found.why for key_id in came)
    assert set(account.statuses("empty-handed")) == came


def test_a_key_from_before_the_intent_that_nobody_recorded_is_left_to_a_person(account, call, user):
    meant = intended(ACTION, call, User(user=user))
    stranger = account.plane.add_access_key(user)
    an_hour_on = replace(meant, intended_at=datetime.now(UTC) + timedelta(hours=1))
    assert isinstance(ACTION.reconcile(an_hour_on, User(user=user)), Unknown)
    assert stranger.access_key_id in account.statuses(user)


def test_a_key_that_a_colleague_made_later_is_left_to_a_person(account, call, user):
    meant = intended(ACTION, call, User(user=user))
    theirs = account.plane.add_access_key(user)
    skew_and_a_call_ago = replace(meant, intended_at=datetime.now(UTC) - timedelta(minutes=5, seconds=17))
    found = ACTION.reconcile(skew_and_a_call_ago, User(user=user))
    assert isinstance(found, Unknown)
    assert theirs.access_key_id in found.why
    assert theirs.access_key_id in account.statuses(user)


@pytest.mark.parametrize("lost", [{"seen": {}}, {"intended_at": None}])
def test_without_a_record_of_what_was_there_nothing_is_deleted(account, call, user, lost):
    meant = intended(ACTION, call, User(user=user))
    ACTION.apply(meant, User(user=user))
    assert isinstance(ACTION.reconcile(replace(meant, **lost), User(user=user)), Unknown)
    assert len(account.statuses(user)) == 2


def test_a_key_whose_last_use_cannot_be_read_is_left_to_a_person(account, user):
    _, limited = account.user("iam:ListAccessKeys", "iam:CreateAccessKey", "iam:DeleteAccessKey")
    with call_with(account.environ(limited)) as call:
        meant = intended(ACTION, call, User(user=user))
        ACTION.apply(meant, User(user=user))
        assert isinstance(ACTION.reconcile(meant, User(user=user)), Unknown)
    assert len(account.statuses(user)) == 2


def test_undo_deletes_exactly_the_fresh_key(account, call, user):
    was = account.statuses(user)
    fresh = ACTION.apply(call, User(user=user))
    ACTION.undo(call, User(user=user), fresh)
    assert account.statuses(user) == was


def test_a_third_key_is_a_conflict_that_names_the_limit(account, call, user):
    account.plane.add_access_key(user)
    with pytest.raises(ConflictError, match=r"iam:CreateAccessKey: LimitExceeded"):
        ACTION.apply(call, User(user=user))


def test_a_fresh_key_that_aws_does_not_know_yet_is_waited_for(account, call, user):
    fresh = ACTION.apply(call, User(user=user))
    iam = account.client("iam")
    iam.update_access_key(UserName=user, AccessKeyId=fresh.identifier, Status="Inactive")
    assert isinstance(ACTION.verify(call, User(user=user), fresh), NotDone)
    iam.update_access_key(UserName=user, AccessKeyId=fresh.identifier, Status="Active")
    assert isinstance(ACTION.verify(call, User(user=user), fresh), Done)


def test_a_key_of_another_user_proves_nothing(account, call, user):
    other, key = account.user()
    given = FreshAccessKey(access_key_id=key.access_key_id, secret=Secret(key.secret_access_key), user=user)
    found = ProveAccessKey().probe(call, given)
    assert isinstance(found, NotDone)
    assert other in found.why


def test_a_key_with_a_wrong_secret_proves_nothing(account, call):
    user, key = account.user()
    given = FreshAccessKey(access_key_id=key.access_key_id, secret=Secret("x" * 40), user=user)
    found = ProveAccessKey().probe(call, given)
    assert isinstance(found, NotDone)
    assert "SignatureDoesNotMatch" in found.why
