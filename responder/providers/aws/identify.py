"""From an access key that stands in a text to what AWS says of it: whose it is and whether it lives."""

import json
from dataclasses import dataclass, field, replace

from responder.action import Connections
from responder.errors import DeniedError, NotFoundError, ProviderError
from responder.exposure import LeakedAccessKey
from responder.found import Found, Life
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import ExpiredSessionError, UnknownKeyError, WrongSecretError, ask
from responder.providers.aws.keys import ask_last_use, list_keys
from responder.secret import Secret

CANARY_SECONDS = 900  # the shortest session that STS gives
_NOBODYS = (
    "IAM does not say whose it is: it is deleted, of another account, "
    "or the operator may not iam:GetAccessKeyLastUsed."
)
_QUARANTINE = "AWSCompromisedKeyQuarantine"


def identify(connections: Connections, found: Found, *, prove_sessions: bool = True) -> LeakedAccessKey:
    """What AWS says of it, by read-only calls, except that a live key is asked for one session.

    The result's `credential` is the identifier and `known` is False: the inventory knows better, by `user`.

    Args:
        connections: the operator's.
        found: an access key id, with or without its secret.
        prove_sessions: get a session of 15 minutes with a live key now, so that it can be shown later that
            such sessions are denied; containment then has not to wait for it.

    Raises:
        UnauthenticatedError: the operator's own credentials are missing or refused.
        TransientError: AWS could not be reached or is busy.
    """
    aws = connections.get(AwsConnection)
    control = ask("sts:GetCallerIdentity", aws.sts.get_caller_identity)
    seen = _as_itself(aws, found, _Seen())
    seen = _whose(aws, found, seen, control["Account"])
    seen = _status(aws, found, seen)
    session, session_id, seen = _canary(aws, found, seen) if prove_sessions else (None, "", seen)
    return LeakedAccessKey(
        credential=found.identifier,
        known=False,
        identifier=found.identifier,
        secret=found.secret,
        life=seen.life,
        note=" ".join(seen.notes),
        user=seen.user,
        session=session,
        session_id=session_id,
        other_keys=seen.other_keys,
        quarantined=seen.quarantined,
    )


@dataclass(frozen=True)
class _Seen:
    life: Life = "unknown"
    refused: bool = False  # STS knows no key of this id that is active, which may be another partition's
    arn: str = ""  # what STS calls whoever signs with it
    user: str = ""
    other_keys: tuple[str, ...] = ()
    quarantined: bool = False
    notes: tuple[str, ...] = field(default=())

    def noting(self, note: str) -> "_Seen":
        return replace(self, notes=(*self.notes, note))


def _as_itself(aws: AwsConnection, found: Found, seen: _Seen) -> _Seen:
    """What STS answers to the credential itself; the operator was just answered, so a refusal means it."""
    if found.secret is None:
        return seen
    tried = aws.as_key(found.identifier, found.secret)
    try:
        answer = ask("sts:GetCallerIdentity", tried.sts.get_caller_identity)
    except UnknownKeyError:
        if found.identifier.startswith("ASIA"):
            return seen.noting("Temporary credentials cannot be tried without their session token.")
        return replace(seen, refused=True)
    except WrongSecretError:
        return seen.noting("The secret found with it is not its own.")
    except ExpiredSessionError:
        return replace(seen, life="dead").noting("Its session is past its time.")
    finally:
        tried.close()
    return replace(seen, life="live", arn=answer["Arn"])


def _whose(aws: AwsConnection, found: Found, seen: _Seen, account: str) -> _Seen:
    absent = False
    try:
        if user := ask_last_use(aws, found.identifier).user:
            return replace(seen, user=user)
    except NotFoundError:
        absent = True
    except DeniedError:
        pass
    if seen.arn:
        return _by_arn(seen, account)
    if seen.life == "dead":
        return seen
    return _of_no_user(seen, account, _account_of(aws, found.identifier), absent=absent)


