"""A run's state: a fold over its events. Nothing else keeps progress."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias

from responder.journal import Event, EventKind

Status: TypeAlias = Literal[
    "pending", "intended", "applied", "succeeded", "failed", "parked", "skipped", "undone"
]
OVER: frozenset[Status] = frozenset({"succeeded", "skipped"})

CONTAINING = ("contain", "retire")  # phases whose steps take something away
REVIEW = "review"  # the phase whose steps look at what was done, and change nothing

_STATUS: dict[EventKind, Status] = {
    EventKind.STEP_INTENDED: "intended",
    EventKind.STEP_APPLIED: "applied",
    EventKind.STEP_SUCCEEDED: "succeeded",
    EventKind.STEP_FAILED: "failed",
    EventKind.STEP_PARKED: "parked",
    EventKind.STEP_SKIPPED: "skipped",
    EventKind.STEP_UNDONE: "undone",
}


@dataclass(frozen=True)
class Intent:
    """Something was about to be done, and for all that is known it may have been."""

    attempt: int
    at: datetime
    seen: dict[str, Any]
    digest: str  # of the input
    given: Any  # the input, with fingerprints in place of secrets
    output: Any = None  # frozen, where `apply` came back


@dataclass(frozen=True)
class Look:
    """A later look at what was contained: it held, was re-applied, is lost, or could not be told.

    Or a review's later look at what was done meanwhile, with what it saw then.
    """

    at: datetime
    result: Literal["held", "re-applied", "lost", "unknown", "reviewed"]
    detail: str
    reviewed: Any = None  # frozen


@dataclass(frozen=True)
class Reopened:
    """What a step had proven was found not to be so any more: somebody undid it, and it is done again."""

    at: datetime
    step: str  # that had proven it
    why: str  # what was found


@dataclass
class StepState:
    """What the journal says of one step of a run."""

    status: Status = "pending"
    attempt: int = 0  # the highest number used
    intent: Intent | None = None  # the last one without a success after it
    before: dict[str, Any] | None = None  # seen by the first intent since the last success
    output: Any = None  # frozen
    output_attempt: int = 0  # the attempt under whose name the output's secrets are sealed
    evidence: str = ""
    why: str = ""
    next_step: str = ""
    option: str = ""  # of the playbook, where it waits for a person's choice
    applied: bool = False  # False on success: it was so already
    started_at: datetime | None = None
    finished_at: datetime | None = None  # when it first succeeded, else when it last failed
    retries: int = 0
    retried: int = 0  # the last attempt that met an error worth another try
    given: Any = None  # the last input that was recorded, with fingerprints in place of secrets
    took: Intent | None = None  # of the first success that changed something: what an undo gives back
    undoing: bool = False  # an undo was intended, and how it ended is not recorded
    undo_failed: bool = False
    looks: list[Look] = field(default_factory=list)
    reopened: list[Reopened] = field(default_factory=list)

    @property
    def lost(self) -> bool:
        """At the last look somebody had undone it, and it could not be done again."""
        return bool(self.looks) and self.looks[-1].result == "lost"

    @property
    def original(self) -> Intent | None:
        """What an undo gives back; None where the step changed nothing for all we know.

        The last of several intents may have seen what the ones before it had half done.
        """
        if self.took or self.intent is None or self.before is None:
            return self.took
        return replace(self.intent, seen=self.before)

    def fold(self, event: Event) -> None:
        data: dict[str, Any] = dict(event.data)
        if event.kind is EventKind.STEP_CHECKED:  # a look changes nothing; its attempts are its own
            self.looks.append(Look(event.at, data["result"], data["detail"], data.get("reviewed")))
            return
        self.attempt = max(self.attempt, event.attempt)
        self.started_at = self.started_at or event.at
        self.status = _STATUS.get(event.kind, self.status)
        match event.kind:
            case EventKind.STEP_INTENDED:
                self._intend(event, data)
            case EventKind.STEP_APPLIED if self.intent:
                self.intent = replace(self.intent, output=data["output"])
            case EventKind.STEP_RETRIED:
                self.retries += 1
                self.retried = event.attempt
                self.why = data["why"]
            case EventKind.STEP_SUCCEEDED:
                self.took = self.original if data["applied"] else self.took
                self.given = data.get("input", self.given)
                self.intent, self.before = None, None
                self.why, self.next_step, self.option = "", "", ""
                self.finished_at = self.finished_at if self.output is not None else event.at
                self.output, self.evidence, self.applied = data["output"], data["evidence"], data["applied"]
                self.output_attempt = event.attempt
            case EventKind.STEP_FAILED | EventKind.STEP_PARKED | EventKind.STEP_SKIPPED:
                self._stop(event, data)
            case EventKind.STEP_UNDO_INTENDED:
                self.undoing = True
            case EventKind.STEP_UNDONE:
                self.undoing, self.undo_failed, self.intent, self.before = False, False, None, None
                self.evidence, self.why, self.next_step = data["evidence"], "", ""
            case EventKind.STEP_UNDO_FAILED:
                self.undoing, self.undo_failed = False, True
                self.why, self.next_step = f"Not undone: {data['why']}", data["next_step"]

    def _intend(self, event: Event, data: Mapping[str, Any]) -> None:
        self.given = data["input"]
        self.intent = Intent(event.attempt, event.at, data["seen"], data["digest"], data["input"])
        self.before = data["seen"] if self.before is None else self.before
        if undone := data.get("undone"):
            self.reopened.append(Reopened(event.at, undone["step"], undone["why"]))

    def _stop(self, event: Event, data: Mapping[str, Any]) -> None:
        self.why, self.next_step = data["why"], data.get("next_step", "")
        self.option = data.get("option", "")
        if self.option:  # it was refused before anything was done
            self.intent, self.before = None, None
        self.finished_at = self.finished_at if self.output is not None else event.at


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
    options: dict[str, Any] = field(default_factory=dict)  # of the playbook, as last chosen
    undoing: bool = False  # an undo was begun and did not come to its end
    re_enabled: tuple[str, ...] = ()  # identifiers that the last undo was to let live again

    def step(self, instance_id: str) -> StepState:
        return self.steps.setdefault(instance_id, StepState())

    def fold(self, event: Event) -> None:
        self.last_at = event.at
        match event.kind:
            case EventKind.RUN_STARTED:
                self.started, self.started_at = dict(event.data), event.at
                self.options = dict(self.started.get("options", {}))
            case EventKind.RUN_RESUMED:
                self.resumed += 1
                self.options |= dict[str, Any](event.data).get("options", {})
            case EventKind.RUN_SHREDDED:
                self.shredded = True
            case EventKind.RUN_UNDOING:
                self.undoing, self.re_enabled = True, tuple(dict[str, Any](event.data)["re_enabled"])
            case EventKind.RUN_FINISHED:
                self.undoing = False
                self.outcome, self.finished_at = str(event.data["outcome"]), event.at
            case _:
                self.step(event.step).fold(event)


def exposed(started: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every thing in the lists of the exposure that a run was started with, as the journal has it."""
    for value in started["exposure"].values():
        yield from (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def exposed_identifiers(started: Mapping[str, Any]) -> set[str]:
    """Every identifier that a run is about, of whatever kind, identified or not."""
    return {str(item["identifier"]) for item in exposed(started) if "identifier" in item}


def is_rotation(started: Mapping[str, Any]) -> bool:
    """Whether a run replaces what was due, and nothing leaked."""
    return bool(started["exposure"].get("scheduled", False))


def subjects(started: Mapping[str, Any]) -> set[str]:
    """What no two runs may be about at once: identifiers, and the inventory's names of their credentials.

    The old and the new key of one user are one credential: two rotations of it would undo each other.
    """
    named = {str(item["credential"]) for item in exposed(started) if item.get("known")}
    made = {
        str(item["credential"])
        for items in started["exposure"].get("baseline", {}).values()
        for item in items
        if "credential" in item
    }
    return named | made | exposed_identifiers(started)


def fold(run: str, events: Iterable[Event]) -> RunState:
    state = RunState(run)
    for event in events:
        state.fold(event)
    return state
