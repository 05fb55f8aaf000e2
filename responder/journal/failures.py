"""What the database can answer, in words for the person it happens to."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from responder.errors import InputError, RespondError, TamperedError, UnavailableError
from responder.journal.beside import folder_of, kept
from responder.journal.lockers import who_locks

BUSY_SECONDS: Final = 10.0
_ROLLED_BACK: Final = "What was to be written was rolled back; everything acknowledged before is safe."
_LEFT: Final = "The file was left as it is. No run that was recorded there can be shown or resumed from it."
# An incident does not wait for a file to be mended.
_NOW: Final = "To contain a leak now, begin another journal: `respond --home FOLDER leak`."
NOW_UNSHARED: Final = (
    "To contain a leak now, use a journal of this machine: `env -u RESPOND_JOURNAL respond leak`."
)


class NotAJournalError(InputError):
    """The file is something else, or was made so; `why` tells by what."""

    code = "not-a-journal"
    why = ""


@contextmanager
def answering_for(path: Path) -> Iterator[None]:
    """Turn what SQLite raises about the journal at `path` into errors of ours; its own mistakes pass."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        known = _damaged(path) if _no_text(error) else _in_words(path, error)
        if known is None:
            raise
        raise known from error


def _no_text(error: Exception) -> bool:
    """Bytes that are no text where we only ever wrote text; sqlite3 gives no code for it."""
    return isinstance(error, UnicodeDecodeError) or "Could not decode to UTF-8" in str(error)


def _damaged(path: Path) -> TamperedError:
    return TamperedError(
        f"The journal {path} is damaged: it was cut off or written over.",
        state=_LEFT,
        next_step=f"{_NOW} Keep this file: `respond audit verify` shows how far it can be trusted.",
    )


def _in_words(path: Path, error: Exception) -> RespondError | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the upper bits say which kind of the same failure
    match code:
        case sqlite3.SQLITE_CANTOPEN:
            return UnavailableError(
                f"The journal {path} cannot be opened.",
                next_step="Check that you may read it and write in its folder; copy the files ending in -wal "
                "and -shm along with it.",
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return unwritable(path, "it can only be read")
        case sqlite3.SQLITE_NOTADB:
            return not_a_journal(path, "it is no database, or was overwritten")
        case sqlite3.SQLITE_CORRUPT:
            return _damaged(path)
    return _in_the_way(path, code)


def _in_the_way(path: Path, code: int) -> RespondError | None:
    """What passes: the journal is as it was, and the same command works later."""
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return _locked(path)
        case sqlite3.SQLITE_FULL:
            what, mend = f"The disk that holds the journal {path} is full.", "Free some space there"
        case sqlite3.SQLITE_IOERR:
            what = f"The disk that holds the journal {path} does not work, or may take no larger files."
            mend = "Check the disk, and `ulimit -f`"
        case _:
            return None
    return UnavailableError(what, state=_ROLLED_BACK, next_step=f"{mend}, then type `respond resume`. {_NOW}")


def _locked(path: Path) -> UnavailableError:
    what = f"Another process has kept the journal {path} locked for {BUSY_SECONDS:.0f} s"
    return UnavailableError(
        ": ".join(filter(None, (what, ", ".join(who_locks(path))))) + ".",
        state=_ROLLED_BACK,
        next_step="Wait until it has finished, or end it if it hangs; then type the command again, "
        f"`respond resume` if a run had begun. {_NOW}",
    )


def unwritable(path: Path, why: str) -> UnavailableError:
    return UnavailableError(
        f"The journal {path} cannot be written: {why}.",
        next_step="Make it writable for you, or name another place with `--home`.",
    )


def not_a_journal(path: Path, why: str) -> NotAJournalError:
    error = NotAJournalError(
        f"{path} is not a journal of respond: {why}.",
        state=_LEFT,
        next_step=f"{_NOW} Check the path; if it is right, keep the file as evidence and put a copy of the "
        "journal in its place.",
    )
    error.why = why
    return error


def removed(path: Path, shared: str = "") -> TamperedError | None:
    """Where nothing is at `path`, or nothing in it: whether there was a journal once, by its checkpoints.

    Args:
        path: of the journal; of one that machines share, of its copy here.
        shared: where that one is.
    """
    last = next(reversed(list(kept(folder_of(path)))), None)
    if last is None:
        return None
    beside, now = ("on this machine", NOW_UNSHARED) if shared else ("beside it", _NOW)
    return TamperedError(
        f"There is no event in {shared or path}, and {beside} is {last}: there was a journal, and it was "
        "removed or emptied.",
        state="Nothing was written. No run that was recorded there can be shown or resumed.",
        next_step=f"{now} Put a copy of the journal back; to begin anew in this place, move the folder "
        f"{last.parent} elsewhere and keep it.",
    )
