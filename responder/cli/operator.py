"""Who is at the keyboard, for the record."""

import getpass
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from responder.action import Connections


def operator(connections: "Connections") -> dict[str, str]:
    """Who we are for each provider, and on this machine."""
    from responder.identify import whoami  # noqa: PLC0415  # pydantic: not for --help

    return {**whoami(connections), "local": f"{getpass.getuser()}@{socket.gethostname()}"}
