"""The access keys of a user that live now, for a rotation that nobody has given a key to."""

from datetime import datetime

from responder.action import Connections
from responder.exposure import LeakedAccessKey
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.keys import list_keys


def standing(connections: Connections, user: str) -> list[tuple[LeakedAccessKey, datetime]]:
    """Each active key with the time that it was made. One that is inactive opens nothing, and is left out.

    Raises:
        ProviderError: IAM could not be asked.
    """
    listed = list_keys(connections.get(AwsConnection), user)
    return [
        (
            LeakedAccessKey(
                credential=key.access_key_id,
                known=False,
                identifier=key.access_key_id,
                life="live",
                user=user,
                other_keys=tuple(other for other in listed.ids if other != key.access_key_id),
            ),
            key.created,
        )
        for key in listed.keys
        if key.status == "Active"
    ]
