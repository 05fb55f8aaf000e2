"""Where an inventory and what the services say differ, each with what to do about it."""

from collections.abc import Sequence

from responder.inventory import Inventory
from responder.inventory.drift.gone import gone
from responder.inventory.drift.line import Drift
from responder.inventory.drift.new import (
    new,
    unknown_apps,
    unknown_places,
    unknown_tokens,
    workflows_beside,
    workflows_of,
)
from responder.places import Discovered

__all__ = [
    "Drift",
    "drift",
    "unknown_apps",
    "unknown_places",
    "unknown_tokens",
    "workflows_beside",
    "workflows_of",
]


def drift(inventory: Inventory, discovered: Discovered) -> Sequence[Drift]:
    """What is in the inventory and not there, then what is there and not in the inventory.

    What was not read is neither: `Discovered.unread` says so.
    """
    return (*gone(inventory, discovered), *new(inventory, discovered))
