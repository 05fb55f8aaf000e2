"""What the workspace says of its people and tokens, and who we are in it."""

from typing import TYPE_CHECKING, Any

from responder.action import Connections
from responder.errors import NotFoundError, RefusedError
from responder.providers.modal.connection import ModalConnection

if TYPE_CHECKING:
    from modal.types import MemberTokenInfo, ProxyTokenInfo, ServiceUserInfo

MANAGER = "workspace role: manager"
NO_ACCESS = "no-access"


def whoami(connections: Connections) -> str:
    """The member or service user that the operator's token belongs to, and the workspace."""
    connection = connections.get(ModalConnection)
    return described(connection.run("TokenInfoGet", lambda: token_info(connection)))


async def token_info(connection: ModalConnection) -> Any:  # noqa: ANN401  # a message of modal_proto, untyped
    """The TokenInfoGetResponse of the connection's own token."""
    from modal_proto import api_pb2  # noqa: PLC0415

    return await connection.rpc("TokenInfoGet", api_pb2.TokenInfoGetRequest())


def described(info: Any) -> str:  # noqa: ANN401  # a TokenInfoGetResponse
    kind = "service user" if info.HasField("service_user_identity") else "member"
    return f"{kind} {principal(info)} in workspace {info.workspace_name}"


def principal(info: Any) -> str:  # noqa: ANN401  # a TokenInfoGetResponse
    """The name that the service writes into a deployment's history for this token."""
    if info.HasField("service_user_identity"):
        return str(info.service_user_identity.service_user_name)
    return str(info.user_identity.username)


def service_user(connection: ModalConnection, name: str) -> "ServiceUserInfo | None":
    try:
        return connection.run("ServiceUserInfo", lambda: connection.workspace.service_users.info.aio(name))
    except NotFoundError:
        return None


def service_user_of(connection: ModalConnection, token_id: str) -> "ServiceUserInfo | None":
    users = connection.run("ServiceUserList", connection.workspace.service_users.list.aio)
    return next((user for user in users if user.token_id == token_id), None)


def member_token(connection: ModalConnection, token_id: str) -> "MemberTokenInfo | None":
    """None also for a token that only its owner or a manager may see."""
    tokens = connection.run("TokensList", connection.workspace.member_tokens.list.aio)
    return next((token for token in tokens if token.token_id == token_id), None)


def proxy_token(connection: ModalConnection, token_id: str) -> "ProxyTokenInfo | None":
    tokens = connection.run("WebhookTokenList", connection.workspace.proxy_tokens.list.aio)
    return next((token for token in tokens if token.token_id == token_id), None)


def sees_every_token(connection: ModalConnection) -> bool:
    """Members who are neither owner nor manager are shown only tokens of their own."""

    async def ask() -> bool:
        info = await token_info(connection)
        members = await connection.workspace.members.list.aio()
        mine = [member for member in members if member.user_id == info.user_identity.user_id]
        return any(member.role in ("owner", "manager") for member in mine)

    return connection.run("WorkspaceMembersList", ask)


def open_roles(user: "ServiceUserInfo") -> dict[str, str]:
    """Environment -> role, where the role lets the user do anything."""
    return {name: role for name, role in sorted(user.environment_roles.items()) if role != NO_ACCESS}


def refuse_own(connection: ModalConnection, token_id: str) -> None:
    """Never take from the operator what the operator is authenticated with.

    Raises:
        RefusedError: it is the token of this connection.
    """
    if connection.account.token_id == token_id:
        raise RefusedError(
            f"{token_id} is the token that this session works with: without it nothing more could be done.",
            next_step="Set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET to another manager's token, and repeat.",
        )
