"""Keyed digests of what a workload holds, told by the workload itself, as nobody can read a Secret."""

import re
from collections.abc import Sequence
from typing import Final

from responder.action import Connections
from responder.errors import RejectedError
from responder.providers.modal import remote
from responder.providers.modal.connection import ModalConnection
from responder.providers.modal.errors import PROVIDER

FUNCTION: Final = "digests"
_CALL: Final = 60.0  # seconds, with a container's start
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def digests(
    connections: Connections, app: str, environment: str, key: str, names: Sequence[str]
) -> dict[str, str]:
    """HMAC-SHA-256 in hex, by name, of those variables that the app's containers have.

    Args:
        connections: the operator's.
        app: with a function `digests(key, names)`; gpu_app/app.py shows it.
        environment: where it is deployed.
        key: random, and new for each comparison: a digest of today tells nothing tomorrow.
        names: of variables.

    Raises:
        RejectedError: the app has no such function, or its answer is something else.
        ProviderError: the service could not be asked.
    """
    connection = connections.get(ModalConnection)
    try:
        said = remote.call(connection, app, environment, FUNCTION, _CALL, [key, list(names)])
    except remote.FailedCallError as error:
        raise RejectedError(
            PROVIDER,
            FUNCTION,
            f"{app} in {environment} does not tell digests: {error.what}",
        ) from None
    if not isinstance(said, dict):
        raise RejectedError(PROVIDER, FUNCTION, f"{app} in {environment} answered something else.")
    told = {name: str(said[name]) for name in names if name in said}
    return {name: digest for name, digest in told.items() if _DIGEST.fullmatch(digest)}
