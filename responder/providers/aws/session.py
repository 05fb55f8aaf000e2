"""Whose temporary credentials are that leaked, and whether they live."""

import json
from dataclasses import dataclass

from responder.action import Connections
from responder.exposure import LeakedSession
from responder.found import Found, Life
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import ExpiredSessionError, UnknownKeyError, WrongSecretError, ask
from responder.providers.aws.keys import role_of
from responder.providers.aws.trail import newest_use
from responder.secret import Secret


@dataclass(frozen=True)
class _Seen:
    life: Life = "unknown"
    arn: str = ""
    user: str = ""
    role: str = ""
    note: str = ""


def identify_session(connections: Connections, found: Found) -> LeakedSession:
    """By trying it where all three parts are there; else by what CloudTrail has of it.

    `credential` is the identifier and `known` is false: no inventory has what is temporary.

    Raises:
        UnauthenticatedError: the operator's own credentials are missing or refused.
        TransientError: AWS could not be reached or is busy.
    """
    aws = connections.get(AwsConnection)
    account = ask("sts:GetCallerIdentity", aws.sts.get_caller_identity)["Account"]
    seen = _tried(aws, found)
    if seen.life != "dead":
        seen = _owned(aws, found, seen, account)
    return LeakedSession(
        credential=found.identifier,
        known=False,
        identifier=found.identifier,
        secret=found.secret,
        life=seen.life,
        note=seen.note,
        user=seen.user,
        role=seen.role,
        session=_whole(found) if seen.life == "live" else None,
    )


def _tried(aws: AwsConnection, found: Found) -> _Seen:
    """STS answers even where a policy denies everything, so what is live may be denied already."""
    if found.secret is None or found.session_token is None:
        lacks = "session token" if found.secret else "secret"
        only_named = found.secret is found.session_token
        return _Seen(note="" if only_named else f"It was not tried: its {lacks} is not here.")
    tried = aws.as_key(found.identifier, found.secret, found.session_token)
    try:
        answer = ask("sts:GetCallerIdentity", tried.sts.get_caller_identity)
    except ExpiredSessionError:
        return _Seen(life="dead", note="It is past its time.")
    except UnknownKeyError:
        return _Seen(note="STS refuses it: its parts do not belong together, or its user or role is gone.")
    except WrongSecretError:
        return _Seen(note="The secret found with it is not its own.")
    finally:
        tried.close()
    return _Seen(life="live", arn=answer["Arn"])


def _owned(aws: AwsConnection, found: Found, seen: _Seen, account: str) -> _Seen:
    arn, user, role, why = seen.arn, "", role_of(seen.arn), ""
    if ":user/" in arn:
        user = arn.rpartition("/")[2]
    elif not role:  # not tried, or federated: STS does not say by whom
        used, why = newest_use(aws, found.identifier)
        if used:
            arn, user, role = seen.arn or used.arn, used.user, used.role
    notes = [seen.note]
    if arn and arn.split(":")[4] != account:
        user, role = "", ""
        notes.append(f"It belongs to {arn}, of another account than the operator's ({account}).")
    elif arn.endswith(":root"):
        notes.append("It is a session of the account's root, which cannot be denied: change root's password.")
    elif user or role:
        notes.append("It cannot be deactivated: it dies when the sessions of its owner are denied.")
    else:
        notes.append(f"{why} So nobody knows whose sessions to deny.")
    return _Seen(seen.life, arn, user, role, " ".join(filter(None, notes)))


def _whole(found: Found) -> Secret | None:
    if found.secret is None or found.session_token is None:
        return None
    parts = {
        "AccessKeyId": found.identifier,
        "SecretAccessKey": found.secret.reveal(),
        "SessionToken": found.session_token.reveal(),
    }
    return Secret(json.dumps(parts))
