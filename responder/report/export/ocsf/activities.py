"""What a step did, as OCSF activities: the remediation, the credential's life, a policy, the API calls."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from responder.report.export.ocsf.envelope import Activity, Severity, cleaned, event, milliseconds
from responder.report.record import Record, Request, StepDescription

__all__ = ["Doing", "calls", "ended"]

_REMEDIATION: Final = {1: "Isolate", 2: "Evict", 3: "Restore", 4: "Harden", 5: "Detect"}
_BY_PHASE: Final = {"identify": 5, "contain": 1, "rotate": 4, "recover": 3, "retire": 2, "review": 5}
# The verbs of actions' names, `provider.verb_object`; what only looks is said by the phase.
_BY_VERB: Final = {"delete": 2, "revoke": 2, "prove": 5, "verify": 5}
# What such a verb does to the entity that the action's name ends with.
_LIFE: Final = {
    "create": (1, "Create"),
    "delete": (4, "Delete"),
    "revoke": (4, "Delete"),
    "deactivate": (9, "Disable"),
    "disable": (9, "Disable"),
    "freeze": (9, "Disable"),
}
_STATUS: Final = {"succeeded": (1, "Success"), "failed": (2, "Failure")}
_ATTACH_POLICY: Final = Activity(3001, "Account Change", 7, "Attach Policy")
# The inputs and outputs that name a credential or its owner, the most telling first.
_IDENTIFIERS: Final = ("identifier", "access_key_id", "token_id")
_API: Final = (
    ("create", 1, "Create"),
    ("get", 2, "Read"),
    ("list", 2, "Read"),
    ("put", 3, "Update"),
    ("update", 3, "Update"),
    ("delete", 4, "Delete"),
)


@dataclass
class Doing:
    """What is known of a step before its end: when it began, and its input, secrets as fingerprints."""

    since: datetime
    given: Mapping[str, Any] = field(default_factory=dict)

    def note(self, record: Record) -> None:
        given = record.event.data.get("input")
        if isinstance(given, dict):
            self.given = given


def ended(record: Record, doing: Doing) -> Iterator[dict[str, Any]]:
    """What the end of a step amounts to; of what was so already, only that it was looked at."""
    if record.step is None:
        return
    yield _remediation(record, record.step, doing)
    if record.outcome == "succeeded" and record.event.data.get("applied"):
        yield from _effects(record, record.step, doing)


def calls(record: Record) -> Iterator[dict[str, Any]]:
    """The exchanges with providers that have a name in the providers' own logs."""
    for one in record.requests:
        if one.id and one.operation:
            yield _call(record, one)


def _remediation(record: Record, step: StepDescription, doing: Doing) -> dict[str, Any]:
    verb, _ = _verb_and_object(step.action)
    activity = _BY_VERB.get(verb) or _BY_PHASE.get(step.phase, 99)
    status = _STATUS.get(record.outcome, (99, record.outcome.capitalize()))
    line = record.event
    return event(
        record,
        Activity(7001, "Remediation Activity", activity, _REMEDIATION.get(activity, "Other")),
        severity=Severity.MEDIUM if record.outcome in ("failed", "parked") else Severity.INFORMATIONAL,
        command_uid=f"{line.run}/{line.step}/{line.attempt}",
        message=record.evidence or record.why,
        status_id=status[0],
        status=status[1],
        status_code=str(line.data.get("code", "")),
        status_detail=record.why or record.evidence,
        start_time=milliseconds(doing.since),
        end_time=milliseconds(line.at),
        duration=milliseconds(line.at) - milliseconds(doing.since),
        remediation={"desc": f"{step.title} ({step.label})" if step.label else step.title or step.id},
        unmapped={
            "step": step.id,
            "phase": step.phase,
            "action": step.action,
            "credential": step.credential,
            "irreversible": step.irreversible,
            "applied": bool(line.data.get("applied")),
        },
    )


def _effects(record: Record, step: StepDescription, doing: Doing) -> Iterator[dict[str, Any]]:
    verb, thing = _verb_and_object(step.action)
    output = record.event.data.get("output")
    known = {**doing.given, **(output if isinstance(output, dict) else {})}
    if verb in _LIFE:
        yield event(
            record,
            Activity(3004, "Entity Management", *_LIFE[verb]),
            severity=Severity.INFORMATIONAL,
            message=step.title,
            status_id=1,
            status="Success",
            comment=record.evidence,
            entity=_entity(known, thing, step),
        )
    elif verb == "deny":
        yield event(
            record,
            _ATTACH_POLICY,
            severity=Severity.INFORMATIONAL,
            message=step.title,
            status_id=1,
            status="Success",
            status_detail=record.evidence,
            user={"name": _text(known, "user") or step.credential},
            policy={"name": f"{verb} {thing}", "desc": step.title, "is_applied": True},
        )


def _entity(known: Mapping[str, Any], thing: str, step: StepDescription) -> dict[str, Any]:
    fingerprints = {
        f"{key}_fingerprint": value["fingerprint"]
        for key, value in known.items()
        if isinstance(value, dict) and isinstance(value.get("fingerprint"), str)
    }
    owner = _text(known, "user") or _text(known, "name")
    identifier = next((found for key in _IDENTIFIERS if (found := _text(known, key))), "")
    return cleaned(
        {
            "uid": identifier or owner or step.credential,
            "name": owner or step.credential,
            "type_id": 99,
            "type": thing,
            "data": fingerprints,
        }
    )


def _call(record: Record, one: Request) -> dict[str, Any]:
    name = one.operation.rpartition(":")[2].casefold()
    activity, caption = next(
        ((number, word) for begins, number, word in _API if name.startswith(begins)), (99, "Other")
    )
    return event(
        record,
        Activity(6003, "API Activity", activity, caption),
        severity=Severity.INFORMATIONAL,
        of=one.id,
        api={"operation": one.operation, "service": {"name": one.provider}, "request": {"uid": one.id}},
        src_endpoint={"hostname": record.actor.host or "unknown"},
    )


def _verb_and_object(action: str) -> tuple[str, str]:
    verb, _, thing = action.partition(".")[2].partition("_")
    return verb, thing.replace("_", " ")


def _text(known: Mapping[str, Any], key: str) -> str:
    value = known.get(key)
    return value if isinstance(value, str) else ""
