"""A run's state: a fold over its events. Nothing else keeps progress."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from responder.journal import Event, EventKind

Status: TypeAlias = Literal["pending", "intended", "applied", "succeeded", "failed", "parked", "skipped"]
OVER: frozenset[Status] = frozenset({"succeeded", "skipped"})

_STATUS: dict[EventKind, Status] = {
    EventKind.STEP_INTENDED: "intended",
    EventKind.STEP_APPLIED: "applied",
    EventKind.STEP_SUCCEEDED: "succeeded",
    EventKind.STEP_FAILED: "failed",
    EventKind.STEP_PARKED: "parked",
    EventKind.STEP_SKIPPED: "skipped",
}


@dataclass(frozen=True)
class Intent:
    """Something was about to be done, and for all that is known it may have been."""

    attempt: int
    at: datetime
    seen: dict[str, Any]
    digest: str  # of the input
    output: Any = None  # frozen, where `apply` came back


@dataclass
class StepState:
    """What the journal says of one step of a run."""

    status: Status = "pending"
    attempt: int = 0  # the highest number used
    intent: Intent | None = None  # the last one without a success after it
    output: Any = None  # frozen
    output_attempt: int = 0  # the attempt under whose name the output's secrets are sealed
    evidence: str = ""
    why: str = ""
    next_step: str = ""
    applied: bool = False  # False on success: it was so already
    started_at: datetime | None = None
    finished_at: datetime | None = None
    retries: int = 0
    retried: int = 0  # the last attempt that met an error worth another try

    def fold(self, event: Event) -> None:
        data: dict[str, Any] = dict(event.data)
        self.attempt = max(self.attempt, event.attempt)
        self.started_at = self.started_at or event.at
        self.status = _STATUS.get(event.kind, self.status)
        match event.kind:
            case EventKind.STEP_INTENDED:
                self.intent = Intent(event.attempt, event.at, data["seen"], data["digest"])
            case EventKind.STEP_APPLIED if self.intent:
                last = self.intent
                self.intent = Intent(last.attempt, last.at, last.seen, last.digest, data["output"])
            case EventKind.STEP_RETRIED:
                self.retries += 1
                self.retried = event.attempt
                self.why = data["why"]
            case EventKind.STEP_SUCCEEDED:
                self.intent, self.why, self.next_step = None, "", ""
                self.output, self.evidence, self.applied = data["output"], data["evidence"], data["applied"]
                self.output_attempt = event.attempt
                self.finished_at = event.at
            case EventKind.STEP_FAILED | EventKind.STEP_PARKED | EventKind.STEP_SKIPPED:
                self.why, self.next_step = data["why"], data.get("next_step", "")
                self.finished_at = event.at


@dataclass
class RunState:
    """What the journal says of one run. `started` is the data of its first event."""

    run: str
    started: dict[str, Any] = field(default_factory=dict)
    started_at: datetime | None = None
    last_at: datetime | None = None
    resumed: int = 0
    steps: dict[str, StepState] = field(default_factory=dict)
    outcome: str = ""  # of a finished run
    finished_at: datetime | None = None
    shredded: bool = False

    def step(self, instance_id: str) -> StepState:
        return self.steps.setdefault(instance_id, StepState())

    def fold(self, event: Event) -> None:
        self.last_at = event.at
        match event.kind:
            case EventKind.RUN_STARTED:
                self.started, self.started_at = dict(event.data), event.at
            case EventKind.RUN_RESUMED:
                self.resumed += 1
            case EventKind.RUN_SHREDDED:
                self.shredded = True
            case EventKind.RUN_FINISHED:
                self.outcome, self.finished_at = str(event.data["outcome"]), event.at
            case _:
                self.step(event.step).fold(event)


def fold(run: str, events: Iterable[Event]) -> RunState:
    state = RunState(run)
    for event in events:
        state.fold(event)
    return state
