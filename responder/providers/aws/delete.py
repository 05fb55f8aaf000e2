"""Delete access keys for good: one that makes room for a fresh one, and the leaked one in the end."""

from typing import Final

from responder.action import Call, Done, Input, Irreversible, NotDone, Nothing, Plan, Probe, answered
from responder.errors import ChoiceError
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.keys import (
    AccessKey,
    delete_key,
    described,
    last_use,
    list_keys,
    owner_elsewhere,
    refuse_own_key,
    try_key,
)
from responder.secret import Secret

MOST_KEYS: Final = 2  # IAM's quota for a user; it cannot be raised


class Room(Input):
    user: str
    delete: str | None = None  # what a person chose: access key ids of several users, with commas between

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(one for part in (self.delete or "").split(",") if (one := part.strip()))


class OldAccessKey(Input):
    user: str
    access_key_id: str
    secret: Secret | None = None  # to prove with; without it IAM's word is all there is


class MakeRoomForAccessKey(Irreversible[Room, Nothing]):
    """A user has at most two keys. Which of two goes is for a person to say, never for us to guess."""

    name = "aws.make_room_for_access_key"
    permissions = ("iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", "iam:DeleteAccessKey")
    point_of_no_return = "The access key that was deleted to make room cannot be had back."

    def plan(self, call: Call, given: Room) -> Plan:
        keys = list_keys(call.connections.get(AwsConnection), given.user).keys
        if len(keys) < MOST_KEYS:
            return Plan(f"Leave the keys of {given.user}: there is room for a fresh one")
        chosen = _chosen(call, given, keys, "--delete-key {}")
        used = last_use(call.connections.get(AwsConnection), chosen.access_key_id) or "last use unknown"
        return Plan(
            f"Delete access key {chosen.access_key_id} of {given.user} to make room for a fresh one",
            f"Whatever still signs with it ({used}) is refused for good.",
        )

    def before(self, call: Call, given: Room) -> Probe[Nothing]:
        """Nothing is meant to be done before there is a choice: it is asked for with nothing begun.

        Raises:
            ChoiceError: there are two keys and nobody chose one of them, or both.
        """
        found = self.probe(call, given)
        if isinstance(found, NotDone):
            keys = list_keys(call.connections.get(AwsConnection), given.user).keys
            if len(keys) >= MOST_KEYS:
                _chosen(call, given, keys)
        return found

    @answered
    def probe(self, call: Call, given: Room) -> Probe[Nothing]:
        listed = list_keys(call.connections.get(AwsConnection), given.user)
        return Done(Nothing(), str(listed)) if len(listed.keys) < MOST_KEYS else NotDone(str(listed))

    def apply(self, call: Call, given: Room) -> Nothing:
        """Deletes nothing where there is room already.

        Raises:
            ChoiceError: there are two keys and nobody chose one of them, or both.
        """
        aws = call.connections.get(AwsConnection)
        keys = list_keys(aws, given.user).keys
        if len(keys) >= MOST_KEYS:
            delete_key(aws, given.user, _chosen(call, given, keys).access_key_id)
        return Nothing()


class DeleteAccessKey(Irreversible[OldAccessKey, Nothing]):
    """Done when IAM lists it no more, and STS refuses it (where there is a secret to try)."""

    name = "aws.delete_access_key"
    permissions = (
        "iam:ListAccessKeys",
        "iam:GetAccessKeyLastUsed",
        "iam:DeleteAccessKey",
        "sts:GetCallerIdentity",
    )
    settle = 120.0
    point_of_no_return = "A deleted access key cannot be had back."

    def plan(self, call: Call, given: OldAccessKey) -> Plan:
        refuse_own_key(call, given.access_key_id, "delete")
        aws = call.connections.get(AwsConnection)
        if list_keys(aws, given.user).get(given.access_key_id) is None:
            return Plan(f"Leave access key {given.access_key_id} of {given.user}: it is not there any more")
        used = last_use(aws, given.access_key_id) or "last use unknown"
        return Plan(
            f"Delete access key {given.access_key_id} of {given.user}",
            f"Whatever still signs with it ({used}) is refused for good.",
        )

    @answered
    def probe(self, call: Call, given: OldAccessKey) -> Probe[Nothing]:
        aws = call.connections.get(AwsConnection)
        listed = list_keys(aws, given.user)
        if listed.get(given.access_key_id):
            return NotDone(str(listed))
        if owner := owner_elsewhere(aws, given.access_key_id, given.user):
            return NotDone(f"{given.access_key_id} is a key of {owner}, not of {given.user}.")
        if given.secret is None:
            return Done(Nothing(), f"{listed}; no secret at hand to try {given.access_key_id} with")
        tried = try_key(aws, given.access_key_id, given.secret)
        return (
            Done(Nothing(), f"{listed}; {tried.text}")
            if tried.refused
            else NotDone(f"{listed}, but {tried.text}")
        )

    def apply(self, call: Call, given: OldAccessKey) -> Nothing:
        refuse_own_key(call, given.access_key_id, "delete")
        delete_key(call.connections.get(AwsConnection), given.user, given.access_key_id)
        return Nothing()


def _chosen(call: Call, given: Room, keys: tuple[AccessKey, ...], typed: str = "") -> AccessKey:
    """`typed` is how a person says it, with the key in braces; of a run that has begun, its resume."""
    matching = [key for key in keys if key.access_key_id in given.chosen]
    if len(matching) == 1:
        refuse_own_key(call, matching[0].access_key_id, "delete")
        return matching[0]
    has = described(call.connections.get(AwsConnection), keys, call.clock())
    wrong = ""
    if given.chosen:
        why = "names more than one of them" if matching else "is not among them"
        wrong = f" {','.join(given.chosen)} {why}."
    typed = typed or f"`respond resume {call.run} --delete-key {{}}`"
    ways = " or ".join(typed.format(key.access_key_id) for key in keys)
    raise ChoiceError(
        f"IAM user {given.user} has as many access keys as a user may have: {has}.{wrong}",
        option="delete_key",
        next_step=f"Say which one goes: {ways}.",
    )


ACTIONS = (MakeRoomForAccessKey(), DeleteAccessKey())
