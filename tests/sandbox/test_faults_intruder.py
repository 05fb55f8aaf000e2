"""The attacker with administrator rights, against an operator who uses boto3."""

import contextlib

import pytest
from aws_clients import refusal

from responder.sandbox.intruder import Intruder

pytest_plugins = ("aws_world",)

PATIENCE = 10  # seconds


@pytest.fixture
def fight(aws):
    """A user whose key leaked, and an intruder who gives up after `tries`."""

    @contextlib.contextmanager
    def against(tries):
        user, key = aws.new_user()
        intruder = Intruder(aws.plane, user, key.access_key_id, tries=tries, clock=aws.clock)
        intruder.start()
        yield Fight(aws, user, key, intruder)
        intruder.stop()

    return against


class Fight:
    def __init__(self, aws, user, key, intruder):
        self.aws, self.user, self.key, self.intruder = aws, user, key, intruder

    def deactivate(self):
        self.aws.iam.update_access_key(
            UserName=self.user, AccessKeyId=self.key.access_key_id, Status="Inactive"
        )

    def deny(self):
        self.aws.deny(self.user, {"DateLessThan": {"aws:TokenIssueTime": "2030-01-01T00:00:00Z"}})

    def until_done(self, *deeds):
        """Wait until the intruder has done these, in this order."""
        self.aws.plane.wait_until(
            lambda _: [d["did"] for d in self.intruder.world()] == [*deeds], seconds=PATIENCE
        )

    def is_denied(self):
        return "contain" in self.aws.user(self.user)["inline_policies"]

    def keys(self):
        return {k["access_key_id"]: k["status"] for k in self.aws.user(self.user)["access_keys"]}


ONE_TRY = ("detached policy", "activated key", "created key")


def test_it_undoes_a_containment_as_soon_as_it_is_whole_and_leaves_a_second_key(fight, aws):
    with fight(1) as it:
        it.deactivate()
        aws.client("sts", aws.operator).get_caller_identity()
        assert it.intruder.world() == []
        it.deny()
        it.until_done(*ONE_TRY)
        assert not it.is_denied()
        detached, activated, created = it.intruder.world()
        assert it.keys() == {it.key.access_key_id: "Active", created["what"]: "Active"}
        assert (detached["what"], activated["what"]) == ("contain", it.key.access_key_id)
        assert {deed["at"] for deed in it.intruder.world()} == {aws.clock.now}
        aws.client("sts", it.key).get_caller_identity()


def test_it_has_so_many_tries_and_reactivates_the_leaked_key_once(fight, aws):
    with fight(2) as it:
        it.deactivate()
        it.deny()
        it.until_done(*ONE_TRY)
        it.deactivate()
        it.deny()
        it.until_done(*ONE_TRY, "detached policy")
        it.deny()
        assert it.is_denied()
        assert it.keys()[it.key.access_key_id] == "Inactive"
        assert refusal(aws.client("sts", it.key).get_caller_identity)[0] == "InvalidClientTokenId"
        assert len(it.keys()) == 2, "there was no room for a third"


def test_it_reactivates_a_key_that_is_deactivated_after_the_policy(fight):
    with fight(1) as it:
        it.deny()
        it.until_done("detached policy", "created key")
        it.deactivate()
        it.until_done("detached policy", "created key", "activated key")
        assert it.keys()[it.key.access_key_id] == "Active"


def test_one_that_may_try_nothing_does_nothing(fight):
    with fight(0) as it:
        it.deactivate()
        it.deny()
        it.intruder.stop()
        assert it.is_denied()
        assert it.intruder.world() == []


def test_started_again_it_has_all_its_tries(fight):
    with fight(1) as it:
        it.deny()
        it.until_done("detached policy", "created key")
        it.intruder.stop()
        it.intruder.start()
        assert it.intruder.world() == []
        it.deny()
        it.until_done("detached policy")


def test_a_user_who_is_gone_is_no_reason_to_fall(fight, aws):
    with fight(1) as it:
        aws.iam.delete_access_key(UserName=it.user, AccessKeyId=it.key.access_key_id)
        aws.iam.delete_user_policy(UserName=it.user, PolicyName="access")
        aws.iam.delete_user(UserName=it.user)
        assert it.intruder.world() == []
