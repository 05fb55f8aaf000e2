"""What was added to a shared journal since its file was last written whole: that is written at every event.

JSON Lines, compressed: a random word, the rows of data keys that are other than in the file, then a row for
each event.
"""

import gzip
import json
import secrets
import sqlite3
import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final, Self, TypeAlias

from responder.journal.events import COLUMNS

__all__ = ["Base", "Tail"]

Values: TypeAlias = tuple[Any, ...]  # of a row, as SQLite gives them

_KEYS: Final = "SELECT run, master, wrapped FROM data_keys ORDER BY run"
_ADD_EVENT: Final = f"INSERT INTO events ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
# A key that was shredded is so for good, whichever of the two was written later.
_ADD_KEY: Final = (
    "INSERT INTO data_keys (run, master, wrapped) VALUES (?, ?, ?) "
    "ON CONFLICT (run) DO UPDATE SET wrapped = NULL WHERE excluded.wrapped IS NULL"
)


@dataclass(frozen=True)
class Base:
    """What of a journal is in its file."""

    head: int = 0  # seq of its last event
    keys: Collection[Values] = frozenset()

    @classmethod
    def of(cls, connection: sqlite3.Connection) -> Self:
        (head,) = connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
        return cls(head, frozenset(connection.execute(_KEYS)))


@dataclass(frozen=True)
class Tail:
    keys: tuple[Values, ...] = ()
    events: tuple[Values, ...] = ()

    @classmethod
    def after(cls, base: Base, connection: sqlite3.Connection) -> Self:
        """What the database has, and its file has not."""
        query = f"SELECT {COLUMNS} FROM events WHERE seq > ? ORDER BY seq"  # noqa: S608
        keys = (row for row in connection.execute(_KEYS) if row not in base.keys)
        return cls(tuple(keys), tuple(connection.execute(query, (base.head,))))

    @classmethod
    def read(cls, content: bytes) -> Self:
        """As `written` gave it.

        Raises:
            ValueError: it is something else.
        """
        try:
            _, first, *lines = gzip.decompress(content).decode().splitlines()
            return cls(_rows(json.loads(first), 3), _rows(map(json.loads, lines), 9))
        except (OSError, EOFError, zlib.error, TypeError, RecursionError) as error:
            raise ValueError(str(error)) from error

    def written(self) -> bytes:
        """Other bytes each time, by which it is told whether they were stored.

        Without the word, two tails that add nothing, to files of different length, were the same object.
        """
        lines = map(json.dumps, (secrets.token_hex(8), self.keys, *self.events))
        return gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)

    def add_to(self, connection: sqlite3.Connection) -> None:
        """To what is in the file, which may have been written later than this.

        Raises:
            sqlite3.DatabaseError: it does not follow upon that, or is of another form.
            ValueError: it tells of other events than there are.
        """
        connection.execute("BEGIN")
        head = Base.of(connection).head
        for row in self.events:
            if isinstance(row[0], int) and row[0] <= head:
                _refuse_other(connection, row)
            else:
                connection.execute(_ADD_EVENT, row)
        connection.executemany(_ADD_KEY, self.keys)
        connection.execute("COMMIT")


def _rows(lines: Iterable[Any], width: int) -> tuple[Values, ...]:
    rows = tuple(map(tuple, lines))
    if any(len(row) != width for row in rows):
        raise ValueError("a row is of another form")
    return rows


def _refuse_other(connection: sqlite3.Connection, row: Values) -> None:
    there = connection.execute("SELECT 1 FROM events WHERE seq = ? AND hash = ?", (row[0], row[-1]))
    if there.fetchone() is None:
        raise ValueError(f"event {row[0]} is another one")
