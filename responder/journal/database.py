"""The SQLite file under the journal: opening it safely, and durable transactions that exclude one another."""

import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from responder.errors import InputError, RefusedError, UnavailableError
from responder.journal import schema
from responder.journal.failures import BUSY_SECONDS, answering_for, not_a_journal, removed, unwritable

Values: TypeAlias = tuple[str | int | None, ...]

_PAUSE: Final = 0.02


class Database:
    """One connection, for any thread; one transaction at a time here and in every other process."""

    def __init__(self, connection: sqlite3.Connection, path: Path, *, read_only: bool) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self.path = path
        self.read_only = read_only

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> "Database":
        """Open or create the database.

        Raises:
            InputError: there is none to read, or the file is something else.
            RefusedError: a newer version of respond wrote it.
            UnavailableError: it cannot be opened, created or written.
            TamperedError: it is damaged.
        """
        if read_only:
            return cls(open_to_read(path), path, read_only=True)
        _make(path)
        with answering_for(path), ExitStack() as on_failure:
            connection = on_failure.enter_context(closing(_connect(path, "mode=rw")))
            _prepare(connection, path)
            on_failure.pop_all()
        return cls(connection, path, read_only=False)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write. Committed to the disk when the block ends; rolled back when it raises.

        Raises:
            RefusedError: the database was opened to read.
            UnavailableError: locked for ten seconds, disk full, not writable; nothing of the block is kept.
        """
        if self.read_only:
            raise RefusedError("The journal was opened to be read only.")
        with self._lock, answering_for(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def rows(self, sql: str, values: Values = ()) -> list[Any]:
        with self._lock, answering_for(self.path):
            return self._connection.execute(sql, values).fetchall()

    def forget_old_pages(self) -> bool:
        """Move the write-ahead log into the database and empty it; False while another process reads it."""
        with self._lock, answering_for(self.path):
            (busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def catch_up(self) -> None:
        """Bring in what others wrote; on a file it is seen as it is."""

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?{mode}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _make(path: Path) -> None:
    """An empty file for us alone. One that is there is not opened: closing it would drop SQLite's locks."""
    try:
        if path.is_dir():
            raise unwritable(path, "it is a folder")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise unwritable(path, f"{path.parent} is not a folder") from None
    except OSError as error:
        raise unwritable(path, (error.strerror or str(error)).lower()) from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    _check(connection, path, empty_is_fine=True)
    _use_write_ahead_log(connection, path)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    if sys.platform == "darwin":  # fsync there does not reach the platter
        connection.execute("PRAGMA fullfsync = 1")
        connection.execute("PRAGMA checkpoint_fullfsync = 1")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not _number(connection, "user_version"):  # another process may have been first
            schema.create(connection)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _use_write_ahead_log(connection: sqlite3.Connection, path: Path) -> None:
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            # Changing the mode does not always wait for the lock as other statements do.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(_PAUSE)
            continue
        if mode != "wal":
            raise UnavailableError(
                f"The file system of {path} has no shared memory, which the journal needs.",
                next_step="Name a place on a local disk with `--home`.",
            )
        return


def _check(connection: sqlite3.Connection, path: Path, *, empty_is_fine: bool) -> None:
    version = _number(connection, "user_version")
    application = _number(connection, "application_id")
    if not version and not application and not schema.objects(connection):
        if lost := removed(path):
            raise lost
        if empty_is_fine:
            return
        raise not_a_journal(path, "nothing is in it (a copy of one in use needs its -wal file)")
    if application != schema.APPLICATION_ID:
        raise not_a_journal(path, "it is a database of something else")
    if version > schema.VERSION:
        raise RefusedError(
            f"The journal {path} was written by a newer respond (format {version}; this one knows "
            f"{schema.VERSION}).",
            next_step="Upgrade respond (`pipx upgrade respond`), or name another place with `--home`.",
        )


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    (value,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(value)


def open_to_read(path: Path) -> sqlite3.Connection:
    """A connection that cannot write.

    Raises:
        InputError: there is none, or the file is something else.
        RefusedError: a newer version of respond wrote it.
        UnavailableError: it cannot be read.
        TamperedError: it is damaged.
    """
    try:
        return _checked(path, "mode=ro")
    except UnavailableError:
        # On a medium that cannot be written, SQLite reads only what nobody can be writing.
        if _logged(path):
            raise
        return open_untouched(path)


def open_untouched(path: Path) -> sqlite3.Connection:
    """As `open_to_read`, without locks or any file beside it: right only while nobody writes."""
    return _checked(path, "immutable=1")


def _logged(path: Path) -> bool:
    """Whether the write-ahead log holds anything."""
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _checked(path: Path, mode: str) -> sqlite3.Connection:
    if not path.is_file():
        raise removed(path) or InputError(
            f"There is no journal at {path}.",
            next_step="`respond leak` begins one. If yours is elsewhere: --home FOLDER, or RESPOND_HOME.",
        )
    with answering_for(path), ExitStack() as on_failure:
        connection = on_failure.enter_context(closing(_connect(path, mode)))
        _check(connection, path, empty_is_fine=False)
        on_failure.pop_all()
    return connection
