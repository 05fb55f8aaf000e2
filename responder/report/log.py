"""The record as lines: one an event, for people and for machines."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from responder.journal.events import stamp
from responder.report.record import Record, StepDescription
from responder.report.steps import PHASES

if TYPE_CHECKING:
    from responder.action import Json

_IDS = 4  # that a line has; as JSON it has all

__all__ = ["Filter", "Seen", "as_json", "as_line"]


@dataclass(frozen=True)
class Filter:
    """Which records are wanted; what is empty does not matter.

    `credential` is its name; `actor` is any part of what somebody is called, locally or by a provider. The
    run's own events belong to no credential and no phase.
    """

    credential: str = ""
    actor: str = ""
    phase: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def __call__(self, record: Record) -> bool:
        step = record.step
        return (
            (not self.credential or (step is not None and step.credential == self.credential))
            and (not self.phase or (step is not None and step.phase == self.phase))
            and (not self.actor or any(self.actor in name for name in _names(record)))
            and (self.since is None or record.event.at >= self.since)
            and (self.until is None or record.event.at < self.until)
        )


@dataclass
class Seen:
    """What the records have of each thing that can be asked for by name, whether it was wanted or not."""

    credentials: set[str] = field(default_factory=set)
    actors: set[str] = field(default_factory=set)
    phases: set[str] = field(default_factory=set)

    def note(self, record: Record) -> None:
        self.actors.update(_names(record))
        if record.step:
            self.credentials.add(record.step.credential)
            self.phases.add(record.step.phase)

    def unknown(self, wanted: Filter) -> Iterator[tuple[str, str, list[str]]]:
        """What is no phase, or in no record: what it is, the name that was asked for, those there are."""
        if wanted.credential and wanted.credential not in self.credentials:
            yield "credential", wanted.credential, sorted(self.credentials - {""})
        phases = dict.fromkeys((*PHASES, *sorted(self.phases - {""})))
        if wanted.phase and wanted.phase not in phases:
            yield "phase", wanted.phase, list(phases)
        if wanted.actor and not any(wanted.actor in name for name in self.actors):
            yield "actor", wanted.actor, sorted(self.actors - {""})


def as_line(record: Record) -> str:
    """When, which run, who from where, what on what, with which outcome, and by what it is known."""
    what = f"{record.action or 'run'} {record.target}".rstrip()
    told = record.evidence or record.why
    known = f": {told}" if told else ""
    ids = [f"{one.provider} {one.id}" for one in record.requests[:_IDS]]
    ids += [f"{more} more"] if (more := len(record.requests) - _IDS) > 0 else []
    requests = f" [{', '.join(ids)}]" if ids else ""
    attempt = f" (attempt {record.event.attempt})" if record.step and record.event.attempt > 1 else ""
    at = stamp(record.event.at)
    return f"{at} {record.event.run or '-'} {record.actor} {what} {record.outcome}{attempt}{known}{requests}"


def as_json(record: Record) -> "dict[str, Json]":
    """All that `as_line` has, and what it leaves out."""
    step, actor = record.step, record.actor
    return {
        "seq": record.event.seq,
        "at": stamp(record.event.at),
        "run": record.event.run,
        "kind": record.event.kind.value,
        "outcome": record.outcome,
        "actor": {
            "user": actor.user,
            "host": actor.host,
            "process": actor.process,
            "version": actor.version,
            "accounts": dict(actor.accounts),
        },
        "playbook": {"name": record.playbook, "sha256": record.playbook_digest},
        "step": _step(step, record.event.attempt) if step else None,
        "target": record.target,
        "evidence": record.evidence,
        "why": record.why,
        "requests": [
            {"provider": one.provider, "operation": one.operation, "id": one.id} for one in record.requests
        ],
        "hash": record.event.hash,
    }


def _step(step: StepDescription, attempt: int) -> "dict[str, Json]":
    return {
        "id": step.id,
        "title": step.title,
        "phase": step.phase,
        "credential": step.credential,
        "action": step.action,
        "attempt": attempt,
        "irreversible": step.irreversible,
    }


def _names(record: Record) -> Iterator[str]:
    yield str(record.actor)
    yield from record.actor.accounts.values()
