"""What the contract suite must be told of an action, to try it in a sandbox.

Each provider has a module `<provider>_cases.py` here whose `CASES` names a case for every one of its actions.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from responder.action import Input


def _nothing():
    pass


@dataclass(frozen=True)
class Stage:
    """A world in which it is *not* yet so, and there is something for the action to do.

    The suite makes the `Call` itself, with `Connections(environ)`. The operator in `environ` should hold
    exactly the action's `permissions`: then the suite proves that they are complete.
    """

    given: Input
    environ: Mapping[str, str]
    unreachable: Mapping[str, str]
    """The same operator, with the service at an address where nothing listens. (Or `cut` takes it away.)"""
    world: Callable[[], Any]
    """The ground truth of all that this action may touch, from the plane itself. Two stages of one case must
    compare equal when they are equally far, so ids and times of what is made on the way are left out."""
    secrets: Callable[[], Iterable[str]]
    """Every secret value of the world now, in clear: none may show in anything that the action says."""
    make_so: Callable[[], None] = _nothing
    """For a `Check`: brings about, in the world, what it waits for. For a `Review`: leaves a trace."""
    cut: Callable[[], AbstractContextManager[None]] = nullcontext
    """Takes out of reach what no address leads to."""


@dataclass(frozen=True)
class Case:
    prepare: Callable[[Any], AbstractContextManager[Stage]]
    """From the opened plane, a stage of its own: names that no other stage uses, or put back at its end."""
    makes_new: bool = False
    """Every apply makes another one, such as a key whose secret is shown once: only `reconcile` makes a
    second attempt safe, and nothing that is already there makes it done."""


@dataclass(frozen=True)
class Cases:
    open: Callable[[], AbstractContextManager[Any]]
    """Starts the plane; once for each test process."""
    by_action: Mapping[str, Case]
