"""A fresh access key in place of a leaked one, and the proof that it is alive."""

from datetime import timedelta
from typing import Final

from responder.action import (
    Call,
    Check,
    Done,
    Input,
    NotDone,
    Nothing,
    Output,
    Plan,
    Probe,
    Reversible,
    Unknown,
    answered,
)
from responder.errors import NotFoundError
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import UnknownKeyError, WrongSecretError, ask, request_id
from responder.providers.aws.keys import (
    AccessKey,
    KeyList,
    delete_key,
    is_user,
    last_use,
    list_keys,
    refuse_own_key,
)
from responder.secret import Secret

CLOCK_SKEW: Final = timedelta(minutes=5)  # AWS refuses requests that are further off than that
# From an intent to its key: the connection's timeouts. What came later is somebody else's.
_CALL: Final = timedelta(seconds=15)


class User(Input):
    user: str


class FreshAccessKey(Input):
    access_key_id: str
    secret: Secret
    user: str


class FreshCredential(Output):
    identifier: str
    secret: Secret


class CreateAccessKey(Reversible[User, FreshCredential]):
    """A fresh key, whose secret AWS shows this once. `undo` deletes exactly that key.

    Its output must be stored before `verify`, which uses the key: a used key is never deleted by `reconcile`.
    """

    name = "aws.create_access_key"
    permissions = (
        "iam:CreateAccessKey",
        "iam:ListAccessKeys",
        "iam:GetAccessKeyLastUsed",
        "iam:DeleteAccessKey",
        "sts:GetCallerIdentity",
    )
    settle = 60.0  # a fresh key is known everywhere within seconds

    def plan(self, call: Call, given: User) -> Plan:
        try:
            listed = list_keys(call.connections.get(AwsConnection), given.user)
        except NotFoundError:
            return Plan(f"Create an access key for {given.user}, once there is such a user")
        beside = f", beside {' and '.join(listed.ids)}" if listed.keys else ""
        return Plan(f"Create a fresh access key for {given.user}{beside}")

    @answered
    def before(self, call: Call, given: User) -> Probe[FreshCredential]:
        """Never done: a key that is there already is not the fresh one."""
        listed = list_keys(call.connections.get(AwsConnection), given.user)
        return NotDone(f"The fresh key of {given.user} is still to be made.", {"key_ids": list(listed.ids)})

    @answered
    def probe(self, call: Call, given: User) -> Probe[FreshCredential]:
        """Never done, because nothing that AWS tells later has the secret."""
        if "key_ids" not in call.seen:
            return self.before(call, given)
        fresh = _unseen(call, list_keys(call.connections.get(AwsConnection), given.user))
        if fresh:
            return Unknown(f"{_ids(fresh)} of {given.user} came since, and its secret was shown only once.")
        return NotDone(f"{given.user} has no key that was not there before.")

    def apply(self, call: Call, given: User) -> FreshCredential:
        answer = ask(
            "iam:CreateAccessKey",
            call.connections.get(AwsConnection).iam.create_access_key,
            UserName=given.user,
        )
        made = answer["AccessKey"]
        return FreshCredential(identifier=made["AccessKeyId"], secret=Secret(made["SecretAccessKey"]))

    @answered
    def verify(self, call: Call, given: User, output: FreshCredential) -> Probe[FreshCredential]:
        found = _as_user(call, output.identifier, output.secret, given.user)
        return Done(output, found.evidence) if isinstance(found, Done) else found

    @answered
    def reconcile(self, call: Call, given: User) -> Probe[FreshCredential]:
        """A key that we made and nobody holds is found by difference and deleted. A doubt is for a person."""
        if "key_ids" not in call.seen or call.intended_at is None:
            return Unknown("The record does not tell which keys there were before.")
        aws = call.connections.get(AwsConnection)
        fresh = _unseen(call, list_keys(aws, given.user))
        if not fresh:
            return NotDone(f"{given.user} has no key that was not there before.")
        earliest = call.intended_at.replace(microsecond=0) - CLOCK_SKEW
        latest = call.intended_at + _CALL + CLOCK_SKEW
        if len(fresh) > 1 or not earliest <= fresh[0].created <= latest:
            return Unknown(f"{_ids(fresh)} of {given.user} came since, and not all by this step.")
        orphan = fresh[0].access_key_id
        used = last_use(aws, orphan)
        if used is None or used.at is not None:
            return Unknown(
                f"{orphan} of {given.user} came since, and somebody holds it: {used or 'last use unknown'}."
            )
        delete_key(aws, given.user, orphan)
        return NotDone(
            f"{orphan} was made by this step and never used; its secret is lost, so it was deleted."
        )

    def undo(self, call: Call, given: User, output: FreshCredential) -> None:
        refuse_own_key(call, output.identifier, "delete")
        delete_key(call.connections.get(AwsConnection), given.user, output.identifier)


class ProveAccessKey(Check[FreshAccessKey, Nothing]):
    """The key authenticates as the user it was made for."""

    name = "aws.prove_access_key"
    permissions = ("sts:GetCallerIdentity",)

    def plan(self, call: Call, given: FreshAccessKey) -> Plan:  # noqa: ARG002
        return Plan(f"Ask sts:GetCallerIdentity with the fresh key whether it is {given.user}'s")

    @answered
    def probe(self, call: Call, given: FreshAccessKey) -> Probe[Nothing]:
        return _as_user(call, given.access_key_id, given.secret, given.user)


def _unseen(call: Call, listed: KeyList) -> tuple[AccessKey, ...]:
    seen = call.seen.get("key_ids")
    before = seen if isinstance(seen, list) else []
    return tuple(key for key in listed.keys if key.access_key_id not in before)


def _ids(keys: tuple[AccessKey, ...]) -> str:
    return " and ".join(key.access_key_id for key in keys)


def _as_user(call: Call, access_key_id: str, secret: Secret, user: str) -> Probe[Nothing]:
    tried = call.connections.get(AwsConnection).as_key(access_key_id, secret)
    try:
        answer = ask("sts:GetCallerIdentity", tried.sts.get_caller_identity)
    except (UnknownKeyError, WrongSecretError) as refused:
        return NotDone(f"{access_key_id} does not authenticate yet: {refused.what}")
    finally:
        tried.close()
    text = (
        f"sts:GetCallerIdentity with {access_key_id} answers {answer['Arn']} (request {request_id(answer)})"
    )
    return Done(Nothing(), text) if is_user(answer["Arn"], user) else NotDone(f"{text}, not {user}")


ACTIONS = (CreateAccessKey(), ProveAccessKey())
