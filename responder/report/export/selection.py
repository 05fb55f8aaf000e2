"""Which events are exported."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from responder.journal import Journal
from responder.journal.events import COLUMNS, Row, stamp
from responder.report.record import Record, records

_BATCH: Final = 500  # rows in memory at once


@dataclass(frozen=True)
class Selection:
    """Events of one run, or of all when `run` is empty; from `since` on, and before `until`."""

    run: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def check(self, journal: Journal) -> None:
        """Make sure that there is such a run.

        Raises:
            InputError: there is none.
        """
        if self.run:
            journal.holder(self.run)

    def rows(self, journal: Journal) -> Iterator[Row]:
        """The events as they are stored, unread, in order; a few hundred in memory at most."""
        since, until = (stamp(at) if at else "" for at in (self.since, self.until))
        # The stored form of a time sorts as the times do.
        query = (
            f"SELECT {COLUMNS} FROM events "  # noqa: S608  # a constant
            "WHERE seq > ?1 AND (?2 = '' OR run = ?2) AND (?3 = '' OR at >= ?3) AND (?4 = '' OR at < ?4) "
            f"ORDER BY seq LIMIT {_BATCH}"
        )
        after = 0
        while True:
            found: list[Row] = journal.database.rows(query, (after, self.run, since, until))
            yield from found
            if len(found) < _BATCH:
                return
            after = found[-1][0]

    def records(self, journal: Journal) -> Iterator[Record]:
        """The events with their actor and step."""
        return filter(self.has, self.all_records(journal))

    def all_records(self, journal: Journal) -> Iterator[Record]:
        """Also those outside of the times: for a reading that has to know how a run began."""
        return records(journal.iterate(self.run or None))

    def has(self, record: Record) -> bool:
        at = record.event.at
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)
