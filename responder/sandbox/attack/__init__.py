"""What an intruder does with leaked credentials before anybody notices, through the services' own APIs.

The real clients over sockets, so that it leaves what it would leave at the real services. Each deed says what
it left: the sandbox's own list, which a review is measured by.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from responder.sandbox.attack import aws
from responder.sandbox.attack.loot import Left, Loot

__all__ = ["DEEDS", "SEED", "Left", "Loot", "attack"]

SEED = 1  # of the names that the intruder gives to things

Deed: TypeAlias = Callable[[Loot], Iterable[Left]]

DEEDS: tuple[Deed, ...] = (*aws.DEEDS,)


def attack(loot: Loot, deeds: Iterable[Deed] = DEEDS) -> list[Left]:
    """One deed after the other; what all of them left. The same seed leaves things of the same names."""
    return [left for deed in deeds for left in deed(loot)]
