"""An event with what stands elsewhere in the journal and belongs to it: who, from where, which step.

An event's actor is who held the run when it was written: the operator and the process of the last
run.started or run.resumed before it. What the step is stands in run.started.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from responder.journal import Event, EventKind, Holder

__all__ = ["Actor", "Record", "Request", "StepDescription", "records"]


@dataclass(frozen=True)
class Actor:
    """Who did it, as each provider knows them, and the process that did it for them.

    `accounts` is by provider: the IAM ARN, the Modal user, the GitHub login, and `local`, user@host.
    """

    user: str = ""
    host: str = ""
    process: int = 0
    version: str = ""  # of respond
    accounts: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.user}@{self.host}" if self.user else "unknown"


@dataclass(frozen=True)
class StepDescription:
    """A step as it was confirmed. `id` names it in its run; `label` is what it is done to, for people."""

    id: str
    title: str = ""
    label: str = ""
    credential: str = ""
    phase: str = ""
    action: str = ""
    irreversible: bool = False


@dataclass(frozen=True)
class Request:
    """An exchange with a provider, by the provider's own name for it: what its logs can be searched for.

    Modal has none: its client (1.6) shows of an answer's metadata only warnings.
    """

    provider: str
    operation: str
    id: str


@dataclass(frozen=True)
class Record:
    """`step` is None for the run's own events; `playbook_digest` is the SHA-256 of the playbook's text."""

    event: Event
    actor: Actor
    playbook: str
    playbook_digest: str
    step: StepDescription | None

    @property
    def outcome(self) -> str:
        """What became of it: intended, applied, succeeded, ...; of a run's end, how it ended."""
        if self.event.kind is EventKind.RUN_FINISHED:
            return f"finished: {self._text('outcome')}"
        if self.event.kind is EventKind.STEP_CHECKED:
            return f"checked: {self._text('result')}"
        return self.event.kind.value.partition(".")[2].replace("_", " ")

    @property
    def action(self) -> str:
        return self.step.action if self.step else ""

    @property
    def target(self) -> str:
        """On what: the step's own label, else the credential it is for; empty for the run's own events."""
        return (self.step.label or self.step.credential) if self.step else ""

    @property
    def evidence(self) -> str:
        """What was asked for the proof, and what was answered."""
        return self._text("evidence") or self._text("detail")

    @property
    def why(self) -> str:
        """Why it failed, was parked, tried again or left out."""
        return self._text("why")

    @property
    def requests(self) -> tuple[Request, ...]:
        found = self.event.data.get("requests")
        if not isinstance(found, list):
            return ()
        return tuple(
            Request(*(str(one.get(key, "")) for key in ("provider", "operation", "id")))
            for one in found
            if isinstance(one, dict)
        )

    def _text(self, key: str) -> str:
        return str(self.event.data.get(key, ""))


@dataclass(frozen=True)
class _Term:
    actor: Actor = field(default_factory=Actor)
    playbook: str = ""
    digest: str = ""
    steps: Mapping[str, StepDescription] = field(default_factory=dict)


def records(events: Iterable[Event]) -> Iterator[Record]:
    """The records of events in the journal's order; of one run, or of several woven into one another.

    A run must be given from its start: of an event whose run.started is not among them nobody is named. What
    describes a run is kept to the end, because a finished run may be undone; runs alike share it.
    """
    terms: dict[str, _Term] = {}
    shared: dict[tuple[StepDescription, ...], Mapping[str, StepDescription]] = {}
    for event in events:
        match event.kind:
            case EventKind.RUN_STARTED:
                term = _started(event.data)
                steps = shared.setdefault(tuple(term.steps.values()), term.steps)
                terms[event.run] = replace(term, steps=steps)
            case EventKind.RUN_RESUMED:
                known = terms.get(event.run, _Term())
                terms[event.run] = replace(known, actor=_actor(event.data))
            case EventKind.CREDENTIAL_SEEN:
                seen = StepDescription(
                    event.step, label=event.step, credential=event.step, phase="identify", action="look"
                )
                yield Record(event, _actor(event.data), "", "", seen)
                continue
            case EventKind.CONTROL_TAKEN:
                tried = StepDescription(event.step, label=event.step, phase="identify", action="control")
                yield Record(event, _actor(event.data), "", "", tried)
                continue
            case EventKind.HISTORY_SCANNED:
                looked = StepDescription(event.step, label=event.step, phase="review", action="scan")
                yield Record(event, _actor(event.data), "", "", looked)
                continue
        term = terms.get(event.run, _Term())
        step = term.steps.get(event.step, StepDescription(event.step)) if event.step else None
        yield Record(event, term.actor, term.playbook, term.digest, step)


def _started(data: Mapping[str, Any]) -> _Term:
    name = text = ""
    match data.get("playbook"):
        case {"name": str(name), "text": str(text)}:
            pass
    described = (
        StepDescription(
            id=one["id"],
            title=one["title"],
            label=one["label"],
            credential=one["credential"] or "",
            phase=one["phase"],
            action=one["action"],
            irreversible=one["irreversible"],
        )
        for one in data.get("steps", [])
    )
    return _Term(
        actor=_actor(data),
        playbook=name,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        steps={one.id: one for one in described},
    )


def _actor(data: Mapping[str, Any]) -> Actor:
    holder = Holder.from_json(data.get("holder"))
    return Actor(
        user=holder.user,
        host=holder.host,
        process=holder.pid,
        version=str(data.get("version", "")),
        accounts=dict(data.get("operator", {})),
    )
