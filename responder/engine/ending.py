"""The end of a run: its secrets go, and its outcome is recorded."""

from collections.abc import Callable

from responder.engine.state import RunState
from responder.journal import EventKind, Seals


def end(state: RunState, seals: Seals, record: Callable[..., None], outcome: str) -> RunState:
    """May be repeated after a crash, as the journal then has it in `state`."""
    # Recorded first: a resume that finds it opens no secret any more, and shreds again.
    if not state.shredded:
        record(EventKind.RUN_SHREDDED, data={})
    seals.shred(state.run)
    record(EventKind.RUN_FINISHED, data={"outcome": outcome})
    return state
