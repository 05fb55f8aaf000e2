"""What commands share that ask the services where credentials are."""

import os
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from responder.cli.desk import Desk, consoles

if TYPE_CHECKING:
    from rich.console import Console

    from responder.action import Connections
    from responder.beyond import Widened
    from responder.discover import Survey
    from responder.found import Kind
    from responder.inventory import Inventory
    from responder.places import Discovered

_MOST_LINES = 8


def surveyed(desk: Desk, inventory: "Inventory", repositories: Sequence[str]) -> "Discovered":
    """All services' answers; a person sees that they are being asked, and which are not."""
    from responder.discover import Survey, named_in  # noqa: PLC0415  # not for --help

    _, err = consoles()
    with desk.connections() as connections, err.status("Asking Modal, AWS and GitHub …"):
        survey = Survey(connections, repositories, needed=named_in(inventory))
        discovered = survey.result()
    for service in survey.left_out:
        desk.tell("inventory.not-asked", f"{service} was not asked: you are not signed in to it.")
    return discovered


def tell_unread(desk: Desk, discovered: "Discovered") -> None:
    """What has one reason in one line."""
    by_reason: dict[str, list[str]] = {}
    for one in discovered.unread:
        what, _, why = one.partition(": ")
        by_reason.setdefault(why, []).append(what)
    for why, whats in by_reason.items():
        desk.tell("inventory.unread", f"Not read: {'; '.join(whats)}: {why}", warning=True)


def survey_beside(connections: "Connections", inventory: "Inventory", *, known_too: bool = False) -> "Survey":
    """Begins to ask where else credentials are, while they are identified, and with the same deadline.

    Of the Modal apps that the inventory has it is asked only if `known_too` what they run with.
    """
    from responder.discover import Survey, named_in  # noqa: PLC0415
    from responder.identify import PATIENCE  # noqa: PLC0415

    here = os.environ.get("GITHUB_REPOSITORY", "")
    return Survey(
        connections,
        inventory.repositories or ((here,) if here else ()),
        patience=PATIENCE,
        services=("modal", "github"),  # AWS keeps none that others use
        needed=named_in(inventory),
        without=() if known_too else {(one.environment, one.app) for one in inventory.workloads},
    )


def tell_beyond(
    out: "Console",
    kinds: "Collection[Kind]",
    credentials: Collection[str],
    inventory: "Inventory",
    discovered: "Discovered",
) -> None:
    """Where what leaked may be, and what runs with it, that the inventory does not know."""
    from responder.beyond import warnings  # noqa: PLC0415

    found = list(warnings(kinds, credentials, inventory, discovered))
    for line in found[:_MOST_LINES]:
        _line(out, f"! {line}", "bold yellow")
    if len(found) > _MOST_LINES:
        _line(out, f"! and {len(found) - _MOST_LINES} more: respond inventory check", "bold yellow")
    tell_unread_beyond(out, discovered)


def tell_unread_beyond(out: "Console", discovered: "Discovered") -> None:
    """That what was told may not be all, in one line."""
    if unread := discovered.unread:
        more_unread = f" (and {len(unread) - 1} more)" if unread[1:] else ""
        _line(out, f"? Whether it is elsewhere too was not read whole: {unread[0]}{more_unread}", "yellow")


def tell_marked(out: "Console", widened: "Widened") -> None:
    """What the marks of a graph mean, and the dates in it."""
    if widened.unknown:
        told = (
            "! is not in the inventory: no run fills it or deploys it again. What it holds no service shows."
        )
        _line(out, told, "bold yellow")
    if any(edge.target.label.startswith("Modal Secret") for edge in widened.reach.edges):
        _line(out, "Modal tells when a Secret was made, not when it was changed.", "dim")


def _line(out: "Console", text: str, style: str) -> None:
    from responder.secret import redact  # noqa: PLC0415

    out.print(redact(text), style=style, markup=False)
