"""What commands share that ask the services where credentials are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from responder.cli.desk import Desk, consoles

if TYPE_CHECKING:
    from responder.places import Discovered


def surveyed(desk: Desk, repositories: Sequence[str]) -> "Discovered":
    """All services' answers; a person sees that they are being asked."""
    from responder.discover import Survey  # noqa: PLC0415  # not for --help

    _, err = consoles()
    with desk.connections() as connections, err.status("Asking Modal, AWS and GitHub …"):
        return Survey(connections, repositories).result()


def tell_unread(desk: Desk, discovered: "Discovered") -> None:
    for one in discovered.unread:
        desk.tell("inventory.unread", f"Not read: {one}", warning=True)
