"""A run of which several looks are known."""

from datetime import UTC, datetime

from responder.engine import RunState
from responder.engine.state import Look

AT = datetime(2026, 1, 31, tzinfo=UTC)


def looked(*looks):
    """A run whose reviews saw these; the first is the run's own."""
    state = RunState("r1")
    state.started = {"steps": [{"id": "s", "title": "Review", "phase": "review", "active": True}]}
    step = state.step("s")
    first, *later = [one.model_dump(mode="json") for one in looks]
    step.output, step.finished_at = first, AT
    step.looks = [Look(AT, "reviewed", "", one) for one in later]
    return state
