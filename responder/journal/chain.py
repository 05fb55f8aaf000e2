"""Whether rows are the unbroken chain of events that was written. Trusts nothing but the hashes."""

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from responder.journal.events import GENESIS, EventKind, Row
from responder.journal.written import is_canonical, preimage

_EXACT: Final = 2**53 - 1
_OTHER_HASH: Final = "its contents do not give its hash"
_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_KINDS: Final = frozenset(kind.value for kind in EventKind)
CLOCK_TOLERANCE: Final = timedelta(seconds=5)  # that clocks differ by, or are set back by, without a reason


class Flaw(StrEnum):
    EDITED = "edited"
    MISSING = "missing"
    INSERTED = "inserted"
    REORDERED = "reordered"
    RELINKED = "relinked"
    REWRITTEN = "rewritten"


@dataclass(frozen=True)
class Mark:
    """What somebody noted down of a chain, outside it: that it had `size` events, the last with this hash.

    `source` is where it was noted down, for people; `origin` names the journal, where that was noted too.
    """

    size: int
    hash: str
    source: str
    origin: str = ""


@dataclass(frozen=True)
class Backdated:
    """An event that says it was written before the one that it follows: a clock was set back, or it lies."""

    seq: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"event {self.seq} is dated {self.seconds:.0f} s before the event that it follows: a clock was "
            "set back, or the time was made up"
        )


@dataclass(frozen=True)
class Verified:
    """An unbroken chain; `head` is the hash of its last event, `backdated` the first event that is so."""

    events: int
    head: str
    backdated: Backdated | None = None


@dataclass(frozen=True)
class Broken:
    """`seq` is the place of the first event that is not as it was written; all before it are."""

    seq: int
    why: str
    flaw: Flaw


def origin_of(first: str) -> str:
    """What a journal is called: after the hash of its first event, so that it cannot lie about it."""
    return f"respond/{first[:16]}"


def verify_chain(
    rows: Iterable[Sequence[object]], known: Collection[str] = (), marks: Collection[Mark] = ()
) -> Verified | Broken:
    """Check rows (in `events.COLUMNS`' order, sorted by seq) one by one, in constant memory.

    Args:
        rows: as read from the store.
        known: hashes noted down outside the journal, earlier: each must be in the chain. Only they and
            `marks` tell a chain that was cut at its end, or written anew as a whole, from one that was not.
        marks: the same, with the place where each hash must stand.
    """
    seq, last, last_at = 0, GENESIS, ""
    wanted = set(known) - {GENESIS}
    due = sorted((mark for mark in marks if mark.size), key=lambda mark: mark.size, reverse=True)
    agreed = 0  # events that a mark vouches for
    backdated = None
    for row in rows:
        if flaw := _flaw(row, seq, last):
            return flaw
        seq, last, at = seq + 1, str(row[-1]), str(row[5])
        wanted.discard(last)
        if at < last_at and backdated is None:  # the written form sorts as the times do
            backdated = _backdated(seq, at, last_at)
        last_at = at
        if seq == 1 and (foreign := [mark for mark in due if mark.origin not in ("", origin_of(last))]):
            why = f"{foreign[0].source} is of a journal that begins with another event ({foreign[0].origin})"
            return Broken(1, why, Flaw.REWRITTEN)
        while due and due[-1].size <= seq:
            mark = due.pop()
            if mark.size == seq and mark.hash == last:
                agreed = seq
            else:
                return _rewritten(mark, agreed)
    if due:
        mark = due[-1]
        why = f"the journal ends at event {seq}, and {mark.source} tells of {mark.size} events"
        return Broken(seq + 1, why, Flaw.MISSING)
    if wanted:
        return Broken(
            seq + 1,
            f"the event with the hash {min(wanted)}, which was noted down earlier, is not there",
            Flaw.MISSING,
        )
    return Verified(seq, last, backdated)


def _rewritten(mark: Mark, agreed: int) -> Broken:
    """The hashes fit one another, and not what was noted down: they were computed anew."""
    return Broken(
        agreed + 1,
        f"event {mark.size} is not the one that {mark.source} tells of: the chain was written anew from an "
        f"event between {agreed + 1} and {mark.size} on",
        Flaw.REWRITTEN,
    )


def _backdated(seq: int, at: str, before: str) -> Backdated | None:
    back = datetime.fromisoformat(before) - datetime.fromisoformat(at)
    return Backdated(seq, back.total_seconds()) if back > CLOCK_TOLERANCE else None


def _flaw(row: Sequence[object], before: int, last: str) -> Broken | None:
    match row:
        case (int(seq), str(), str(), int(), str(), str(), str(), str(), str()):
            return _misplaced(seq, before) or _untrue(row, last)  # type: ignore[arg-type]  # as matched
    return Broken(before + 1, f"event {before + 1} does not have the form of an event", Flaw.EDITED)


def _misplaced(seq: int, before: int) -> Broken | None:
    expected = before + 1
    if seq > expected:
        return Broken(expected, _gap(expected, seq - 1), Flaw.MISSING)
    if seq == before:
        return Broken(seq, f"there are two events with the number {seq}", Flaw.INSERTED)
    if seq < expected:
        return Broken(seq, f"event {seq} stands after event {before}", Flaw.REORDERED)
    return None


def _untrue(row: Row, last: str) -> Broken | None:
    seq, _, _, _, kind, at, text, prev, stored = row
    wrong = _misfit(kind, at, text) or ("" if _digest(row) == stored else _OTHER_HASH)
    match bool(wrong), prev == last:
        case True, True:
            return Broken(seq, f"event {seq} was edited: {wrong}", Flaw.EDITED)
        case True, False:
            why = f"event {seq} is not the one that was written here: moved, renumbered or new"
            return Broken(seq, why, Flaw.REORDERED)
        case False, False:
            return Broken(seq, f"event {seq} follows another event than the one before it", Flaw.RELINKED)
    return None


def _gap(first: int, final: int) -> str:
    return f"event {first} is missing" if first == final else f"events {first} to {final} are missing"


def _misfit(kind: str, at: str, text: str) -> str:
    if kind not in _KINDS:
        return f"there is no kind {kind!r}"
    if not _is_stamp(at):
        return "its time is not in the written form"
    return "" if text.startswith("{") and is_canonical(text) else "its data is not in the written form"


def _is_stamp(at: str) -> bool:
    if not _STAMP.fullmatch(at):
        return False
    try:
        datetime.fromisoformat(at)
    except ValueError:  # the thirteenth month
        return False
    return True


def _digest(row: Row) -> str:
    if abs(row[3]) > _EXACT:  # an attempt of which canonical JSON has no exact form
        return ""
    try:
        return hashlib.sha256(preimage(*row[:8])).hexdigest()
    except UnicodeError:  # half a character
        return ""
