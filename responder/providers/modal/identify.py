"""Whose a leaked token is, and whether it lives."""

from typing import TYPE_CHECKING, Any

from responder.action import Connections
from responder.errors import DeniedError, ProviderError
from responder.exposure import Leaked, LeakedMemberToken, LeakedProxyToken, LeakedServiceUser, base_of
from responder.found import Found, Kind, Life
from responder.providers.modal import workspace
from responder.providers.modal.connection import ModalConnection
from responder.providers.modal.proof import tried

if TYPE_CHECKING:
    from modal.types import ServiceUserInfo

_TOKENS = (Kind.MODAL_TOKEN, Kind.MODAL_SERVICE_USER, Kind.MODAL_MEMBER_TOKEN)


def identify(connections: Connections, found: Found) -> Leaked | None:
    """What the workspace knows of a token; None for one that it does not know, or of another service.

    The inventory's name for it is not known here: the identifier stands for it.

    Raises:
        ProviderError: the workspace could not be asked, or the operator may not see enough to tell.
    """
    if found.kind is Kind.MODAL_PROXY_TOKEN:
        return _proxy_token(connections, found)
    if found.kind in _TOKENS:
        return (
            _service_user(connections, found)
            or _member_token(connections, found)
            or _by_its_own_word(connections, found)
        )
    return None


def _service_user(connections: Connections, found: Found) -> LeakedServiceUser | None:
    user = workspace.service_user_of(connections.get(ModalConnection), found.identifier)
    return None if user is None else _leaked_service_user(connections, found, user)


def _leaked_service_user(
    connections: Connections, found: Found, user: "ServiceUserInfo"
) -> LeakedServiceUser:
    roles = workspace.open_roles(user)
    return LeakedServiceUser(
        **_common(found),
        life=_life(connections, found, listed="live"),
        note="" if roles else "Its roles are no-access everywhere already.",
        name=user.name,
        base=base_of(user.name),
        roles=roles,
    )


def _member_token(connections: Connections, found: Found) -> LeakedMemberToken | None:
    connection = connections.get(ModalConnection)
    try:
        token = workspace.member_token(connection, found.identifier)
    except DeniedError:
        if found.secret is None:
            raise
        return None  # the token may still say whose it is
    if token is None:
        return None
    life = _life(connections, found, listed="dead" if token.disabled else "live")
    return LeakedMemberToken(**_common(found), life=life, owner=token.username)


def _by_its_own_word(connections: Connections, found: Found) -> Leaked | None:
    """An operator who is no manager is not shown the tokens of others: ask as the token itself."""
    if found.secret is None:
        return None
    operator = connections.get(ModalConnection)
    home = operator.run("TokenInfoGet", lambda: workspace.token_info(operator)).workspace_id
    try:
        with operator.as_token(found.identifier, found.secret) as other:
            info = other.run("TokenInfoGet", lambda: workspace.token_info(other))
    except ProviderError:
        return None
    if info.workspace_id != home:
        return None
    if info.HasField("service_user_identity"):
        user = workspace.service_user(operator, workspace.principal(info))
        return None if user is None else _leaked_service_user(connections, found, user)
    return LeakedMemberToken(**_common(found), life="live", owner=workspace.principal(info))


def _proxy_token(connections: Connections, found: Found) -> LeakedProxyToken | None:
    token = workspace.proxy_token(connections.get(ModalConnection), found.identifier)
    if token is None:
        return None
    # It opens web endpoints only: there is nothing here to try it on, and it lives as long as it is listed.
    return LeakedProxyToken(**_common(found), life="live", note=token.name and f"Its name is {token.name}.")


def _common(found: Found) -> dict[str, Any]:
    return {
        "credential": found.identifier,
        "known": False,
        "identifier": found.identifier,
        "secret": found.secret,
    }


def _life(connections: Connections, found: Found, *, listed: Life) -> Life:
    """By trying the token, where its secret leaked too; else by what the workspace lists."""
    if found.secret is None:
        return listed
    return tried(connections, found.identifier, found.secret).life
