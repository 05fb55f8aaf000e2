"""What became of steps, as OCSF Remediation Activity, each with what it did to a credential or an account."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from responder.report.export.ocsf.effects import effects, verb_and_object
from responder.report.export.ocsf.envelope import Activity, Severity, event, milliseconds
from responder.report.record import Record, StepDescription

__all__ = ["Doing", "checked", "ended", "undone"]

_ISOLATE, _EVICT, _RESTORE, _HARDEN, _DETECT, _OTHER = 1, 2, 3, 4, 5, 99
_CAPTIONS: Final = {
    _ISOLATE: "Isolate",
    _EVICT: "Evict",
    _RESTORE: "Restore",
    _HARDEN: "Harden",
    _DETECT: "Detect",
    _OTHER: "Other",
}
_BY_PHASE: Final = {
    "prepare": _HARDEN,
    "identify": _DETECT,
    "contain": _ISOLATE,
    "rotate": _HARDEN,
    "recover": _RESTORE,
    "retire": _EVICT,
    "review": _DETECT,
}
# The verbs of actions' names, `provider.verb_object`, that say more than the phase.
_BY_VERB: Final = {"delete": _EVICT, "revoke": _EVICT, "prove": _DETECT, "verify": _DETECT}
_SUCCESS, _FAILURE, _UNKNOWN = (1, "Success"), (2, "Failure"), (0, "Unknown")
_STATUS: Final = {"succeeded": _SUCCESS, "failed": _FAILURE, "undone": _SUCCESS, "undo failed": _FAILURE}
_LOOKS: Final = {"held": _SUCCESS, "lost": _FAILURE, "unknown": _UNKNOWN}


@dataclass
class Doing:
    """What is known of a step before its end: when it began, and its input, secrets as fingerprints."""

    since: datetime
    given: Mapping[str, Any] = field(default_factory=dict)
    undo_intended: bool = False

    def note(self, record: Record) -> None:
        given = record.event.data.get("input")
        if isinstance(given, dict):
            self.given = given


def ended(record: Record, step: StepDescription, doing: Doing) -> Iterator[dict[str, Any]]:
    """The end of a step; of what was so already, only that it was looked at."""
    activity = _BY_VERB.get(verb_and_object(step.action)[0]) or _BY_PHASE.get(step.phase, _OTHER)
    status = _STATUS.get(record.outcome, (99, record.outcome.capitalize()))
    grave = record.outcome in ("failed", "parked")
    yield _remediation(record, step, activity, status, doing.since, grave=grave)
    if record.outcome == "succeeded" and record.event.data.get("applied"):
        yield from effects(record, step, doing.given)


def undone(record: Record, step: StepDescription, doing: Doing) -> Iterator[dict[str, Any]]:
    """The end of an undo; what was given back before this undo came to it has no effect of its own."""
    failed = record.outcome != "undone"
    yield _remediation(record, step, _RESTORE, _STATUS[record.outcome], doing.since, grave=failed)
    if doing.undo_intended and not failed:
        yield from effects(record, step, doing.given, undone=True)


def checked(record: Record, step: StepDescription) -> Iterator[dict[str, Any]]:
    """A later look at what was contained."""
    result = str(record.event.data.get("result", ""))
    status = _LOOKS.get(result, (99, result.capitalize()))
    yield _remediation(record, step, _DETECT, status, record.event.at, grave=result != "held")


def _remediation(
    record: Record,
    step: StepDescription,
    activity: int,
    status: tuple[int, str],
    since: datetime,
    *,
    grave: bool,
) -> dict[str, Any]:
    line = record.event
    said = record.evidence or record.why
    return event(
        record,
        Activity(7001, "Remediation Activity", activity, _CAPTIONS[activity]),
        severity=Severity.MEDIUM if grave else Severity.INFORMATIONAL,
        command_uid=f"{line.run}/{line.step}/{line.attempt}",
        message=said,
        status_id=status[0],
        status=status[1],
        status_code=str(line.data.get("code", "")),
        status_detail=record.why or said,
        start_time=milliseconds(since),
        end_time=milliseconds(line.at),
        duration=milliseconds(line.at) - milliseconds(since),
        remediation={"desc": f"{step.title} ({step.label})" if step.label else step.title or step.id},
        unmapped={
            "step": step.id,
            "phase": step.phase,
            "action": step.action,
            "credential": step.credential,
            "irreversible": step.irreversible,
            "applied": bool(line.data.get("applied")),
            "outcome": record.outcome,
        },
    )
