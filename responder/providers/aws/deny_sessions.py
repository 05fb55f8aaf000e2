"""Stop the sessions that were got with a leaked key: they outlive the key itself."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from pydantic import AwareDatetime

from responder.action import Call, Done, Input, Json, NotDone, Nothing, Plan, Probe, Reversible, answered
from responder.errors import DeniedError, NotFoundError, RefusedError
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import (
    ExpiredSessionError,
    ExplicitlyDeniedError,
    UnknownKeyError,
    ask,
    request_id,
)
from responder.providers.aws.keys import refuse_own_session
from responder.secret import Secret

POLICY: Final = "respond-deny-sessions"
MARGIN: Final = timedelta(seconds=60)
_ISSUED: Final = "aws:TokenIssueTime"
_SID: Final = "RespondDenySessions"  # followed by the run, to be known again as this run's


class SessionsOfUser(Input):
    """What to deny, and what to try it with.

    `since` is when the key was out of use at the latest, or, while that is not known, when containment was
    decided: a cut-off from before then is renewed. A cut-off that is made is a minute after that, or after
    this step's own intent where that is later: a run that was stopped in between denies what was got in the
    meantime.
    `session` is what `identify` got with the key: AccessKeyId, SecretAccessKey and SessionToken as JSON.
    """

    user: str
    since: AwareDatetime
    session: Secret | None = None


@dataclass(frozen=True)
class Found:
    """The policy as IAM has it now; `document` is None where there is none."""

    document: dict[str, Any] | None
    request_id: str

    @property
    def cutoff(self) -> datetime | None:
        return cutoff_of(self.document)


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
        """One call where there is something to do, because containment must leave at once."""
        found = read_policy(call, given.user)
        cutoff = found.cutoff
        if cutoff is None or cutoff < given.since:
            has = (
                "is not there"
                if found.document is None
                else f"stops sessions from before {cutoff or 'no time'}"
            )
            why = f"iam:GetUserPolicy: {POLICY} of {given.user} {has} (request {found.request_id})"
            return NotDone(why, {"policy": cast("Json", found.document)})
        evidence = (
            f"iam:GetUserPolicy: {POLICY} of {given.user} denies sessions issued before {cutoff.isoformat()} "
            f"(request {found.request_id})"
        )
        if given.session is None:
            return Done(Nothing(), f"{evidence}; no session at hand to try")
        tried = try_session(call.connections.get(AwsConnection), given.session)
        if tried.stopped:
            return Done(Nothing(), f"{evidence}; {tried.text}")
        return NotDone(f"{evidence}, but {tried.text}", {"policy": cast("Json", found.document)})

    def apply(self, call: Call, given: SessionsOfUser) -> Nothing:
        """A later cut-off that is there already stays."""
        refuse_own_session(call, given.user)
        cutoff, wanted = read_policy(call, given.user).cutoff, _wanted(call, given)
        if cutoff is None or cutoff < wanted:
            _put(call, given.user, policy_for(wanted, call.run))
        return Nothing()

    def undo(self, call: Call, given: SessionsOfUser, output: Nothing) -> None:  # noqa: ARG002
        """What was there before comes back; where that was nothing, the policy goes.

        Raises:
            RefusedError: the policy is not this run's any more.
        """
        now, earlier = read_policy(call, given.user).document, call.seen.get("policy")
        theirs = earlier if isinstance(earlier, dict) and not _is_of(call.run, earlier) else None
        if now is None and theirs is None:
            return
        if now is not None and not _is_of(call.run, now):
            if now == earlier:
                return
            raise RefusedError(
                f"{POLICY} of {given.user} was changed since, and not by this run.",
                next_step=f"See: aws iam get-user-policy --user-name {given.user} --policy-name {POLICY}",
            )
        if theirs is not None:  # also where undoing a later step of the run took the policy away already
            _put(call, given.user, theirs)
        else:
            iam = call.connections.get(AwsConnection).iam
            ask("iam:DeleteUserPolicy", iam.delete_user_policy, UserName=given.user, PolicyName=POLICY)


@dataclass(frozen=True)
class Tried:
    stopped: bool
    text: str


def try_session(aws: AwsConnection, session: Secret) -> Tried:
    """Whether a session is stopped, by a call that only a Deny of its user's policies refuses explicitly.

    sts:GetCallerIdentity would not do: it answers whatever the policies say. A refusal for want of an Allow
    is no proof. A session that has ended by itself proves nothing either way, and the policy stands alone.
    """
    parts = json.loads(session.reveal())
    clients = aws.as_key(
        parts["AccessKeyId"], Secret(parts["SecretAccessKey"]), Secret(parts["SessionToken"])
    )
    tried = f"s3:ListBuckets in the session {parts['AccessKeyId']}, got with the leaked key,"
    try:
        answer = ask("s3:ListAllMyBuckets", clients.s3.list_buckets)
    except ExplicitlyDeniedError as refused:
        return Tried(stopped=True, text=f"{tried} is refused by explicit deny (request {refused.request_id})")
    except DeniedError as refused:
        return Tried(stopped=False, text=f"{tried} is refused, but not by explicit deny: {refused.what}")
    except ExpiredSessionError as ended:
        text = f"the session to try it with has ended by itself (request {ended.request_id})"
        return Tried(stopped=True, text=text)
    except UnknownKeyError as gone:
        return Tried(stopped=True, text=f"{tried} is refused: the user is gone (request {gone.request_id})")
    finally:
        clients.close()
    return Tried(stopped=False, text=f"{tried} still answers (request {request_id(answer)})")


def cutoff_for(since: datetime) -> datetime:
    """Whole seconds, rounded up: aws:TokenIssueTime has no fractions."""
    return datetime.fromtimestamp(math.ceil((since + MARGIN).timestamp()), UTC)


def _wanted(call: Call, given: SessionsOfUser) -> datetime:
    """The same for every attempt at one intent."""
    return cutoff_for(max(given.since, call.intended_at or given.since))


def _is_of(run: str, document: Mapping[str, Any]) -> bool:
    match document:
        case {"Statement": [{"Sid": str(sid)}]}:
            return sid == _SID + run
    return False


def policy_for(cutoff: datetime, run: str) -> dict[str, Json]:
    condition: Json = {"DateLessThan": {_ISSUED: f"{cutoff:%Y-%m-%dT%H:%M:%SZ}"}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": _SID + run,
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": condition,
            }
        ],
    }


def cutoff_of(document: Mapping[str, Any] | None) -> datetime | None:
    """The cut-off of a policy of exactly our form; None for anything else: it denies less than this."""
    match document:
        case {
            "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": dict(condition)}]
        }:
            pass
        case _:
            return None
    match condition:
        case {"DateLessThan": {"aws:TokenIssueTime": str(text)}} if len(condition) == 1:
            return _moment(text)
    return None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_policy(call: Call, user: str) -> Found:
    iam = call.connections.get(AwsConnection).iam
    try:
        answer = ask("iam:GetUserPolicy", iam.get_user_policy, UserName=user, PolicyName=POLICY)
    except NotFoundError as absent:
        return Found(None, absent.request_id)
    return Found(cast("dict[str, Any]", answer["PolicyDocument"]), request_id(answer))


def _put(call: Call, user: str, document: Mapping[str, Json]) -> None:
    ask(
        "iam:PutUserPolicy",
        call.connections.get(AwsConnection).iam.put_user_policy,
        UserName=user,
        PolicyName=POLICY,
        PolicyDocument=json.dumps(document),
    )


ACTIONS = (DenySessions(),)
