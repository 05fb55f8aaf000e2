"""What a member of the workspace has: tokens, roles, and what they made; read only."""

from dataclasses import dataclass

from responder.access import MemberRole
from responder.action import Connections
from responder.errors import DeniedError
from responder.exposure import LeakedMemberToken
from responder.providers.modal import workspace
from responder.providers.modal.connection import ModalConnection
from responder.providers.modal.errors import PROVIDER


@dataclass(frozen=True)
class OfMember:
    tokens: tuple[LeakedMemberToken, ...]
    roles: tuple[MemberRole, ...]  # in restricted environments
    service_users: tuple[str, ...]
    proxy_tokens: tuple[str, ...]


def of_member(connections: Connections, member: str) -> OfMember:
    """Everything under that name.

    Raises:
        DeniedError: the operator is not shown the tokens of others.
        ProviderError: the workspace could not be asked.
    """
    connection = connections.get(ModalConnection)
    if not workspace.sees_every_token(connection):
        raise DeniedError(
            PROVIDER, "TokensList", "others' tokens are shown only to owners and managers of the workspace."
        )
    listed = connection.run("TokensList", connection.workspace.member_tokens.list.aio)
    users = connection.run("ServiceUserList", connection.workspace.service_users.list.aio)
    proxies = connection.run("WebhookTokenList", connection.workspace.proxy_tokens.list.aio)
    return OfMember(
        tokens=tuple(
            LeakedMemberToken(
                credential=token.token_id,
                known=False,
                identifier=token.token_id,
                life="dead" if token.disabled else "live",
                owner=token.username,
            )
            for token in listed
            if token.username == member
        ),
        roles=_roles(connection, member),
        service_users=tuple(user.name for user in users if user.created_by == member),
        proxy_tokens=tuple(token.token_id for token in proxies if token.created_by == member),
    )


def _roles(connection: ModalConnection, member: str) -> tuple[MemberRole, ...]:
    import modal  # noqa: PLC0415
    from google.protobuf.empty_pb2 import Empty  # noqa: PLC0415

    async def ask() -> tuple[MemberRole, ...]:
        found = []
        for one in (await connection.rpc("EnvironmentList", Empty())).items:
            if one.is_managed:
                environment = modal.Environment.from_name(one.name, client=connection.client)
                roles = (await environment.roles.list.aio())["users"]
                if roles.get(member, workspace.NO_ACCESS) != workspace.NO_ACCESS:
                    found.append(MemberRole(environment=one.name, member=member))
        return tuple(found)

    return connection.run("EnvironmentGetRoles", ask)
