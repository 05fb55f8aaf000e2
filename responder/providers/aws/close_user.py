"""Deny an IAM user everything, whatever they come with."""

from collections.abc import Mapping
from typing import Any, Final, cast

from responder.action import Call, Done, Input, Json, NotDone, Nothing, Plan, Probe, Reversible, answered
from responder.errors import RefusedError
from responder.providers.aws.connection import whoami
from responder.providers.aws.denial import SID, Principal, give_back, is_of
from responder.providers.aws.keys import is_user

POLICY: Final = "respond-deny-all"


class ClosedUser(Input):
    user: str

    @property
    def principal(self) -> Principal:
        return Principal("user", self.user, POLICY)


class CloseUser(Reversible[ClosedUser, Nothing]):
    """An inline policy without conditions: an explicit Deny goes before every Allow.

    It is one answer to all that a user may have, now or later: access keys, the console's password, sessions
    that were got with either, X.509 certificates, credentials for CodeCommit and other services; and what
    policies of buckets or trust policies of roles allow the user by name.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """

    name = "aws.close_user"
    permissions = (
        "iam:GetUserPolicy",
        "iam:PutUserPolicy",
        "iam:DeleteUserPolicy",
        "sts:GetCallerIdentity",
    )
    settle = 10.0
    contested = True

    def plan(self, call: Call, given: ClosedUser) -> Plan:
        _refuse_own(call, given)
        return Plan(
            f"Deny IAM user {given.user} everything, by the inline policy {POLICY}",
            f"Whatever works as {given.user} stops, by whichever key, password, session, certificate or Git "
            "credential. Roles that were assumed before go on.",
        )

    @answered
    def probe(self, call: Call, given: ClosedUser) -> Probe[Nothing]:
        found = given.principal.read(call)
        asked = f"{given.principal.reading}: {POLICY} of {given.user}"
        if _denies_all(found.document):
            return Done(Nothing(), f"{asked} denies everything (request {found.request_id})")
        has = "is not there" if found.document is None else "denies less than everything"
        seen = {"policy": cast("Json", found.document)}
        return NotDone(f"{asked} {has} (request {found.request_id})", seen)

    def apply(self, call: Call, given: ClosedUser) -> Nothing:
        _refuse_own(call, given)
        if not _denies_all(given.principal.read(call).document):
            given.principal.put(call, _policy(call.run))
        return Nothing()

    def undo(self, call: Call, given: ClosedUser, output: Nothing) -> None:  # noqa: ARG002
        """What another run denied stays denied."""
        now = given.principal.read(call).document
        if now is None or is_of(call.run, now):
            give_back(call, given.principal)


def _refuse_own(call: Call, given: ClosedUser) -> None:
    if is_user(whoami(call.connections), given.user):
        raise RefusedError(
            f"This very command works as {given.user}: to deny them everything would lock you out.",
            next_step="Use another operator credential (AWS_PROFILE=…) and run it again.",
        )


def _policy(run: str) -> dict[str, Json]:
    statement: Json = {"Sid": SID + run, "Effect": "Deny", "Action": "*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _denies_all(document: Mapping[str, Any] | None) -> bool:
    match document:
        case {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", **more}]}:
            return more.keys() <= {"Sid"}
    return False


ACTIONS = (CloseUser(),)
