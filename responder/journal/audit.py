"""Whether a journal's file is what was written: for somebody who trusts neither us nor the machine."""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from responder.errors import TamperedError
from responder.journal import schema
from responder.journal.chain import Broken, Flaw, Mark, Verified, verify_chain
from responder.journal.database import open_to_read, open_untouched
from responder.journal.events import COLUMNS
from responder.journal.failures import NotAJournalError, answering_for


@dataclass(frozen=True)
class Audit:
    """What was found. `unguarded`: in what the database around the events is not as we made it.

    A guard that keeps them from being changed is missing, or an index tells of other events than there are.
    """

    chain: Verified | Broken
    unguarded: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        return isinstance(self.chain, Verified) and not self.unguarded and not self.chain.backdated


def verify(path: Path, known: Collection[str] = (), marks: Collection[Mark] = ()) -> Audit:
    """Read the journal or a copy of it, without credentials and without changing it.

    Args:
        path: of the journal. A copy of a journal in use needs its `-wal` file beside it.
        known: hashes of events noted down earlier, outside: each must be there. Without any, and without
            `marks`, a journal that was cut at its end or written anew by somebody who knows SQLite well looks
            like a true one.
        marks: what checkpoints and anchors tell of it.

    Raises:
        InputError: there is no file.
        RefusedError: a newer version of respond wrote it.
        UnavailableError: it cannot be read.
    """
    if not path.with_name(f"{path.name}-wal").exists():  # nobody has it open: not even a lock is needed
        found = _read(lambda: open_untouched(path), path, known, marks)
        if found.sound:
            return found
    return _read(
        lambda: open_to_read(path), path, known, marks
    )  # a process may have begun to write meanwhile


def first_hash(path: Path) -> str:
    """Of the first event; empty where there is none.

    Raises:
        InputError: there is no journal, or the file is something else.
        RefusedError: a newer version of respond wrote it.
        UnavailableError: it cannot be read.
        TamperedError: it is damaged.
    """
    with closing(open_to_read(path)) as connection, answering_for(path):
        row = connection.execute("SELECT hash FROM events WHERE seq = 1").fetchone()
    return str(row[0]) if row else ""


def _read(
    connect: Callable[[], sqlite3.Connection], path: Path, known: Collection[str], marks: Collection[Mark]
) -> Audit:
    seen = _Progress()
    try:
        with closing(connect()) as connection, answering_for(path):
            # Text that is no UTF-8 is a finding, not a failure.
            connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
            connection.execute("BEGIN")
            unguarded = tuple(schema.differences(connection))
            if any(" events " in difference for difference in unguarded):
                return Audit(Broken(1, "the table of the events is not ours", Flaw.MISSING), unguarded)
            if unguarded:  # unsound already, and what else is in the file may not be as we ask for it
                return Audit(verify_chain(seen.count(_rows(connection)), known, marks), unguarded)
            with _compared(connect) as lies:
                chain = verify_chain(seen.count(_rows(connection)), known, marks)
                return Audit(_cut(connection, chain), lies.result())
    except NotAJournalError as other:
        return Audit(Broken(1, f"this is not a journal of respond: {other.why}", Flaw.MISSING))
    except TamperedError as wrong:
        why = f"from there on nothing can be read: {wrong.what.removesuffix('.')}"
        return Audit(Broken(seen.rows + 1, why, Flaw.MISSING))


class _Progress:
    rows = 0

    def count(self, rows: Iterator[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
        for row in rows:
            yield row
            self.rows += 1


def _rows(connection: sqlite3.Connection) -> Iterator[tuple[object, ...]]:
    # An index could lie; the table itself is read.
    yield from connection.execute(f"SELECT {COLUMNS} FROM events NOT INDEXED ORDER BY seq")  # noqa: S608


@contextmanager
def _compared(connect: Callable[[], sqlite3.Connection]) -> Iterator["Future[tuple[str, ...]]"]:
    """Beside the reading of the events, which takes twice as long: on a core and a connection of its own."""
    with closing(connect()) as connection, ThreadPoolExecutor(1) as beside:
        try:
            yield beside.submit(_lies, connection)
        finally:
            connection.interrupt()


def _lies(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Other commands find a run's events by an index: one that leaves some out would hide them there."""
    (found,) = connection.execute("PRAGMA integrity_check('events')").fetchone()
    return () if found == "ok" else (f"its indexes are not those of its events: {' '.join(found.split())}",)


def _cut(connection: sqlite3.Connection, chain: Verified | Broken) -> Verified | Broken:
    """SQLite remembers the highest number that it ever gave."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    once = row[0] if row else 0
    if isinstance(chain, Verified) and chain.events != once:
        return Broken(
            chain.events + 1,
            f"the journal ends at event {chain.events}, and has ended at event {once} before",
            Flaw.MISSING,
        )
    return chain
