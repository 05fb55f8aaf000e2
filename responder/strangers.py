"""Credentials that somebody made beside a leaked one. They are told, never touched: that is for a person."""

from collections.abc import Mapping, Sequence
from typing import Any

from responder.action import Connections
from responder.engine import Stranger


def strangers(connections: Connections, leaked: Mapping[str, Any], ours: set[str]) -> Sequence[Stranger]:
    """Active AWS access keys of a leaked key's user that nobody of us knows.

    Args:
        connections: the operator's.
        leaked: a leaked credential, as the journal has it.
        ours: every identifier that is known.

    Raises:
        ProviderError: IAM could not be asked.
    """
    user = leaked.get("user", "")
    if not user:
        return ()
    from responder.providers.aws.connection import AwsConnection  # noqa: PLC0415  # SDKs only when needed
    from responder.providers.aws.deactivate import INACTIVE  # noqa: PLC0415
    from responder.providers.aws.keys import last_use, list_keys  # noqa: PLC0415

    aws = connections.get(AwsConnection)
    return [
        Stranger(
            key.access_key_id,
            f"an access key of {user}, created {key.created:%Y-%m-%d %H:%M:%S} UTC, "
            f"{last_use(aws, key.access_key_id) or 'last use unknown'}",
            f"aws iam update-access-key --user-name {user} --access-key-id {key.access_key_id} "
            f"--status {INACTIVE}",
        )
        for key in list_keys(aws, user).keys
        if key.access_key_id not in ours and key.status != INACTIVE
    ]
