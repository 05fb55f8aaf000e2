"""A run as it goes, watched from another process than the one that plays it."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from responder.engine import RunState

if TYPE_CHECKING:
    from responder.engine import Observer
    from responder.journal import Journal

_PAUSE = 0.3  # seconds between looks at the journal


def follow(
    journal: "Journal", run: str, screen: "Observer", wait: Callable[[float], object] = time.sleep
) -> RunState:
    """Tell the screen every event of the run, from its first, as they come.

    Until the run ends, or the process that played it is known to be gone and has left no event unread.
    """
    state = RunState(run)
    screen.begin(RunState(run))
    last = 0
    while True:
        gone = journal.holder(run).alive() is False  # asked before the events: it may write a last one
        for event in journal.iterate(run, after=last):
            last = event.seq
            state.fold(event)
            screen.event(event)
        if gone or (state.outcome and not state.undoing):
            return state
        wait(_PAUSE)
