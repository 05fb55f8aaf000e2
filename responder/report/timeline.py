"""The moments of an incident, and each on a line drawn to scale: one lane a credential, one a workload."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from responder.report.scale import Scale
from responder.report.words import elapsed, listing

if TYPE_CHECKING:
    from responder.report.incident import Incident, Unidentified
    from responder.report.measures import Clocks
    from responder.report.stories import CredentialStory, WorkloadStory

__all__ = ["MEANINGS", "Lane", "Moment", "Span", "Timeline", "draw"]

Mark: TypeAlias = Literal[
    "exposed", "start", "confirmed", "contained", "again", "undone", "fresh", "placed", "live", "end"
]

MEANINGS: dict[Mark, str] = {
    "contained": "contained, proven",
    "again": "looked at again: still contained",
    "undone": "looked at again: somebody had undone it",
    "fresh": "fresh credential alive, proven",
    "placed": "fresh credential in every place",
    "live": "workload runs with what is fresh, proven",
}


@dataclass(frozen=True)
class Moment:
    """`after` is seconds from the confirmation, negative before it; `x` is per cent of the width."""

    at: datetime
    after: float
    x: float
    mark: Mark
    what: str
    about: str


@dataclass(frozen=True)
class Span:
    """A stretch of a lane in one state."""

    begin: float
    end: float
    state: Literal["exposed", "contained", "stale", "live"]


@dataclass(frozen=True)
class Lane:
    title: str
    detail: str
    spans: tuple[Span, ...]
    moments: tuple[Moment, ...]


@dataclass(frozen=True)
class Timeline:
    scale: Scale
    lanes: tuple[Lane, ...]
    moments: tuple[Moment, ...]  # all of them, the earliest first

    @property
    def description(self) -> str:
        """What the picture shows, in words."""
        told = [
            f"{moment.about + ': ' if moment.about else ''}{moment.what} {_from_confirmation(moment.after)}"
            for moment in self.moments
            if moment.mark != "again"
        ]
        return f"{listing(told)}."

    @property
    def states(self) -> set[str]:
        """Of the stretches that are in it."""
        return {span.state for lane in self.lanes for span in lane.spans}

    @property
    def marks(self) -> dict[Mark, str]:
        """The marks that are in it, and what each means."""
        used = {moment.mark for moment in self.moments}
        return {mark: meaning for mark, meaning in MEANINGS.items() if mark in used}


def draw(incident: "Incident") -> Timeline:
    clocks = incident.clocks
    ended = clocks.finished or clocks.last
    told = [clocks.began, clocks.confirmed, ended, clocks.last]
    told += [clocks.exposed_since] if clocks.exposed_since else []
    told += [at for one in incident.credentials for at, _ in _of_credential(one)]
    told += [one.live_at for one in incident.workloads if one.live_at]
    pen = _Pen(Scale.over(told, clocks.confirmed), clocks)
    lanes = (
        *(pen.credential(one) for one in incident.credentials),
        *(pen.unidentified(one) for one in incident.unidentified if one.at_large),
        *(pen.workload(one) for one in incident.workloads),
    )
    exposed = [pen.moment(clocks.exposed_since, "exposed", "exposed")] if clocks.exposed_since else []
    everything = [
        *exposed,
        pen.moment(clocks.began, "start", "the command was started"),
        pen.moment(clocks.confirmed, "confirmed", f"confirmed ({incident.confirmed_by})"),
        pen.moment(ended, "end", "the run ended" if clocks.finished else "last event so far"),
        *(moment for lane in lanes for moment in lane.moments),
    ]
    return Timeline(pen.scale, lanes, tuple(sorted(everything, key=lambda moment: moment.at)))


@dataclass(frozen=True)
class _Pen:
    scale: Scale
    clocks: "Clocks"

    @property
    def left(self) -> float:
        """Where what was exposed begins: at the edge, where nobody knows since when."""
        since = self.clocks.exposed_since
        return self.scale.x(since) if since else 0

    def moment(self, at: datetime, mark: Mark, what: str, about: str = "") -> Moment:
        return Moment(at, (at - self.clocks.confirmed).total_seconds(), self.scale.x(at), mark, what, about)

    def credential(self, one: "CredentialStory") -> Lane:
        end = self.scale.x(self.clocks.last)
        moments = tuple(
            self.moment(at, mark, MEANINGS[mark], one.name) for at, mark in sorted(_of_credential(one))
        )
        if one.dead_already:
            begin = self.scale.x(self.clocks.began)
            return Lane(
                f"{one.name}, {one.kind}", "was dead already", (Span(begin, end, "contained"),), moments
            )
        if one.contained_at is None:
            spans: tuple[Span, ...] = (Span(self.left, end, "exposed"),)
            return Lane(f"{one.name}, {one.kind}", "not proven to be contained", spans, moments)
        turn = self.scale.x(one.contained_at)
        told = [f"contained {self._after(one.contained_at)}"]
        told += [f"fresh one alive {self._after(one.fresh_at)}"] if one.fresh_at else []
        spans = (Span(self.left, turn, "exposed"), Span(turn, end, "contained"))
        return Lane(f"{one.name}, {one.kind}", ", ".join(told), spans, moments)

    def unidentified(self, one: "Unidentified") -> Lane:
        span = Span(self.left, self.scale.x(self.clocks.last), "exposed")
        return Lane(f"{one.identifier}, not identified", "not proven to be contained", (span,), ())

    def workload(self, one: "WorkloadStory") -> Lane:
        begin, end = self.scale.x(self.clocks.confirmed), self.scale.x(self.clocks.last)
        title = f"{one.name}, workload"
        if one.live_at is None:
            detail = "not proven to run with what is fresh"
            return Lane(title, detail, (Span(begin, end, "stale"),), ())
        turn = self.scale.x(one.live_at)
        return Lane(
            title,
            f"runs with what is fresh {self._after(one.live_at)}",
            (Span(begin, turn, "stale"), Span(turn, end, "live")),
            (self.moment(one.live_at, "live", MEANINGS["live"], one.name),),
        )

    def _after(self, at: datetime) -> str:
        after = (at - self.clocks.confirmed).total_seconds()
        return f"{'+' if after >= 0 else ''}{elapsed(after)}"


def _of_credential(one: "CredentialStory") -> Iterator[tuple[datetime, Mark]]:
    if one.contained_at:
        yield one.contained_at, "contained"
    if one.fresh_at:
        yield one.fresh_at, "fresh"
    if one.placed_at:
        yield one.placed_at, "placed"
    for at in one.looked_again:
        yield at, "again"
    for at in one.undone:
        yield at, "undone"


def _from_confirmation(after: float) -> str:
    if not after:
        return "at zero"
    return f"{elapsed(abs(after))} {'after' if after > 0 else 'before'} the confirmation"
