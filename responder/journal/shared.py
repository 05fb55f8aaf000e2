"""A journal that machines share: its one copy is kept elsewhere, and changed by compare and swap.

It is a file, and a tail of what was added since that was written. A process works on a copy in memory. What
a transaction changes is in the tail elsewhere before it is committed here: a process that dies leaves at most
an event there that nothing was done about. There is no lock, so none outlives a crash.

The tail alone says what counts. The file is written anew with all that is in the tail when the tails written
since have together grown as large as it is, when a key is shredded, and at the end: who dies between the two
leaves events in both, which are the same. Whoever reads, reads the tail first, so that the file lacks nothing
before it. Log and checkpoint are so in Delta Lake: https://www.vldb.org/pvldb/vol13/p3411-armbrust.pdf
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from typing_extensions import override

from responder.errors import InputError, RefusedError, RespondError, TamperedError, UnavailableError
from responder.journal import schema
from responder.journal.behind import BehindError
from responder.journal.database import Database
from responder.journal.failures import NOW_UNSHARED, answering_for, removed
from responder.journal.kept import Kept, Remote

__all__ = ["SharedDatabase", "copy"]

_Head: TypeAlias = tuple[int, str]  # seq and hash of an event
_HEAD: Final = "SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1"


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
        self._kept = Kept(remote)
        self._in_doubt = (
            False  # whether what is there may be other than we have it, Ctrl-C in between included
        )
        self._wrong: RespondError | None = None  # what was found there, which is not ours to go on with
        if self._kept.fetch(anew=False):
            self._load()
            return
        if (lost := removed(path, remote.where)) or not new:
            raise lost or _no_journal(remote.where)
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
                self._in_doubt = True
                kept = self._kept.store(self._connection)
                self._connection.execute("COMMIT" if kept else "ROLLBACK")
                self._in_doubt = False
            except RespondError:
                self._connection.execute("ROLLBACK")
                if self._in_doubt or not self._catch_up():
                    raise
                raise BehindError(self._kept.where) from None  # it may have refused what is not so any more
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            if not kept:
                self._catch_up()
                # Others may have written on top of what we stored before its answer was lost.
                if wrote is None or wrote == before or not _has(self._connection, wrote):
                    raise BehindError(self._kept.where)
            if self._kept.is_worth_folding(self._connection):
                self._fold()

    @override
    def catch_up(self) -> None:
        with self._lock:
            self._catch_up()

    @override
    def forget_old_pages(self) -> bool:
        """Write the file as it is here, so that neither it nor the tail has what was shredded.

        Raises:
            BehindError: somebody else wrote first.
            UnavailableError: the file that is there may still have it.
        """
        with self._lock:
            if self._in_doubt:
                self._catch_up()
            self._in_doubt = True
            if not self._kept.fold(self._connection, patiently=True):
                self._catch_up()
                raise BehindError(self._kept.where)
            self._in_doubt = False
        return True

    @override
    def close(self) -> None:
        with self._lock:
            if self._kept.is_behind and not self._in_doubt:
                self._fold()
        super().close()
        self._kept.close()

    def _fold(self) -> None:
        """All of it is in the tail: that the file is not written is no failure of what was."""
        self._in_doubt = True
        try:
            folded = self._kept.fold(self._connection, patiently=False)
        except UnavailableError:
            folded = False
        except TamperedError as error:
            self._wrong, folded = error, False  # for whoever writes or looks next
        self._in_doubt = not folded

    def _catch_up(self) -> bool:
        """Whether there was anything new."""
        if self._wrong:
            raise self._wrong
        anew, self._in_doubt = self._in_doubt, True
        try:
            new = self._kept.fetch(anew=anew)
            if new:
                self._load()
        except UnavailableError:
            raise
        except RespondError as error:
            self._wrong = error
            raise
        self._in_doubt = False
        return new

    def _load(self) -> None:
        with self._kept.read() as theirs:
            known = self._head() if schema.objects(self._connection) else None
            if known and not _has(theirs, known):
                raise TamperedError(
                    f"The journal {self._kept.where} does not hold event {known[0]} any more, which was read "
                    "from it or written to it before.",
                    next_step=f"{NOW_UNSHARED} Find out who replaced it; `respond audit verify --anchor` "
                    "shows what is missing.",
                )
            theirs.backup(self._connection)

    def _head(self) -> _Head | None:
        head: _Head | None = self._connection.execute(_HEAD).fetchone()
        return head


def _has(connection: sqlite3.Connection, event: _Head) -> bool:
    found = connection.execute("SELECT 1 FROM events WHERE seq = ? AND hash = ?", event).fetchone()
    return found is not None


def copy(remote: Remote, path: Path) -> None:
    """What is there, in one file.

    Raises:
        InputError: nothing is there.
        UnavailableError: it cannot be read, or the file not be written.
        TamperedError: it was removed, is damaged, or does not go together.
    """
    there = Kept(remote)
    if not there.fetch(anew=False):
        raise removed(path, remote.where) or _no_journal(remote.where)
    content = there.whole()
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


def _no_journal(where: str) -> InputError:
    return InputError(
        f"There is no journal at {where}.",
        next_step="`respond rotate` or `respond leak` begins one. Check the address in RESPOND_JOURNAL; "
        "without it, the journal is this machine's own.",
    )
