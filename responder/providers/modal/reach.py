"""Which environments somebody or something reaches, as the workspace says it; read only."""

import asyncio
from typing import Any

from responder.providers.modal import workspace
from responder.providers.modal.connection import ModalConnection

__all__ = ["opened_by", "roles_of"]

_OF_EVERYBODY = "contributor"  # in an environment that is not restricted


def roles_of(connection: ModalConnection, member: str) -> dict[str, str]:
    """Environment -> the member's role, where it lets them do anything.

    Raises:
        ProviderError: it could not be asked.
    """
    import modal  # noqa: PLC0415

    async def role_in(one: Any) -> str:  # noqa: ANN401  # an EnvironmentListItem
        if not one.is_managed:
            return _OF_EVERYBODY
        environment = modal.Environment.from_name(one.name, client=connection.client)
        return str((await environment.roles.list.aio())["users"].get(member, workspace.NO_ACCESS))

    async def ask() -> dict[str, str]:
        listed = await _environments(connection)
        roles = await asyncio.gather(*map(role_in, listed))
        return {one.name: role for one, role in zip(listed, roles, strict=True)}

    found = connection.run("EnvironmentGetRoles", ask)
    return {name: role for name, role in sorted(found.items()) if role != workspace.NO_ACCESS}


def opened_by(connection: ModalConnection, token_id: str) -> tuple[str, ...]:
    """The environments whose web endpoints a scoped proxy token opens.

    Raises:
        ProviderError: it could not be asked.
    """

    async def opens(name: str) -> bool:
        listed = await connection.workspace.proxy_tokens.list.aio(environment_name=name)
        return any(one.token_id == token_id for one in listed)

    async def ask() -> tuple[str, ...]:
        names = [str(one.name) for one in await _environments(connection)]
        answers = await asyncio.gather(*map(opens, names))
        return tuple(name for name, opened in zip(names, answers, strict=True) if opened)

    return connection.run("WebhookTokenListForEnvironment", ask)


async def _environments(connection: ModalConnection) -> list[Any]:
    from google.protobuf.empty_pb2 import Empty  # noqa: PLC0415

    return list((await connection.rpc("EnvironmentList", Empty())).items)
