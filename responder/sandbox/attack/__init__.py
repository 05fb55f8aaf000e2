"""What an intruder does with leaked credentials before anybody notices, through the services' own APIs.

The real clients over sockets, so that it leaves what it would leave at the real services. Each deed says what
it left: the sandbox's own list, which a review is measured by.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from responder.sandbox.attack import aws, github, modal
from responder.sandbox.attack.loot import Left, Loot

__all__ = ["DEEDS", "SEED", "Left", "Loot", "attack"]

SEED = 1  # of the names that the intruder gives to things

Deed: TypeAlias = Callable[[Loot], Iterable[Left]]

DEEDS: tuple[Deed, ...] = (*aws.DEEDS, *modal.DEEDS, *github.DEEDS)


def attack(loot: Loot, deeds: Iterable[Deed] = DEEDS) -> list[Left]:
    """One deed after the other; what all of them left. The same seed leaves things of the same names."""
    with _no_proxy():
        return [left for deed in deeds for left in deed(loot)]


@contextmanager
def _no_proxy() -> Iterator[None]:
    """Clients of Modal and GitHub take a proxy from the environment alone, even to this machine."""
    was = {name: os.environ.get(name) for name in ("NO_PROXY", "no_proxy")}
    os.environ.update(dict.fromkeys(was, "127.0.0.1"))
    try:
        yield
    finally:
        for name, value in was.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
