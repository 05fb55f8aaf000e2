"""Take from a leaked access key what it opens, so that it can be given back."""

from datetime import datetime

from pydantic import AwareDatetime

from responder.action import Call, Done, Input, NotDone, Output, Plan, Probe, Reversible, answered
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import ask
from responder.providers.aws.keys import (
    KeyList,
    last_use,
    list_keys,
    owner_elsewhere,
    refuse_own_key,
    try_key,
)
from responder.secret import Secret

INACTIVE = "Inactive"


class AccessKeyOfUser(Input):
    user: str
    access_key_id: str
    secret: Secret | None = None  # to prove with; without it IAM's word is all there is
    known_since: AwareDatetime | None = None  # `since` of an earlier look at the same key
    moments = frozenset({"known_since"})


class Inactive(Output):
    since: datetime  # at the latest: sessions may have been got with the key up to then


class DeactivateAccessKey(Reversible[AccessKeyOfUser, Inactive]):
    """Done when IAM says Inactive, or the key is gone, and STS refuses it (where there is a secret to try).

    A key that is found inactive has been so since the earlier look, or since now where there was none; after
    an `apply`, or one that may have been, only since the proof.

    `undo` makes the key Active again whatever is known of it. The engine's undo never does so for a
    credential known to be leaked, unless it is asked for by name.
    """

    name = "aws.deactivate_access_key"
    permissions = (
        "iam:ListAccessKeys",
        "iam:UpdateAccessKey",
        "iam:GetAccessKeyLastUsed",
        "sts:GetCallerIdentity",
    )
    settle = 10.0  # IAM is eventually consistent: a deactivated key may be accepted for some seconds more
    contested = True

    def plan(self, call: Call, given: AccessKeyOfUser) -> Plan:
        refuse_own_key(call, given.access_key_id, "deactivate")
        aws = call.connections.get(AwsConnection)
        key = list_keys(aws, given.user).get(given.access_key_id)
        if key is None or key.status == INACTIVE:
            state = "is inactive already" if key else "is not there any more"
            return Plan(f"Leave access key {given.access_key_id} of {given.user}: it {state}")
        used = last_use(aws, given.access_key_id) or "last use unknown"
        return Plan(
            f"Deactivate access key {given.access_key_id} of {given.user}",
            f"Whatever signs with it ({used}) is refused until it has a fresh one.",
        )

    @answered
    def before(self, call: Call, given: AccessKeyOfUser) -> Probe[Inactive]:
        """One call for a key that is active, because containment must leave at once."""
        listed = list_keys(call.connections.get(AwsConnection), given.user)
        key = listed.get(given.access_key_id)
        if key and key.status != INACTIVE:
            return _still(listed, given)
        return self._proof(call, given, listed)

    @answered
    def probe(self, call: Call, given: AccessKeyOfUser) -> Probe[Inactive]:
        return self._proof(call, given, list_keys(call.connections.get(AwsConnection), given.user))

    def apply(self, call: Call, given: AccessKeyOfUser) -> Inactive:
        refuse_own_key(call, given.access_key_id, "deactivate")
        _set_status(call, given, INACTIVE)
        return _inactive(call, given)

    def undo(self, call: Call, given: AccessKeyOfUser, output: Inactive) -> None:  # noqa: ARG002
        _set_status(call, given, "Active")

    def lost(self, call: Call, given: AccessKeyOfUser) -> str:
        listed = list_keys(call.connections.get(AwsConnection), given.user)
        return "" if listed.get(given.access_key_id) else f"{given.access_key_id} is deleted: {listed}"

    def _proof(self, call: Call, given: AccessKeyOfUser, listed: KeyList) -> Probe[Inactive]:
        aws = call.connections.get(AwsConnection)
        key = listed.get(given.access_key_id)
        if key and key.status != INACTIVE:
            return _still(listed, given)
        if key is None and (owner := owner_elsewhere(aws, given.access_key_id, given.user)):
            return NotDone(f"{given.access_key_id} is a key of {owner}, not of {given.user}.")
        state = "is Inactive" if key else f"is not among the keys of {given.user}"
        found = _inactive(call, given)
        evidence = f"iam:ListAccessKeys: {given.access_key_id} {state} (request {listed.request_id})"
        if given.secret is None:
            return Done(found, f"{evidence}; no secret at hand to try it with")
        tried = try_key(aws, given.access_key_id, given.secret)
        if not tried.refused:
            return NotDone(f"{evidence}, but {tried.text}", {"status": key.status if key else ""})
        return Done(found, f"{evidence}; {tried.text}")


def _inactive(call: Call, given: AccessKeyOfUser) -> Inactive:
    earlier = given.known_since if call.intended_at is None else None
    return Inactive(since=earlier or call.clock())


def _still(listed: KeyList, given: AccessKeyOfUser) -> NotDone:
    key = listed.get(given.access_key_id)
    status = key.status if key else ""
    return NotDone(
        f"iam:ListAccessKeys: {given.access_key_id} is {status} (request {listed.request_id})",
        {"status": status},
    )


def _set_status(call: Call, given: AccessKeyOfUser, status: str) -> None:
    ask(
        "iam:UpdateAccessKey",
        call.connections.get(AwsConnection).iam.update_access_key,
        UserName=given.user,
        AccessKeyId=given.access_key_id,
        Status="Inactive" if status == INACTIVE else "Active",
    )


ACTIONS = (DeactivateAccessKey(),)
