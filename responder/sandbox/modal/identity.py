"""Who is asking, and what they may do: decided anew for every request."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from multidict import MultiDict

from responder.sandbox.modal.state import (
    CONTRIBUTOR,
    NO_ACCESS,
    VIEWER,
    Environment,
    IssuedToken,
    Member,
    ServiceUser,
    State,
)


class Asker(Protocol):
    """Whoever may call functions: a client with its token, or a container in its environment."""

    def require_write(self, environment: Environment) -> None: ...


@dataclass(frozen=True)
class Caller:
    token: IssuedToken
    principal: Member | ServiceUser
    client_version: str = ""

    @property
    def name(self) -> str:
        return self.principal.name

    @property
    def administrates(self) -> bool:
        return isinstance(self.principal, Member) and self.principal.role in ("owner", "manager")

    def require_administrator(self) -> None:
        if not self.administrates:
            raise denied("This needs the workspace role owner or manager.")

    def require_member(self) -> Member:
        if not isinstance(self.principal, Member):
            raise denied("Only a member of the workspace may do this.")
        return self.principal

    def require_read(self, environment: Environment) -> None:
        if effective_role(self.principal, environment) not in (VIEWER, CONTRIBUTOR):
            raise denied(f"{self.name} has no access to environment '{environment.name}'.")

    def require_write(self, environment: Environment) -> None:
        self.require_read(environment)
        if effective_role(self.principal, environment) != CONTRIBUTOR:
            raise denied(f"{self.name} is not a contributor in environment '{environment.name}'.")


def effective_role(principal: Member | ServiceUser, environment: Environment) -> str:
    """Owners and managers contribute everywhere, other members everywhere that is not restricted."""
    if isinstance(principal, ServiceUser):
        return principal.roles.get(environment.name, NO_ACCESS)
    if principal.role != "user" or not environment.restricted:
        return CONTRIBUTOR
    return environment.member_roles.get(principal.user_id, environment.default_role)


def authenticate(state: State, metadata: "MultiDict[str | bytes]", clock: Callable[[], float]) -> Caller:
    """The caller behind the headers of one request.

    Raises:
        GRPCError: UNAUTHENTICATED, in the same words for every reason, as a stranger must not learn which.
    """
    token = state.tokens.get(_header(metadata, "x-modal-token-id"))
    offered = _header(metadata, "x-modal-token-secret")
    if token is None or not hmac.compare_digest(token.token_secret.encode(), offered.encode()):
        raise _unauthenticated()
    now = clock()
    if not is_live(token, now):
        raise _unauthenticated()
    principal = _owner(state, token)
    if principal is None:
        raise _unauthenticated()
    token.last_used_at = now
    return Caller(token, principal, _header(metadata, "x-modal-client-version"))


def is_live(token: IssuedToken, now: float) -> bool:
    return not token.disabled and (token.expires_at is None or now < token.expires_at)


def _owner(state: State, token: IssuedToken) -> Member | ServiceUser | None:
    if token.kind == "member":
        return state.members.get(token.owner_id)
    return next(
        (user for user in state.service_users.values() if user.service_user_id == token.owner_id), None
    )


def _header(metadata: "MultiDict[str | bytes]", name: str) -> str:
    value = metadata.get(name, "")
    return value if isinstance(value, str) else ""


def _unauthenticated() -> GRPCError:
    return GRPCError(Status.UNAUTHENTICATED, "Token missing, unknown, disabled or expired.")


def denied(message: str) -> GRPCError:
    return GRPCError(Status.PERMISSION_DENIED, message)
