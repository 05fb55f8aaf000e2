"""What is deleted is named by a person or by the leak itself, never guessed."""

import pytest

from responder.action import Done, NotDone
from responder.errors import ChoiceError, RefusedError
from responder.providers.aws.delete import DeleteAccessKey, MakeRoomForAccessKey, OldAccessKey, Room
from responder.secret import Secret

pytest_plugins = ("aws_account",)

MAKE_ROOM = MakeRoomForAccessKey()
DELETE = DeleteAccessKey()


def test_with_two_keys_and_no_choice_it_shows_both_and_says_what_to_pass(account, call):
    user, first = account.user()
    second = account.plane.add_access_key(user)
    account.client("sts", first).get_caller_identity()
    for part in (MAKE_ROOM.plan, MAKE_ROOM.before, MAKE_ROOM.apply):
        with pytest.raises(ChoiceError) as refused:
            part(call, Room(user=user))
        assert f"{first.access_key_id} (Active, 0 days old, last used " in refused.value.what
        assert f"{second.access_key_id} (Active, 0 days old, never used)" in refused.value.what
        for key in (first, second):
            assert f"--delete-key {key.access_key_id}" in refused.value.next_step
        assert (f"respond resume {call.run}" in refused.value.next_step) == (part != MAKE_ROOM.plan)
        assert refused.value.option == "delete_key"  # as playbooks/leak.yaml has it
    assert len(account.statuses(user)) == 2


def test_it_deletes_exactly_the_chosen_key(account, call):
    user, first = account.user()
    second = account.plane.add_access_key(user)
    MAKE_ROOM.apply(call, Room(user=user, delete=second.access_key_id))
    assert account.statuses(user) == {first.access_key_id: "Active"}


def test_of_keys_chosen_for_several_users_each_loses_its_own(account, call):
    chosen, left = [], {}
    for _ in range(2):
        user, goes = account.user()
        chosen.append(goes.access_key_id)
        left[user] = account.plane.add_access_key(user).access_key_id
    for user in left:
        MAKE_ROOM.apply(call, Room(user=user, delete=", ".join(chosen)))
    assert {user: list(account.statuses(user)) for user in left} == {u: [key] for u, key in left.items()}


def test_a_choice_of_both_keys_of_a_user_is_none(account, call):
    user, first = account.user()
    second = account.plane.add_access_key(user)
    given = Room(user=user, delete=f"{first.access_key_id},{second.access_key_id}")
    for part in (MAKE_ROOM.plan, MAKE_ROOM.apply):
        with pytest.raises(RefusedError, match="names more than one of them"):
            part(call, given)
    assert len(account.statuses(user)) == 2


def test_a_choice_that_is_not_a_key_of_the_user_is_refused(account, call):
    user, _ = account.user()
    account.plane.add_access_key(user)
    other, theirs = account.user()
    for part in (MAKE_ROOM.plan, MAKE_ROOM.apply):
        with pytest.raises(RefusedError, match=f"{theirs.access_key_id} is not among them"):
            part(call, Room(user=user, delete=theirs.access_key_id))
    assert len(account.statuses(user)) == 2
    assert account.statuses(other)


def test_where_there_is_room_nothing_is_deleted_even_if_it_was_chosen(account, call):
    user, only = account.user()
    given = Room(user=user, delete=only.access_key_id)
    assert isinstance(MAKE_ROOM.before(call, given), Done)
    assert "there is room" in MAKE_ROOM.plan(call, given).change
    MAKE_ROOM.apply(call, given)
    assert account.statuses(user) == {only.access_key_id: "Active"}


def test_neither_deletes_the_key_that_the_operator_signs_with(account, call):
    account.plane.add_access_key("respond-operator")
    own = account.admin.access_key_id
    for action, given in (
        (MAKE_ROOM, Room(user="respond-operator", delete=own)),
        (DELETE, OldAccessKey(user="respond-operator", access_key_id=own)),
    ):
        for part in (action.plan, action.apply):
            with pytest.raises(RefusedError, match="lock you out"):
                part(call, given)
    assert own in account.statuses("respond-operator")


def test_the_deleted_key_is_tried_and_refused(account, call):
    user, key = account.user()
    given = OldAccessKey(user=user, access_key_id=key.access_key_id, secret=Secret(key.secret_access_key))
    DELETE.apply(call, given)
    proof = DELETE.probe(call, given)
    assert isinstance(proof, Done)
    assert f"{user} has no access key" in proof.evidence
    assert f"with {key.access_key_id} answers InvalidClientTokenId" in proof.evidence
    assert "respond-operator passes" in proof.evidence
    assert account.statuses(user) == {}


def test_a_key_of_another_user_is_neither_deleted_nor_claimed_gone(account, call):
    user, _ = account.user()
    other, key = account.user()
    given = OldAccessKey(user=user, access_key_id=key.access_key_id)
    DELETE.apply(call, given)
    assert isinstance(DELETE.probe(call, given), NotDone)
    assert account.statuses(other) == {key.access_key_id: "Active"}


def test_the_plan_of_a_deletion_says_who_may_still_use_the_key(account, call):
    user, key = account.user()
    account.client("sts", key).get_caller_identity()
    plan = DELETE.plan(call, OldAccessKey(user=user, access_key_id=key.access_key_id))
    assert plan.change == f"Delete access key {key.access_key_id} of {user}"
    assert "for sts in us-east-1" in plan.breaks
