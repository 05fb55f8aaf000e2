"""CSV (RFC 4180): an event a line, flat, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from responder.journal.events import stamp
from responder.report.record import Record

__all__ = ["COLUMNS", "lines"]

COLUMNS: Final = (
    "seq",
    "at",
    "run",
    "event",
    "outcome",
    "who",
    "accounts",
    "host",
    "process",
    "version",
    "playbook",
    "playbook_sha256",
    "phase",
    "step",
    "attempt",
    "what",
    "action",
    "on_what",
    "credential",
    "irreversible",
    "evidence",
    "why",
    "next_step",
    "requests",
    "hash",
)

# What makes a spreadsheet take a cell for a formula, the wide forms included:
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001  # meant


def lines(records: Iterable[Record]) -> Iterator[str]:
    """The header, then a line an event, each without its line end."""
    yield _joined(COLUMNS)
    for record in records:
        yield _joined(tuple(map(_safe, _cells(record))))


def _cells(record: Record) -> tuple[str, ...]:
    event, actor, step = record.event, record.actor, record.step
    return (
        str(event.seq),
        stamp(event.at),
        event.run,
        event.kind.value,
        record.outcome,
        actor.user,
        "; ".join(f"{provider}: {account}" for provider, account in sorted(actor.accounts.items())),
        actor.host,
        str(actor.process or ""),
        actor.version,
        record.playbook,
        record.playbook_digest,
        step.phase if step else "",
        event.step,
        str(event.attempt),
        step.title if step else "",
        record.action,
        record.target,
        (step.credential or "") if step else "",
        ("yes" if step.irreversible else "no") if step else "",
        record.evidence,
        record.why,
        str(event.data.get("next_step", "")),
        "; ".join(f"{one.provider} {one.operation} {one.id}" for one in record.requests),
        event.hash,
    )


def _safe(cell: str) -> str:
    """One line, and never a formula: spreadsheets show what follows an apostrophe as text."""
    if cell.isprintable() and cell[:1].isalnum():
        return cell  # the common case, quickly
    flat = " ".join(cell.splitlines())
    return f"'{flat}" if flat.startswith("\t") or flat.lstrip().startswith(_FORMULA) else flat


def _joined(cells: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
