"""Authentication: from a signed request to the one who sent it, and what they may at most do."""

from dataclasses import dataclass

from responder.sandbox.aws import errors, sigv4
from responder.sandbox.aws.account import Account, UserRecord
from responder.sandbox.aws.conditions import Context
from responder.sandbox.aws.policy import Policy
from responder.sandbox.aws.sessions import Session, Sessions
from responder.sandbox.aws.sigv4 import Signature
from responder.sandbox.aws.wire import Request


@dataclass(frozen=True)
class Principal:
    arn: str
    user_id: str
    """As GetCallerIdentity has it."""
    type: str
    """aws:PrincipalType: User, FederatedUser or AssumedRole."""
    key_id: str
    user_name: str | None
    """None for an assumed role."""
    identity_policies: tuple[Policy, ...]
    session: Session | None

    def context(self) -> Context:
        """The condition keys that say who asks. Only temporary credentials have an aws:TokenIssueTime."""
        found = {
            "aws:principalarn": self.arn,
            "aws:principaltype": self.type,
            "aws:userid": self.user_id,
        }
        if self.user_name and self.type == "User":
            found["aws:username"] = self.user_name
        if self.session:
            found["aws:tokenissuetime"] = str(self.session.issued_at)
            found["aws:multifactorauthpresent"] = "false"
        return found


def authenticate(
    request: Request, signature: Signature, account: Account, sessions: Sessions, now: float
) -> Principal:
    """Give the one who signed.

    Raises:
        ServiceError: the key is unknown, inactive, deleted or expired, its user is gone, or the signature is
            wrong.
    """
    service = signature.service
    key = account.key(signature.key_id)
    if key:
        if not key.active:
            raise errors.unknown_key(service)
        if signature.token is not None:
            raise errors.invalid_token(service)
        sigv4.verify(request, signature, key.secret, now)
        return _user(key.owner, signature.key_id, None, account)
    session = sessions.find(signature.key_id)
    if session is None:
        raise errors.unknown_key(service)
    if signature.token != session.token:
        raise errors.invalid_token(service)
    sigv4.verify(request, signature, session.secret, now)
    if now >= session.expires_at:
        raise errors.expired_token(service)
    principal = _of_session(session, account)
    if principal is None:
        raise errors.unknown_key(service)
    return principal


def _of_session(session: Session, account: Account) -> Principal | None:
    """None where the user or role that it hangs on is gone."""
    if session.kind == "assumed_role":
        role = account.role(session.owner)
        if role is None or role.role_id != session.owner_id:
            return None
        return Principal(
            arn=f"arn:aws:sts::{account.number}:assumed-role/{role.name}/{session.label}",
            user_id=f"{role.role_id}:{session.label}",
            type="AssumedRole",
            key_id=session.key_id,
            user_name=None,
            identity_policies=account.policies_of_role(role.name),
            session=session,
        )
    user = account.user(session.owner)
    if user is None or user.user_id != session.owner_id:
        return None
    if session.kind == "session_token":
        return _user(user, session.key_id, session, account)
    return Principal(
        arn=f"arn:aws:sts::{account.number}:federated-user/{session.label}",
        user_id=f"{account.number}:{session.label}",
        type="FederatedUser",
        key_id=session.key_id,
        user_name=user.name,
        identity_policies=account.policies_of_user(user.name),
        session=session,
    )


def _user(user: UserRecord, key_id: str, session: Session | None, account: Account) -> Principal:
    return Principal(
        arn=user.arn,
        user_id=user.user_id,
        type="User",
        key_id=key_id,
        user_name=user.name,
        identity_policies=account.policies_of_user(user.name),
        session=session,
    )