def _of_no_user(seen: _Seen, account: str, of: str, *, absent: bool) -> _Seen:
    """`of` is the account of the key, where that is known; `absent`: IAM says that it has no such key."""
    if of and of != account:
        return seen.noting(
            f"It is of AWS account {of}, and the operator is signed in to {account}: "
            "set AWS_PROFILE to an administrator there, and type the same again."
        )
    if seen.refused and absent:
        return replace(seen, life="dead").noting(
            "There is no such key any more; sessions that were got with it live for up to 36 hours."
        )
    if seen.refused:
        return seen.noting(
            "STS refuses it, and IAM does not say whose it is: it may be inactive and of another account or "
            "partition, or the operator may not iam:GetAccessKeyLastUsed. Sessions got with it may live."
        )
    if of and absent:
        return seen.noting(
            f"It is of this account ({account}), and IAM has no such key: it is deleted, or the root's."
        )
    return seen.noting(_NOBODYS)


def _account_of(aws: AwsConnection, access_key_id: str) -> str:
    """Empty where STS does not say. Told of a key of whatever account, and in whatever state.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
    """
    try:
        return str(
            ask("sts:GetAccessKeyInfo", aws.sts.get_access_key_info, AccessKeyId=access_key_id)["Account"]
        )
    except ProviderError:
        return ""


def _by_arn(seen: _Seen, account: str) -> _Seen:
    if seen.arn.split(":")[4] != account:
        return seen.noting(f"It belongs to {seen.arn}, of another account than the operator's ({account}).")
    if seen.arn.endswith(":root"):
        return seen.noting(
            "It is the account's root key: delete it by hand; root's sessions cannot be denied."
        )
    if ":user/" in seen.arn:
        return replace(seen, user=seen.arn.rpartition("/")[2])
    return seen.noting(_NOBODYS)


def _status(aws: AwsConnection, found: Found, seen: _Seen) -> _Seen:
    """What hangs on the user; and IAM's word on the key where it could not speak for itself."""
    if not seen.user:
        return seen
    try:
        listed = list_keys(aws, seen.user)
        key = listed.get(found.identifier)
        others = tuple(other for other in listed.ids if other != found.identifier)
        life: Life = seen.life
        if life == "unknown":
            life = "live" if key and key.status == "Active" else "dead"
        seen = replace(seen, life=life, other_keys=others)
    except DeniedError as error:
        seen = seen.noting(error.what)
    try:
        quarantined = _is_quarantined(aws, seen.user)
    except (DeniedError, NotFoundError) as error:
        return seen.noting(error.what)
    if quarantined:
        seen = seen.noting(f"AWS found it first: {_QUARANTINE}* is attached to {seen.user}.")
    return replace(seen, quarantined=quarantined)


def _is_quarantined(aws: AwsConnection, user: str) -> bool:
    pages = aws.iam.get_paginator("list_attached_user_policies").paginate(UserName=user)
    found = ask("iam:ListAttachedUserPolicies", list, pages)
    return any(
        policy["PolicyName"].startswith(_QUARANTINE) for page in found for policy in page["AttachedPolicies"]
    )


def _canary(aws: AwsConnection, found: Found, seen: _Seen) -> tuple[Secret | None, str, _Seen]:
    """The session, and its AccessKeyId, by which a review knows it for ours."""
    if found.secret is None or seen.life != "live" or not seen.user:
        return None, "", seen
    leaked = aws.as_key(found.identifier, found.secret)
    try:
        answer = ask("sts:GetSessionToken", leaked.sts.get_session_token, DurationSeconds=CANARY_SECONDS)
    except ProviderError as error:
        return (
            None,
            "",
            seen.noting(f"No session could be got with it to prove later that they are denied: {error}."),
        )
    finally:
        leaked.close()
    got = answer["Credentials"]
    parts = {name: got[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
    for value in (got["SecretAccessKey"], got["SessionToken"]):
        Secret(value)  # known to the redactor each by itself, too
    return Secret(json.dumps(parts)), got["AccessKeyId"], seen
