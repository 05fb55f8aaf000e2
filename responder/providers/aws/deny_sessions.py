"""Stop the sessions that were got with a leaked key, or leaked themselves: they outlive the key."""

from pydantic import AwareDatetime

from responder.action import Call, Input, Nothing, Plan, Probe, Reversible, answered
from responder.providers.aws.denial import POLICY, Principal, denied, deny, give_back
from responder.providers.aws.keys import refuse_own_role, refuse_own_session
from responder.secret import Secret


class SessionsOfUser(Input):
    """What to deny, and what to try it with.

    `since` is when the key was out of use at the latest, or, while that is not known, when containment was
    decided: a cut-off from before then is renewed. A cut-off that is made is a minute after that, or after
    this step's own intent where that is later: a run that was stopped in between denies what was got in the
    meantime.
    `session` is what `identify` got with the key, or what leaked: AccessKeyId, SecretAccessKey and
    SessionToken as JSON.
    """

    user: str
    since: AwareDatetime
    session: Secret | None = None
    moments = frozenset({"since"})


class SessionsOfRole(Input):
    """As `SessionsOfUser`; `session` is what leaked."""

    role: str
    since: AwareDatetime
    session: Secret | None = None
    moments = frozenset({"since"})


class DenySessions(Reversible[SessionsOfUser, Nothing]):
    """Deny everything to sessions of the user that were issued before a cut-off: an inline policy.

    Done when the policy read back says so, and a session got with the leaked key is refused by explicit deny.
    The key itself signs without aws:TokenIssueTime, so this does not stop it, nor the fresh key.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
    """

    name = "aws.deny_sessions"
    permissions = (
        "iam:GetUserPolicy",
        "iam:PutUserPolicy",
        "iam:DeleteUserPolicy",
        "sts:GetCallerIdentity",
    )
    settle = 10.0  # IAM takes about four seconds to agree with itself, and attackers detach within them
    contested = True

    def plan(self, call: Call, given: SessionsOfUser) -> Plan:
        refuse_own_session(call, given.user)
        return Plan(
            f"Deny {given.user} every session issued up to a minute from now, by the inline policy {POLICY}",
            f"Every session of {given.user} got by GetSessionToken or GetFederationToken before then stops, "
            "whoever holds it. Roles assumed with the key are not stopped by this: see the runbook. Its "
            "access keys, the fresh one among them, and later sessions go on: the denial asks when a session "
            "was issued, not whose it is, because the service keeps this IAM user.",
        )

    @answered
    def probe(self, call: Call, given: SessionsOfUser) -> Probe[Nothing]:
        return denied(call, Principal("user", given.user), given.since, given.session)

    def apply(self, call: Call, given: SessionsOfUser) -> Nothing:
        """A later cut-off that is there already stays."""
        refuse_own_session(call, given.user)
        deny(call, Principal("user", given.user), given.since)
        return Nothing()

    def undo(self, call: Call, given: SessionsOfUser, output: Nothing) -> None:  # noqa: ARG002
        give_back(call, Principal("user", given.user))


class DenyRoleSessions(Reversible[SessionsOfRole, Nothing]):
    """Deny everything to sessions of the role that were issued before a cut-off: an inline policy.

    Whatever runs with the role goes on as soon as it assumes the role again.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
    """

    name = "aws.deny_role_sessions"
    permissions = (
        "iam:GetRolePolicy",
        "iam:PutRolePolicy",
        "iam:DeleteRolePolicy",
        "sts:GetCallerIdentity",
    )
    settle = 10.0
    contested = True

    def plan(self, call: Call, given: SessionsOfRole) -> Plan:
        refuse_own_role(call, given.role)
        return Plan(
            f"Deny the role {given.role} every session issued up to a minute from now, by the inline "
            f"policy {POLICY}",
            f"Whatever runs with {given.role} is refused until it assumes the role again, which AWS's own "
            "services do by themselves within the hour. Who may assume the role still may: look at its trust "
            "policy.",
        )

    @answered
    def probe(self, call: Call, given: SessionsOfRole) -> Probe[Nothing]:
        return denied(call, Principal("role", given.role), given.since, given.session)

    def apply(self, call: Call, given: SessionsOfRole) -> Nothing:
        """A later cut-off that is there already stays."""
        refuse_own_role(call, given.role)
        deny(call, Principal("role", given.role), given.since)
        return Nothing()

    def undo(self, call: Call, given: SessionsOfRole, output: Nothing) -> None:  # noqa: ARG002
        give_back(call, Principal("role", given.role))


ACTIONS = (DenySessions(), DenyRoleSessions())
