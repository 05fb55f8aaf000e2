"""File and tail of a shared journal, where they are kept."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final, Protocol, Self

from responder.errors import InputError, RefusedError, TamperedError
from responder.journal import schema
from responder.journal.failures import NOW_UNSHARED
from responder.journal.tail import Base, Tail

__all__ = ["TAIL", "Kept", "Remote"]

TAIL: Final = ".tail"  # what its object is called beyond the file's name

_FORMAT: Final = slice(18, 20)  # of the header: https://sqlite.org/fileformat.html
_NO_LOG: Final = b"\x01\x01"


class Remote(Protocol):
    """An object that machines share. For one thread at a time."""

    @property
    def where(self) -> str:
        """For people."""

    def beside(self, suffix: str) -> Self:
        """Another one, whose name is longer by that; closed with this one."""

    def fetch(self, *, anew: bool = False) -> bytes | None:
        """What is there, where it is not what was fetched or stored last; None where it is, or nothing is.

        Args:
            anew: what is there, also where it is what was fetched or stored last.

        Raises:
            UnavailableError: it cannot be read.
            TamperedError: there was something, and it was removed.
        """

    def store(self, content: bytes, *, patiently: bool = True) -> bool:
        """Put this where what was fetched or stored last is, and nothing else; False where something is.

        Args:
            content: of the object.
            patiently: try again for a while when it is out of reach.

        Raises:
            UnavailableError: it is not there, or whether it is cannot be told.
            TamperedError: there was something, and it was removed.
        """

    def close(self) -> None: ...


class Kept:
    """As they were read or written last."""

    def __init__(self, remote: Remote) -> None:
        self._file, self._recent = remote, remote.beside(TAIL)
        self._content: bytes | None = None  # of the file
        self._base = Base()
        self._tail = Tail()
        self._spent = 0  # bytes of tails that were stored since the file was
        self._unread = False  # whether there is something that `read` has not told yet

    @property
    def where(self) -> str:
        return self._file.where

    @property
    def is_behind(self) -> bool:
        """Whether the tail has anything that the file has not, as far as is known."""
        return self._spent > 0

    def fetch(self, *, anew: bool) -> bool:
        """Whether anything is new. In this order the file lacks nothing before the tail.

        Args:
            anew: take all for new, as what was fetched or stored last may not have come to its end here.
        """
        recent = self._recent.fetch(anew=anew)
        if recent is not None:
            self._unread = True
            try:
                self._tail = Tail.read(recent)
            except ValueError:
                raise _damaged(self.where) from None
        content = self._file.fetch(anew=anew)
        if content is not None:
            self._content, self._unread = content, True
            self._spent = 0
        return self._unread

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Both together, in a database of their own.

        Raises:
            TamperedError: they are damaged, or do not go together.
            InputError: it is something else.
            RefusedError: a newer version of respond wrote it.
        """
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as theirs:
            try:
                self._read_into(theirs)
            except (sqlite3.Error, ValueError, ArithmeticError):
                raise _damaged(self.where) from None
            yield theirs
            self._unread = False

    def whole(self) -> bytes:
        """The two as one file; as the file is, where the tail adds nothing to it.

        Raises:
            TamperedError: they are damaged, or do not go together.
        """
        if self._content is not None and self._tail == Tail():
            return self._content
        with self.read() as theirs:
            added = Tail.after(self._base, theirs)
            return theirs.serialize() if added != Tail() or self._content is None else self._content

    def _read_into(self, theirs: sqlite3.Connection) -> None:
        if self._content is None:
            schema.create(theirs)
        else:
            # A copy of a file in use asks for its log, which there is none of in memory.
            theirs.deserialize(self._content[: _FORMAT.start] + _NO_LOG + self._content[_FORMAT.stop :])
            _refuse_other(theirs, self.where)
        theirs.execute("PRAGMA secure_delete = ON")
        self._base = Base.of(theirs)
        self._tail.add_to(theirs)

    def store(self, ours: sqlite3.Connection) -> bool:
        """As `Remote.store`: what counts from then on."""
        tail = Tail.after(self._base, ours)
        content = tail.written()
        if kept := self._recent.store(content):
            self._tail = tail
            self._spent += len(content)
        return kept

    def fold(self, ours: sqlite3.Connection, *, patiently: bool) -> bool:
        """Write the file, as `Remote.store`."""
        content = ours.serialize()
        if kept := self._file.store(content, patiently=patiently):
            self._content, self._base = content, Base.of(ours)
            self._spent = 0
        return kept

    def is_worth_folding(self, ours: sqlite3.Connection) -> bool:
        (pages,) = ours.execute("PRAGMA page_count").fetchone()
        (size,) = ours.execute("PRAGMA page_size").fetchone()
        return self._spent >= int(pages) * int(size)

    def close(self) -> None:
        self._file.close()


def _refuse_other(theirs: sqlite3.Connection, where: str) -> None:
    (application,) = theirs.execute("PRAGMA application_id").fetchone()
    (version,) = theirs.execute("PRAGMA user_version").fetchone()
    if application != schema.APPLICATION_ID:
        raise InputError(
            f"{where} is not a journal of respond: it is a database of something else.",
            next_step="Check the address in RESPOND_JOURNAL.",
        )
    if version > schema.VERSION:
        raise RefusedError(
            f"The journal {where} was written by a newer respond (format {version}; this one knows "
            f"{schema.VERSION}).",
            next_step="Upgrade respond.",
        )


def _damaged(where: str) -> TamperedError:
    return TamperedError(
        f"The journal {where} is damaged: it was cut off or written over, or it and what is in {where}{TAIL} "
        "do not go together.",
        next_step=f"{NOW_UNSHARED} Keep both, and put older versions of them, or a copy of the "
        "journal, in their place.",
    )
