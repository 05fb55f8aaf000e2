"""Which of what a review saw is to be removed, as the exposure that the playbook `evict` is played over."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from responder.engine import fold
from responder.errors import InputError, RefusedError
from responder.exposure import Exposure
from responder.journal import Journal
from responder.review.reading import Removed, Seen
from responder.trace import Trace, not_foreign

PLAYBOOK: Final = "evict"
_EVICTIONS: Final = (
    "SELECT run FROM events WHERE kind = 'run.started' AND json_extract(data, '$.exposure.source') = ? "
    "ORDER BY seq"
)


def to_remove(
    run: str, seen: Seen, subjects: Iterable[str], known: Collection[str], at: datetime
) -> Exposure:
    """What a person named, as the review saw it.

    Args:
        run: that was reviewed.
        seen: what its reviews saw.
        subjects: as a person named them.
        known: names of the inventory and of what runs made, which are refused.
        at: now.

    Raises:
        InputError: no review of that run saw one of them.
        RefusedError: one of them is known here, or nothing of ours removes it.
    """
    traces = {one.label: one for subject in subjects for one in _named(run, seen, subject, known)}
    return Exposure(
        source=_source(run),
        seen_at=at,
        traces=tuple(traces.values()),
        known=tuple(sorted(known)),
    )


def removed(journal: Journal, run: str) -> dict[str, Removed]:
    """What was proven to be gone after a review of the run, by a trace's label; the last of several times."""
    found: dict[str, Removed] = {}
    for (other,) in journal.database.rows(_EVICTIONS, (_source(run),)):
        state = fold(other, journal.events(other))
        traces = (Trace.model_validate(one) for one in state.started["exposure"]["traces"])
        made_at = {one.label: one.at for one in traces}
        for step in state.started["steps"]:
            if step["active"] and state.step(step["id"]).status == "succeeded":
                label = str(step["label"])
                found[label] = Removed(other, made_at.get(label))
    return found


def _source(run: str) -> str:
    return f"the review of run {run}"


def _named(run: str, seen: Seen, subject: str, known: Collection[str]) -> list[Trace]:
    found = [one for one in seen.traces if one.subject == subject]
    if not found:
        raise InputError(
            f"No review of run {run} saw {subject}.",
            next_step=f"`respond review {run} --all` lists all it saw.",
        )
    if subject in known:
        raise not_foreign(subject)
    removable = [one for one in found if one.remove_with]
    if not removable:
        by_hand = next((one.undo for one in found if one.undo), "")
        raise RefusedError(
            f"Nothing of `respond` removes {subject}: {found[-1].what}.",
            next_step=f"By hand: {by_hand}" if by_hand else "There is nothing to remove.",
        )
    return removable
