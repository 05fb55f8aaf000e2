"""STS, whole: moto's own hands out canned credentials that nothing accepts.

https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
"""

import base64
import json
import re
from datetime import UTC, datetime

from responder.sandbox.aws.account import Account, RoleRecord
from responder.sandbox.aws.authorize import denied
from responder.sandbox.aws.conditions import Context
from responder.sandbox.aws.errors import ServiceError, not_in_sandbox
from responder.sandbox.aws.operations import Operation
from responder.sandbox.aws.policy import Policy, trusts
from responder.sandbox.aws.principal import Principal
from responder.sandbox.aws.query import Fields
from responder.sandbox.aws.sessions import Session, Sessions
from responder.sandbox.aws.web_identity import Issuers
from responder.sandbox.aws.wire import Request

_HOUR_S = 3600
_SHORTEST_S = 900
_LABEL = re.compile(r"[\w+=,.@-]{2,64}")


class Sts:
    """Each operation assumes that its caller is authenticated and authorized."""

    def __init__(self, account: Account, sessions: Sessions, issuers: Issuers) -> None:
        self._account = account
        self._sessions = sessions
        self._issuers = issuers

    def answer(self, name: str, request: Request, caller: Principal, context: Context, now: float) -> Fields:
        """Do it, and give the result element's children.

        Raises:
            ServiceError: ValidationError and AccessDenied; NotImplemented for operations that are not here.
        """
        match name:
            case "GetCallerIdentity":
                return {"Arn": caller.arn, "UserId": caller.user_id, "Account": self._account.number}
            case "GetAccessKeyInfo":
                return {"Account": _account_in(request.parameters.get("AccessKeyId", ""))}
            case "GetSessionToken":
                return {"Credentials": _credentials(self._session_token(request, caller, now))}
            case "GetFederationToken":
                return self._federation_token(request, caller, now)
            case "AssumeRole":
                return self._assume_role(request, caller, context, now)
            case _:
                raise not_in_sandbox(f"sts:{name}")

    def by_web_identity(self, request: Request, now: float) -> Fields:
        """AssumeRoleWithWebIdentity, which nobody signs.

        Raises:
            ServiceError: InvalidIdentityToken, ExpiredTokenException, AccessDenied; ValidationError.
        """
        who = self._issuers.identity(request.parameters.get("WebIdentityToken", ""), self._account, now)
        arn, label = request.parameters.get("RoleArn", ""), _label(request, "RoleSessionName")
        role = self._account.role(arn.rpartition("/")[2])
        action, provider = "sts:AssumeRoleWithWebIdentity", {who.provider}
        if role is None or role.arn != arn or not trusts(role.trust_policy, provider, action, who.context):
            raise ServiceError("AccessDenied", f"Not authorized to perform {action}")
        session = self._sessions.issue(
            "assumed_role",
            parent_key_id="",
            owner=role.name,
            owner_id=role.role_id,
            label=label,
            policies=self._session_policies(request),
            now=now,
            duration_s=_duration(request, default=_HOUR_S, longest=12 * _HOUR_S),
        )
        return {
            "Credentials": _credentials(session),
            "SubjectFromWebIdentityToken": who.subject,
            "AssumedRoleUser": self._assumed(role, label),
            "Provider": who.provider,
            "Audience": who.audience,
        }

    def _assumed(self, role: RoleRecord, label: str) -> Fields:
        arn = f"arn:aws:sts::{self._account.number}:assumed-role/{role.name}/{label}"
        return {"Arn": arn, "AssumedRoleId": f"{role.role_id}:{label}"}

    def _session_token(self, request: Request, caller: Principal, now: float) -> Session:
        if "TokenCode" in request.parameters:
            raise ServiceError(
                "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code."
            )
        return self._issue_to_user(request, caller, now)

    def _federation_token(self, request: Request, caller: Principal, now: float) -> Fields:
        label = _label(request, "Name")
        session = self._issue_to_user(request, caller, now, label=label, federated=True)
        arn = f"arn:aws:sts::{self._account.number}:federated-user/{label}"
        return {
            "Credentials": _credentials(session),
            "FederatedUser": {"Arn": arn, "FederatedUserId": f"{self._account.number}:{label}"},
        }

    def _issue_to_user(
        self, request: Request, caller: Principal, now: float, *, label: str = "", federated: bool = False
    ) -> Session:
        user = self._account.user(caller.user_name or "")
        if user is None:
            raise ServiceError("AccessDenied", "Cannot call this with session credentials")
        return self._sessions.issue(
            "federation_token" if federated else "session_token",
            parent_key_id=caller.key_id,
            owner=user.name,
            owner_id=user.user_id,
            label=label,
            policies=self._session_policies(request) if federated else None,
            now=now,
            duration_s=_duration(request, default=12 * _HOUR_S, longest=36 * _HOUR_S),
        )

    def _assume_role(self, request: Request, caller: Principal, context: Context, now: float) -> Fields:
        arn = request.parameters.get("RoleArn", "")
        role = self._account.role(arn.rpartition("/")[2])
        label = _label(request, "RoleSessionName")
        trusted = {caller.arn, f"arn:aws:iam::{self._account.number}:root", self._account.number}
        if (
            role is None
            or role.arn != arn
            or not trusts(role.trust_policy, trusted, "sts:AssumeRole", context)
        ):
            why = "because no resource-based policy allows the sts:AssumeRole action"
            raise denied(caller, Operation("sts:AssumeRole", arn), why)
        session = self._sessions.issue(
            "assumed_role",
            parent_key_id=caller.key_id,
            owner=role.name,
            owner_id=role.role_id,
            label=label,
            policies=self._session_policies(request),
            now=now,
            duration_s=_duration(request, default=_HOUR_S, longest=12 * _HOUR_S),
        )
        return {"Credentials": _credentials(session), "AssumedRoleUser": self._assumed(role, label)}

    def _session_policies(self, request: Request) -> tuple[Policy, ...] | None:
        """The inline one and the managed ones that the request names; None where it names none."""
        found: list[Policy] = []
        if "Policy" in request.parameters:
            found.append(Policy("session", _json(request.parameters["Policy"])))
        arns = (value for name, value in request.parameters.items() if name.startswith("PolicyArns.member."))
        for arn in arns:
            managed = self._account.managed_policy(arn)
            if managed is None:
                raise ServiceError("MalformedPolicyDocument", f"The policy {arn} does not exist.", 400)
            found.append(managed)
        return tuple(found) or None


