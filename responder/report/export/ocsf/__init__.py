"""OCSF JSON Lines, for security data lakes (https://schema.ocsf.io/1.5.0).

A run that answers a leak is an Incident Finding (2005), with a Data Security Finding (2006) a credential
that leaked and a Detection Finding (2004) for each that came beside one. The end of a step or of its undoing
and a later look are Remediation Activity (7001); what was done to a credential is Entity Management (3004) or
Account Change (3001), and each exchange that its provider has a name for is API Activity (6003).
"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from responder.journal import EventKind
from responder.report.export.ocsf import remediation
from responder.report.export.ocsf.calls import calls
from responder.report.export.ocsf.findings import Incident, strangers
from responder.report.export.ocsf.remediation import Doing
from responder.report.occasion import occasion_of
from responder.report.record import Record, StepDescription

__all__ = ["events", "lines"]

_ENDS = frozenset(
    {EventKind.STEP_SUCCEEDED, EventKind.STEP_FAILED, EventKind.STEP_PARKED, EventKind.STEP_SKIPPED}
)


def lines(records: Iterable[Record], has: Callable[[Record], bool]) -> Iterator[str]:
    """A line an OCSF event, without its line end. Arguments as in `events`."""
    for one in events(records, has):
        yield json.dumps(one, ensure_ascii=False, separators=(",", ":"))


def events(records: Iterable[Record], has: Callable[[Record], bool]) -> Iterator[dict[str, Any]]:
    """The OCSF events of records.

    Args:
        records: of whole runs, from their starts.
        has: which of them are wanted; the others only tell what the wanted ones are about.
    """
    incidents: dict[str, Incident] = {}
    doing: dict[tuple[str, str], Doing] = {}
    for record in records:
        made = list(_of(record, incidents, doing))
        if has(record):
            yield from made


def _is_incident(record: Record) -> bool:
    """A rotation on schedule is none, and would be an alarm every hour."""
    data = record.event.data
    begins = record.event.kind is EventKind.RUN_STARTED and "exposure" in data
    return begins and occasion_of(data).is_incident


def _of(
    record: Record, incidents: dict[str, Incident], doing: dict[tuple[str, str], Doing]
) -> Iterator[dict[str, Any]]:
    run = record.event.run
    if not run:
        return  # what was seen beside any run is no finding
    if _is_incident(record):
        incidents[run] = Incident.of(record)
    incident = incidents.get(run)
    if record.step:
        yield from _of_step(record, record.step, doing)
        yield from incident.note(record) if incident else ()
    elif incident:
        yield from _of_run(record, incident)
    yield from calls(record)


def _of_run(record: Record, incident: Incident) -> Iterator[dict[str, Any]]:
    match record.event.kind:
        case EventKind.RUN_STARTED:
            yield from incident.opened(record)
        case EventKind.RUN_FINISHED:
            yield from incident.closed(record)
        case EventKind.RUN_UNDOING:
            yield from incident.updated(record, f"What the run took is being given back by {record.actor}")
        case EventKind.RUN_SHREDDED:
            yield from incident.updated(record, "The key of the run's sealed values was destroyed")
        case _:
            yield from incident.updated(record, f"The run was {record.outcome} by {record.actor}")


def _of_step(
    record: Record, step: StepDescription, doing: dict[tuple[str, str], Doing]
) -> Iterator[dict[str, Any]]:
    if record.event.kind is EventKind.STEP_CHECKED:  # a look between other things that are being done
        yield from remediation.checked(record, step)
        yield from strangers(record)
        return
    key = (record.event.run, record.event.step)
    now = doing.setdefault(key, Doing(record.event.at))
    now.note(record)
    match record.event.kind:
        case EventKind.STEP_UNDO_INTENDED:
            now.undo_intended = True
        case EventKind.STEP_UNDONE | EventKind.STEP_UNDO_FAILED:
            yield from remediation.undone(record, step, doing.pop(key))
        case kind if kind in _ENDS:
            yield from remediation.ended(record, step, doing.pop(key))
