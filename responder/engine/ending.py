"""The end of a run: its secrets go, and its outcome is recorded."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from responder.engine.recall import leaked_credentials
from responder.engine.state import RunState, is_rotation
from responder.journal import EventKind, Seals

SUCCEEDED: Final = "succeeded"
NOT_CONTAINED: Final = "not contained"  # all steps were done, and there was none for what is alive


def end(state: RunState, seals: Seals, record: Callable[..., object], outcome: str) -> RunState:
    """May be repeated after a crash, as the journal then has it in `state`."""
    # Recorded first: a resume that finds it opens no secret any more, and shreds again.
    if not state.shredded:
        record(EventKind.RUN_SHREDDED, data={})
    seals.shred(state.run)
    record(EventKind.RUN_FINISHED, data={"outcome": outcome})
    return state


def outcome_of(state: RunState) -> str:
    """Of a run whose steps are all over."""
    return NOT_CONTAINED if any(at_large(state)) else SUCCEEDED


def at_large(state: RunState) -> Iterator[Mapping[str, Any]]:
    """What leaked and may still open something, as the exposure has it: no step would contain it."""
    if is_rotation(state.started):
        return
    steps = state.started["steps"]
    contained = {step["label"] for step in steps if step["phase"] == "contain" and step["active"]}
    for leaked in leaked_credentials(state):
        label = leaked["identifier"] if leaked.get("spare") else leaked["credential"]
        if label not in contained and leaked["life"] != "dead":
            yield leaked
    for found in state.started["exposure"]["unidentified"]:
        if found.get("life") != "dead":
            yield found