def _json(document: str) -> str:
    try:
        json.loads(document)
    except ValueError:
        raise ServiceError(
            "MalformedPolicyDocument", "The policy is not in the valid JSON format.", 400
        ) from None
    return document


def _account_in(access_key_id: str) -> str:
    """As moto writes it into its keys' names, and AWS into its own.

    https://medium.com/@TalBeerySec/a-short-note-on-aws-key-id-f88cc4317489
    """
    try:
        number = int.from_bytes(base64.b32decode(access_key_id[4:])[:6], "big")
    except ValueError:
        raise ServiceError("ValidationError", "The access key ID is not valid.") from None
    return f"{(number & 0x7FFFFFFFFF80) >> 7:012d}"


def _label(request: Request, parameter: str) -> str:
    label = request.parameters.get(parameter, "")
    if not _LABEL.fullmatch(label):
        raise ServiceError("ValidationError", f"{parameter} must match {_LABEL.pattern}", 400)
    return label


def _duration(request: Request, *, default: int, longest: int) -> int:
    asked = request.parameters.get("DurationSeconds", str(default))
    if not asked.isdigit() or not _SHORTEST_S <= int(asked) <= longest:
        raise ServiceError(
            "ValidationError", f"DurationSeconds must be between {_SHORTEST_S} and {longest}.", 400
        )
    return int(asked)


def _credentials(session: Session) -> Fields:
    return {
        "AccessKeyId": session.key_id,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": datetime.fromtimestamp(session.expires_at, UTC).isoformat(),
    }
