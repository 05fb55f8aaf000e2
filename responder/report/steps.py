"""The steps of a run as a reader needs them: what became of each, how long it took, and every try."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from responder.engine.state import OVER, Reopened, RunState
from responder.report.record import Record, Request
from responder.report.summary import described_steps, titled

__all__ = ["PHASES", "StepReading", "Try", "read_steps"]

PHASES = ("prepare", "identify", "contain", "rotate", "recover", "retire", "review")

_WORDS = {  # by the kind of event; a kind that a later version writes is told by its own name
    "step.intended": "about to be done",
    "step.applied": "done, not yet proven",
    "step.retried": "met an error, tried again",
    "step.succeeded": "proven",
    "step.failed": "failed",
    "step.parked": "left for a person",
    "step.skipped": "left out",
    "step.checked": "looked at again",
    "step.undo_intended": "about to be undone",
    "step.undone": "undone",
    "step.undo_failed": "could not be undone",
}
_OUTCOMES = {
    "pending": "not reached",
    "intended": "begun; whether it happened is not known",
    "applied": "done, not proven",
    "failed": "failed",
    "parked": "waits for a person",
    "skipped": "left out",
    "undone": "undone",
}
_ENDED = {"succeeded", "failed", "parked", "skipped", "undone"}


@dataclass(frozen=True)
class Try:
    """One event of a step. `seq` is its number in the journal."""

    seq: int
    at: datetime
    attempt: int
    what: str
    text: str  # evidence, or why not
    actor: str
    requests: tuple[Request, ...]


@dataclass(frozen=True)
class Look:
    """A later look at what was contained. `result`: held, re-applied, lost or unknown."""

    at: datetime
    result: str
    detail: str


@dataclass(frozen=True)
class StepReading:
    """`seconds` is from its first event to its outcome; None where it has none, or nothing had to be done."""

    id: str
    title: str
    label: str
    credential: str
    phase: str
    action: str
    active: bool
    irreversible: bool
    waits: float  # seconds, after what it needs
    needs: tuple[str, ...]
    status: str
    outcome: str
    applied: bool
    finished_at: datetime | None
    seconds: float | None
    attempts: int
    retries: int
    evidence: str
    why: str
    next_step: str
    identifier: str  # of a fresh credential that it made, public
    looks: tuple[Look, ...]
    reopened: tuple[Reopened, ...]  # when it was found that somebody had undone what was proven
    tries: tuple[Try, ...]

    @property
    def named(self) -> str:
        return titled({"title": self.title, "label": self.label})

    @property
    def proven(self) -> bool:
        """It is so, for all that the journal knows: also at the last look, where there was one."""
        lost = bool(self.looks) and self.looks[-1].result == "lost"
        return self.status == "succeeded" and not lost

    @property
    def last_applied_at(self) -> datetime | None:
        """Later than `finished_at`, the first success, where it had to be done again."""
        done = [one.at for one in self.tries if one.what == _WORDS["step.applied"]]
        return done[-1] if done else None

    @property
    def over(self) -> bool:
        return self.status in OVER


def read_steps(state: RunState, records: Sequence[Record]) -> tuple[StepReading, ...]:
    """In the playbook's order, those that were left out too."""
    tries: dict[str, list[Try]] = {}
    looks: dict[str, list[Look]] = {}
    for record in records:
        event = record.event
        if event.step:
            word = _WORDS.get(event.kind.value, event.kind.value)
            text = record.evidence or record.why or str(event.data.get("detail", ""))
            tries.setdefault(event.step, []).append(
                Try(event.seq, event.at, event.attempt, word, text, str(record.actor), record.requests)
            )
        if event.kind.value == "step.checked":
            looks.setdefault(event.step, []).append(
                Look(event.at, str(event.data["result"]), str(event.data["detail"]))
            )
    return tuple(
        _read(state, step, tuple(tries.get(step["id"], ())), tuple(looks.get(step["id"], ())))
        for step in described_steps(state)
    )


def _read(
    state: RunState, step: Mapping[str, Any], tries: tuple[Try, ...], looks: tuple[Look, ...]
) -> StepReading:
    is_so = state.step(step["id"])
    began, ended = is_so.started_at, is_so.finished_at
    ended = ended if is_so.status in _ENDED else None
    took = (ended - began).total_seconds() if began and ended and len(tries) > 1 else None
    proven = "done and proven" if is_so.applied else "proven; nothing had to be changed"
    proven = "reviewed" if step["phase"] == "review" else proven
    return StepReading(
        id=step["id"],
        title=step["title"],
        label=step["label"],
        credential=step["credential"] or "",
        phase=step["phase"],
        action=step["action"],
        active=step["active"],
        irreversible=step["irreversible"],
        waits=float(step["wait_seconds"]),
        needs=tuple(step["needs"]),
        status=is_so.status,
        outcome=proven if is_so.status == "succeeded" else _OUTCOMES.get(is_so.status, is_so.status),
        applied=is_so.applied,
        finished_at=ended,
        seconds=took,
        attempts=is_so.attempt,
        retries=is_so.retries,
        evidence=is_so.evidence,
        why=is_so.why,
        next_step=is_so.next_step,
        identifier=_identifier(is_so.output),
        looks=looks,
        reopened=tuple(is_so.reopened),
        tries=tries,
    )


def _identifier(output: object) -> str:
    """The public part of a fresh credential. Nothing else of an output is ever read into a report."""
    match output:
        case {"identifier": str(identifier)}:
            return identifier
    return ""
