"""A journal that machines share: its one copy is kept elsewhere, and replaced whole, by compare and swap.

A process works on a copy in memory. What a transaction changes is kept elsewhere before it is committed here:
a process that dies leaves at most an event there that nothing was done about. There is no lock, so none
outlives a crash. Made for a job that now and then writes some hundred events: each costs a request, with all
events that there are.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from typing_extensions import override

from responder.errors import InputError, RefusedError, RespondError, TamperedError, UnavailableError
from responder.journal import schema
from responder.journal.behind import BehindError
from responder.journal.database import Database
from responder.journal.failures import answering_for, removed

__all__ = ["Remote", "SharedDatabase", "copy"]

_Head: TypeAlias = tuple[int, str]  # seq and hash of an event
_HEAD: Final = "SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1"
_FORMAT: Final = slice(18, 20)  # of the header: https://sqlite.org/fileformat.html
_NO_LOG: Final = b"\x01\x01"


class Remote(Protocol):
    """Where the one copy is. For one thread at a time."""

    @property
    def where(self) -> str:
        """For people."""

    def fetch(self) -> bytes | None:
        """What is there, where it is not what was fetched or stored last; None where it is, or nothing is.

        Raises:
            UnavailableError: it cannot be read.
            TamperedError: there was something, and it was removed.
        """

    def store(self, content: bytes) -> bool:
        """Put this where what was fetched or stored last is, and nothing else; False where something is.

        Raises:
            UnavailableError: it is not there, or whether it is cannot be told.
            TamperedError: there was something, and it was removed.
        """

    def close(self) -> None: ...


class SharedDatabase(Database):
    """As a `Database`, at a `Remote`. It is as it was there when it was opened, written or caught up with.

    Args:
        remote: closed with the database.
        path: beside which the checkpoints of this machine are.
        read_only: whether it cannot be written.
        new: begin one where there is none.

    Raises:
        InputError: there is none, or something else is there.
        RefusedError: a newer version of respond wrote it.
        UnavailableError: it cannot be read.
        TamperedError: it is damaged, or was removed.
    """

    def __init__(self, remote: Remote, path: Path, *, read_only: bool, new: bool) -> None:
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        super().__init__(connection, path, read_only=read_only)
        connection.execute("PRAGMA secure_delete = ON")  # what was shredded is in no page that is stored
        self._remote = remote
        self._in_doubt = False  # whether what was stored last is there
        self._wrong: RespondError | None = None  # what was found there, which is not ours to go on with
        content = remote.fetch()
        if content is not None:
            self._load(content)
            return
        if (lost := removed(path)) or not new:
            raise lost or _no_journal(remote)
        connection.execute("BEGIN")
        schema.create(connection)
        connection.execute("COMMIT")

    @contextmanager
    @override
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """As on a file.

        Raises:
            BehindError: somebody else wrote first; nothing of the block is kept, what they wrote is known.
            RefusedError: the database was opened to read.
            UnavailableError: nothing of the block is kept here; whether it is there is looked up before
                anything else is written.
        """
        if self.read_only:
            raise RefusedError("The journal was opened to be read only.")
        with self._lock, answering_for(self.path):
            if self._in_doubt:
                self._catch_up()
            before = self._head()
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                wrote = self._head()
                kept = self._store()
                self._connection.execute("COMMIT" if kept else "ROLLBACK")
            except RespondError:
                self._connection.execute("ROLLBACK")
                if self._in_doubt or not self._catch_up():
                    raise
                raise BehindError(self._remote.where) from None  # it may have refused what is not so any more
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            if not kept:
                self._catch_up()
                # Others may have written on top of what we stored before its answer was lost.
                if wrote is None or wrote == before or not _has(self._connection, wrote):
                    raise BehindError(self._remote.where)

    @override
    def catch_up(self) -> None:
        with self._lock:
            self._catch_up()

    @override
    def close(self) -> None:
        super().close()
        self._remote.close()

    def _store(self) -> bool:
        self._in_doubt = True
        kept = self._remote.store(self._connection.serialize())
        self._in_doubt = False
        return kept

    def _catch_up(self) -> bool:
        """Whether there was anything new."""
        if self._wrong:
            raise self._wrong
        self._in_doubt = True
        content = self._remote.fetch()
        if content is not None:
            try:
                self._load(content)
            except RespondError as error:
                self._wrong = error
                raise
        self._in_doubt = False
        return content is not None

    def _load(self, content: bytes) -> None:
        with closing(sqlite3.connect(":memory:")) as theirs:
            try:
                # A copy of a file in use asks for its log, which there is none of in memory.
                theirs.deserialize(content[: _FORMAT.start] + _NO_LOG + content[_FORMAT.stop :])
                self._check(theirs)
                theirs.backup(self._connection)
            except sqlite3.DatabaseError as error:
                raise TamperedError(
                    f"The journal {self._remote.where} is damaged: it was cut off or written over.",
                    next_step="Keep it, and put an older version of it, or a copy, in its place.",
                ) from error

    def _check(self, theirs: sqlite3.Connection) -> None:
        (application,) = theirs.execute("PRAGMA application_id").fetchone()
        (version,) = theirs.execute("PRAGMA user_version").fetchone()
        if application != schema.APPLICATION_ID:
            raise InputError(
                f"{self._remote.where} is not a journal of respond: it is a database of something else.",
                next_step="Check the address in RESPOND_JOURNAL.",
            )
        if version > schema.VERSION:
            raise RefusedError(
                f"The journal {self._remote.where} was written by a newer respond (format {version}; this "
                f"one knows {schema.VERSION}).",
                next_step="Upgrade respond.",
            )
        known = self._head() if schema.objects(self._connection) else None
        if known and not _has(theirs, known):
            raise TamperedError(
                f"The journal {self._remote.where} does not hold event {known[0]} any more, which was read "
                "from it or written to it before.",
                next_step="Find out who replaced it; `respond audit verify --anchor` shows what is missing.",
            )

    def _head(self) -> _Head | None:
        head: _Head | None = self._connection.execute(_HEAD).fetchone()
        return head


def _has(connection: sqlite3.Connection, event: _Head) -> bool:
    found = connection.execute("SELECT 1 FROM events WHERE seq = ? AND hash = ?", event).fetchone()
    return found is not None


def copy(remote: Remote, path: Path) -> None:
    """What is there, in a file as it is.

    Raises:
        InputError: nothing is there.
        UnavailableError: it cannot be read, or the file not be written.
        TamperedError: it was removed.
    """
    content = remote.fetch()
    if content is None:
        raise removed(path) or _no_journal(remote)
    draft = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        draft.replace(path)
    except OSError as error:
        raise UnavailableError(
            f"The journal could not be copied to {path}: {(error.strerror or str(error)).lower()}.",
            next_step="Name another place with `--home`.",
        ) from error


def _no_journal(remote: Remote) -> InputError:
    return InputError(
        f"There is no journal at {remote.where}.",
        next_step="`respond rotate` or `respond leak` begins one. Check the address in RESPOND_JOURNAL; "
        "without it, the journal is this machine's own.",
    )
