"""What the reviews of a run saw, the later looks included, as the journal has it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from responder.engine import RunState
from responder.engine.state import REVIEW
from responder.trace import RANK, Reviewed, Trace, worst_first

Thing: TypeAlias = tuple[str, str, str]  # as Trace.thing
_ONLY_TOLD: Final = {"severity": "info", "undo": "", "remove_with": ""}


@dataclass(frozen=True)
class Removed:
    """By which run, and since when what it removed was there, where the service tells."""

    by: str
    made_at: datetime | None = None


@dataclass(frozen=True)
class Seen:
    """By all looks together: each thing as it was seen last, the most severe first.

    `unread` is of the last look of each step, `limited` what of it no look is shown, `listed` of any look.
    `missing` are titles of what was not looked at yet.
    """

    traces: tuple[Trace, ...]
    first_seen: dict[str, datetime]  # by a trace's key
    gone: frozenset[Thing]  # which the last look would have shown, were they there still
    unread: tuple[str, ...]
    limited: frozenset[str]
    listed: frozenset[tuple[str, str]]
    missing: tuple[str, ...]
    looks: int

    @property
    def to_look_at(self) -> tuple[Trace, ...]:
        return tuple(one for one in self.traces if one.to_look_at)

    @property
    def only_told(self) -> tuple[Trace, ...]:
        return tuple(one for one in self.traces if not one.to_look_at)

    def knows(self, trace: Trace) -> bool:
        """In this very state; what was gone and is there again is news."""
        return trace.key in self.first_seen and trace.thing not in self.gone


def review_steps(state: RunState) -> list[dict[str, Any]]:
    """The steps that look, as they were confirmed."""
    return [one for one in state.started["steps"] if one["phase"] == REVIEW and one["active"]]


def seen(state: RunState, removed: Mapping[str, Removed] = MappingProxyType({})) -> Seen:
    """All that was seen so far.

    Args:
        state: of the run that was reviewed.
        removed: which run has removed what, by a trace's label: that is only told.
    """
    found: dict[Thing, Trace] = {}
    first: dict[str, datetime] = {}
    gone: dict[Thing, datetime] = {}
    unread: list[str] = []
    limited: list[str] = []
    listed: set[tuple[str, str]] = set()
    missing: list[str] = []
    looks = 0
    for step in review_steps(state):
        told = list(_looks(state, step["id"]))
        if not told:
            missing.append(str(step["title"]))
            continue
        looks = max(looks, len(told))
        unread += told[-1][1].unread
        limited += told[-1][1].limited
        listed.update(one for _, reviewed in told for one in reviewed.listed)
        for at, reviewed in told:
            for trace in reviewed.traces:
                came = _as_first_told(trace, found.get(trace.thing))
                found[trace.thing] = _as_removed(came, removed.get(trace.label))
                first.setdefault(trace.key, at)
        gone |= _gone(told)
    traces = [_as_gone(one, gone.get(one.thing)) for one in found.values()]
    return Seen(
        traces=tuple(worst_first(traces)),
        first_seen=first,
        gone=frozenset(gone),
        unread=tuple(dict.fromkeys(unread)),
        limited=frozenset(limited),
        listed=frozenset(listed),
        missing=tuple(missing),
        looks=looks,
    )


def _gone(told: Sequence[tuple[datetime, Reviewed]]) -> dict[Thing, datetime]:
    """What could be undone and is not there any more, by when that was seen.

    A look that could read less than the one before says nothing of what it does not show.
    """
    at, last = told[-1]
    there = {trace.thing for trace in last.traces}
    saw = {trace.thing: (trace, reviewed) for _, reviewed in told for trace in reviewed.traces}
    return {
        thing: at
        for thing, (trace, reviewed) in saw.items()
        if thing not in there
        and trace.undo
        and set(last.unread) <= set(reviewed.unread)
        and not (last.reaches and trace.at and trace.at < last.reaches)
    }


def _as_gone(trace: Trace, at: datetime | None) -> Trace:
    if at is None or not trace.to_look_at:
        return trace
    because = f"At the look of {at:%Y-%m-%d %H:%M} UTC it was no longer so."
    return trace.model_copy(update={**_ONLY_TOLD, "because": because})


def _as_removed(trace: Trace, removed: Removed | None) -> Trace:
    """Also where the service does not list it any more, so that no look says that it is gone.

    What was made after that under the same name is something else.
    """
    if removed is None or not trace.to_look_at:
        return trace
    if trace.at and removed.made_at and trace.at > removed.made_at:
        return trace
    return trace.model_copy(update={**_ONLY_TOLD, "because": f"Run {removed.by} has removed it."})


def _as_first_told(trace: Trace, before: Trace | None) -> Trace:
    """What was grave because it was new stays so, though no service says since when it is there."""
    came = before is not None and before.key == trace.key and before.if_new == before.severity
    return before if came and before else trace


def raised(reviewed: Reviewed, before: Seen) -> Reviewed:
    """Each thing as severe as it is for having come since the look before, where that saw others like it."""
    held = {one.thing: set(one.holds) for one in before.traces}
    looked_at = before.listed | {(one.kind, one.of) for one in before.traces}

    def told(one: Trace) -> Trace:
        if one.if_new is None or before.knows(one) or (one.kind, one.of) not in looked_at:
            return one
        lost = held.get(one.thing, set()).difference(one.holds)
        if one.thing in held and not lost and (one.holds or held[one.thing]):
            return one
        was = f"it was also guarded by: {', '.join(sorted(lost))}" if lost else "it was not so"
        because = f"At the look before {was}. {one.because}"
        return one.model_copy(update={"severity": one.if_new, "because": because})

    return reviewed.model_copy(update={"traces": tuple(map(told, reviewed.traces))})


def new_among(traces: Sequence[Trace], before: Seen) -> list[Trace]:
    """Those that no earlier look had seen in this state or a worse one, the most severe first."""
    were = {one.thing: one for one in before.traces}

    def eased(one: Trace) -> bool:
        """The same deed, of which less is left: an app that was stopped, a version that was replaced."""
        was = were.get(one.thing)
        same = was is not None and was.at == one.at is not None and one.thing not in before.gone
        return bool(same and was and RANK[one.severity] > RANK[was.severity])

    fresh = {one.key: one for one in traces if not (before.knows(one) or eased(one))}
    return worst_first(list(fresh.values()))


def _looks(state: RunState, step: str) -> Iterator[tuple[datetime, Reviewed]]:
    is_so = state.step(step)
    if is_so.output is not None and is_so.finished_at is not None:
        yield is_so.finished_at, Reviewed.model_validate(is_so.output)
    for look in is_so.looks:
        if look.reviewed is not None:
            yield look.at, Reviewed.model_validate(look.reviewed)
