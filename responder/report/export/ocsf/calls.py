"""The exchanges with providers that have a name in the providers' own logs, as OCSF API Activity."""

from collections.abc import Iterator
from typing import Any, Final

from responder.report.export.ocsf.envelope import Activity, Severity, event
from responder.report.record import Record, Request

__all__ = ["calls"]

_API: Final = (
    ("create", 1, "Create"),
    ("post", 1, "Create"),
    ("get", 2, "Read"),
    ("list", 2, "Read"),
    ("put", 3, "Update"),
    ("update", 3, "Update"),
    ("delete", 4, "Delete"),
)


def calls(record: Record) -> Iterator[dict[str, Any]]:
    for one in record.requests:
        if one.id and one.operation:
            yield _call(record, one)


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
