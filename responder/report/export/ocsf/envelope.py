"""What every OCSF event carries: its class, its time, who did it, and its place in the journal.

https://schema.ocsf.io/1.5.0 with the profile `host`, which adds `actor` and `device`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from responder.journal.events import stamp
from responder.report.record import Record

__all__ = ["VERSION", "Activity", "Severity", "cleaned", "event", "milliseconds", "person", "unique"]

VERSION: Final = "1.5.0"  # valid in all later ones up to 1.8.0 too
_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:respond:ocsf:v1")
_CATEGORIES: Final = {
    2: "Findings",
    3: "Identity & Access Management",
    6: "Application Activity",
    7: "Remediation",
}


class Severity(IntEnum):
    INFORMATIONAL = 1
    MEDIUM = 3
    HIGH = 4


@dataclass(frozen=True)
class Activity:
    """What happened, as OCSF numbers it."""

    class_uid: int
    class_name: str
    activity_id: int
    activity_name: str

    @property
    def type_uid(self) -> int:
        return self.class_uid * 100 + self.activity_id


def event(
    record: Record,
    what: Activity,
    *,
    severity: Severity,
    of: str = "",
    **fields: Any,  # noqa: ANN401
) -> dict[str, Any]:
    """An OCSF event made of a record.

    Args:
        record: of the journal.
        what: the class and activity.
        severity: of this event.
        of: tells it from others of the same class that are made of the same record.
        fields: those of the class; the empty ones are left out.
    """
    line = record.event
    category = what.class_uid // 1000
    made = {
        "category_uid": category,
        "category_name": _CATEGORIES[category],
        "class_uid": what.class_uid,
        "class_name": what.class_name,
        "activity_id": what.activity_id,
        "activity_name": what.activity_name,
        "type_uid": what.type_uid,
        "type_name": f"{what.class_name}: {what.activity_name}",
        "time": milliseconds(line.at),
        "timezone_offset": 0,
        "severity_id": int(severity),
        "severity": severity.name.capitalize(),
        "metadata": {
            "version": VERSION,
            "profiles": ["host"],
            "product": {"name": "respond", "vendor_name": "respond", "version": record.actor.version},
            "log_name": "journal",
            "log_provider": "respond",
            "uid": unique("event", line.hash, str(what.type_uid), of),
            "original_time": stamp(line.at),
            "event_code": line.kind.value,
            "correlation_uid": line.run,
            "sequence": line.seq,
        },
        "actor": {"user": person(record), "app_name": "respond"},
        "device": {"type_id": 0, "hostname": record.actor.host},
        **fields,
        "unmapped": {
            "hash": line.hash,
            "operator": dict(record.actor.accounts),
            **fields.get("unmapped", {}),
        },
    }
    if not record.actor.host:
        del made["device"]
    return cleaned(made)


def person(record: Record) -> dict[str, Any]:
    """Who did it, as their machine knows them; as whom the providers know them is in `unmapped`."""
    return {"name": record.actor.user or "unknown", "type_id": 1}


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def unique(*parts: str) -> str:
    """The same for the same parts."""
    return str(uuid5(_NAMESPACE, "\0".join(parts)))


def cleaned(value: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty, at any depth: OCSF wants an unknown field left out. Numbers and False stay."""
    kept = {key: cleaned(inner) if isinstance(inner, dict) else inner for key, inner in value.items()}
    return {key: inner for key, inner in kept.items() if inner not in ("", None, {}, [])}
