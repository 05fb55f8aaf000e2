"""The searches of history that were made for a run, as `respond scan --run` wrote them into the journal."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from responder.journal import EventKind, Journal


@dataclass(frozen=True)
class Noted:
    """One search, as the journal has it; of each place: where, place, commit, author, refs and more."""

    at: datetime
    evidence: str
    places: tuple[dict[str, Any], ...]
    total: int
    not_looked_at: tuple[str, ...]


def scans(journal: Journal, run: str) -> list[Noted]:
    """Every search that was made for the run, the oldest first."""
    found = []
    for event in journal.noted(EventKind.HISTORY_SCANNED):
        if event.step == run:
            data: dict[str, Any] = dict(event.data)
            places, missed = tuple(data["places"]), tuple(data["not_looked_at"])
            found.append(Noted(event.at, data["evidence"], places, data["total"], missed))
    return found
