"""The service users that stand for a credential now, for a rotation that nobody has given a token to."""

from datetime import datetime

from responder.action import Connections
from responder.exposure import LeakedServiceUser, base_of
from responder.providers.modal import workspace
from responder.providers.modal.connection import ModalConnection


def standing(connections: Connections, base: str) -> list[tuple[LeakedServiceUser, datetime]]:
    """Each with the time that it was made: the one of that name, and the successors of it.

    Raises:
        ProviderError: the workspace could not be asked.
    """
    return [(user, made_at) for user, made_at in service_users(connections) if user.base == base]


def service_users(connections: Connections) -> list[tuple[LeakedServiceUser, datetime]]:
    """All of the workspace, in one question.

    Raises:
        ProviderError: the workspace could not be asked.
    """
    connection = connections.get(ModalConnection)
    users = connection.run("ServiceUserList", connection.workspace.service_users.list.aio)
    return [
        (
            LeakedServiceUser(
                credential=user.token_id,
                known=False,
                identifier=user.token_id,
                life="live",
                name=user.name,
                base=base_of(user.name),
                roles=workspace.open_roles(user),
            ),
            user.created_at,
        )
        for user in users
    ]
