"""The inline policy that denies a principal's sessions by when they were issued, and whether it is so.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, cast

from responder.action import Call, Done, Json, NotDone, Nothing, Probe
from responder.errors import DeniedError, NotFoundError, RefusedError
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import (
    ExpiredSessionError,
    ExplicitlyDeniedError,
    UnknownKeyError,
    ask,
    request_id,
)
from responder.secret import Secret

POLICY: Final = "respond-deny-sessions"
MARGIN: Final = timedelta(seconds=60)
_ISSUED: Final = "aws:TokenIssueTime"
SID: Final = "RespondDenySessions"  # followed by the run, to be known again as this run's


@dataclass(frozen=True)
class Found:
    """The policy as IAM has it now; `document` is None where there is none."""

    document: dict[str, Any] | None
    request_id: str

    @property
    def cutoff(self) -> datetime | None:
        return cutoff_of(self.document)


@dataclass(frozen=True)
class Principal:
    """A user or a role, and the inline policy of ours that hangs on it or will."""

    kind: Literal["user", "role"]
    name: str
    policy: str = POLICY

    def read(self, call: Call) -> Found:
        iam = call.connections.get(AwsConnection).iam
        answer: Any
        try:
            if self.kind == "user":
                answer = ask(
                    "iam:GetUserPolicy", iam.get_user_policy, UserName=self.name, PolicyName=self.policy
                )
            else:
                answer = ask(
                    "iam:GetRolePolicy", iam.get_role_policy, RoleName=self.name, PolicyName=self.policy
                )
        except NotFoundError as absent:
            return Found(None, absent.request_id)
        return Found(cast("dict[str, Any]", answer["PolicyDocument"]), request_id(answer))

    @property
    def reading(self) -> str:
        return f"iam:Get{self.kind.title()}Policy"

    def put(self, call: Call, document: Mapping[str, Json]) -> None:
        iam, text = call.connections.get(AwsConnection).iam, json.dumps(document)
        if self.kind == "user":
            put = iam.put_user_policy
            ask("iam:PutUserPolicy", put, UserName=self.name, PolicyName=self.policy, PolicyDocument=text)
        else:
            put_role = iam.put_role_policy
            ask(
                "iam:PutRolePolicy", put_role, RoleName=self.name, PolicyName=self.policy, PolicyDocument=text
            )

    def remove(self, call: Call) -> None:
        iam = call.connections.get(AwsConnection).iam
        if self.kind == "user":
            ask("iam:DeleteUserPolicy", iam.delete_user_policy, UserName=self.name, PolicyName=self.policy)
        else:
            ask("iam:DeleteRolePolicy", iam.delete_role_policy, RoleName=self.name, PolicyName=self.policy)

    @property
    def shown_by(self) -> str:
        return f"aws iam get-{self.kind}-policy --{self.kind}-name {self.name} --policy-name {self.policy}"


def denied(call: Call, principal: Principal, since: datetime, session: Secret | None) -> Probe[Nothing]:
    """One call where there is something to do, because containment must leave at once."""
    found, who = principal.read(call), principal.name
    cutoff = found.cutoff
    if cutoff is None or cutoff < _needed(call, since):
        has = (
            "is not there" if found.document is None else f"stops sessions from before {cutoff or 'no time'}"
        )
        why = f"{principal.reading}: {POLICY} of {who} {has} (request {found.request_id})"
        ours = cutoff is not None and is_of(call.run, found.document)
        return NotDone(why, {"policy": cast("Json", found.document)}, outgrown=ours)
    evidence = (
        f"{principal.reading}: {POLICY} of {who} denies sessions issued before {cutoff.isoformat()} "
        f"(request {found.request_id})"
    )
    if session is None:
        return Done(Nothing(), f"{evidence}; no session at hand to try")
    tried = try_session(call.connections.get(AwsConnection), session)
    if tried.stopped:
        return Done(Nothing(), f"{evidence}; {tried.text}")
    return NotDone(f"{evidence}, but {tried.text}", {"policy": cast("Json", found.document)})


def deny(call: Call, principal: Principal, since: datetime) -> None:
    """A later cut-off that is there already stays."""
    cutoff, wanted = principal.read(call).cutoff, _wanted(call, since)
    if cutoff is None or cutoff < wanted:
        principal.put(call, policy_for(wanted, call.run))


def give_back(call: Call, principal: Principal) -> None:
    """What was there before comes back; where that was nothing, the policy goes.

    Raises:
        RefusedError: the policy is not this run's any more.
    """
    now, earlier = principal.read(call).document, call.seen.get("policy")
    theirs = earlier if isinstance(earlier, dict) and not is_of(call.run, earlier) else None
    if now is None and theirs is None:
        return
    if now is not None and not is_of(call.run, now):
        if now == earlier:
            return
        raise RefusedError(
            f"{principal.policy} of {principal.name} was changed since, and not by this run.",
            next_step=f"See: {principal.shown_by}",
        )
    if theirs is not None:  # also where undoing a later step of the run took the policy away already
        principal.put(call, theirs)
    else:
        principal.remove(call)


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
    tried = f"s3:ListBuckets in the session {parts['AccessKeyId']}"
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


def _needed(call: Call, since: datetime) -> datetime:
    """Up to when sessions may have been got at least."""
    return max(since, call.alive_until or since)


def _wanted(call: Call, since: datetime) -> datetime:
    """The same for every attempt at one intent."""
    return cutoff_for(max(_needed(call, since), call.intended_at or since))


def is_of(run: str, document: Mapping[str, Any] | None) -> bool:
    match document:
        case {"Statement": [{"Sid": str(sid)}]}:
            return sid == SID + run
    return False


def policy_for(cutoff: datetime, run: str) -> dict[str, Json]:
    condition: Json = {"DateLessThan": {_ISSUED: f"{cutoff:%Y-%m-%dT%H:%M:%SZ}"}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": SID + run,
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
