"""Authorization: whether an authenticated principal may do what it asks, and the refusal's words if not.

The order and the wording: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from datetime import UTC, datetime

from responder.sandbox.aws.conditions import Context
from responder.sandbox.aws.errors import ServiceError, unknown_key
from responder.sandbox.aws.operations import Operation
from responder.sandbox.aws.policy import Decision, Policy, decide
from responder.sandbox.aws.principal import Principal

# "An explicit deny does not stop it" / "You cannot use policies to control authentication operations":
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
_BEYOND_POLICIES = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken"})


def authorize(principal: Principal, operation: Operation, context: Context) -> None:
    """Return only if it may.

    Raises:
        ServiceError: AccessDenied; InvalidClientTokenId for a session that may not call IAM at all.
    """
    _check_session_may_call(principal, operation)
    if operation.action in _BEYOND_POLICIES:
        return
    own = decide(principal.identity_policies, operation.action, operation.resource, context)
    limit = _session_limit(principal)
    within = (
        Decision.ALLOWED if limit is None else decide(limit, operation.action, operation.resource, context)
    )
    if own is Decision.EXPLICIT_DENY:
        raise denied(principal, operation, "with an explicit deny in an identity-based policy")
    if within is Decision.EXPLICIT_DENY:
        raise denied(principal, operation, "with an explicit deny in a session policy")
    if own is Decision.IMPLICIT_DENY:
        why = f"because no identity-based policy allows the {operation.action} action"
        raise denied(principal, operation, why)
    if within is Decision.IMPLICIT_DENY:
        why = f"because no session policy allows the {operation.action} action"
        raise denied(principal, operation, why)


def context_of(principal: Principal, source_ip: str, now: float) -> Context:
    moment = datetime.fromtimestamp(now, UTC).isoformat()
    shared = {"aws:currenttime": moment, "aws:epochtime": str(int(now)), "aws:sourceip": source_ip}
    return {**shared, **principal.context(), "aws:securetransport": "false"}


def _check_session_may_call(principal: Principal, operation: Operation) -> None:
    """Refuse what a user's sessions may not call, whatever the policies say.

    The rule: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
    IAM's answer to it, the same as for a dead key: https://github.com/99designs/aws-vault/issues/1056
    """
    if principal.session is None or principal.session.kind == "assumed_role":
        return
    service, _, name = operation.action.partition(":")
    if service == "iam":
        raise unknown_key(service)
    allowed = {"GetCallerIdentity"}
    if principal.session.kind == "session_token":
        allowed.add("AssumeRole")
    if service == "sts" and name not in allowed:
        raise ServiceError("AccessDenied", f"Cannot call {name} with session credentials")


def _session_limit(principal: Principal) -> tuple[Policy, ...] | None:
    """A federated user without a session policy may do nothing; other sessions without one lose nothing."""
    if principal.session is None:
        return None
    if principal.session.policies is None and principal.session.kind == "federation_token":
        return ()
    return principal.session.policies


def denied(principal: Principal, operation: Operation, why: str) -> ServiceError:
    # S3 puts the resource in quotes, IAM and STS do not.
    quote = '"' if operation.action.startswith("s3:") else ""
    return ServiceError(
        "AccessDenied",
        f"User: {principal.arn} is not authorized to perform: {operation.action} "
        f"on resource: {quote}{operation.resource}{quote} {why}",
    )
