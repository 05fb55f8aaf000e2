"""Whether rows are the unbroken chain of events that was written. Trusts nothing but the hashes."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import rfc8785

from responder.journal.events import GENESIS, EventKind, Row, digest_of, parse

_OTHER_HASH: Final = "its contents do not give its hash"
_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


class Flaw(StrEnum):
    EDITED = "edited"
    MISSING = "missing"
    INSERTED = "inserted"
    REORDERED = "reordered"
    RELINKED = "relinked"


@dataclass(frozen=True)
class Verified:
    """An unbroken chain; `head` is the hash of its last event."""

    events: int
    head: str


@dataclass(frozen=True)
class Broken:
    """`seq` is the place of the first event that is not as it was written; all before it are."""

    seq: int
    why: str
    flaw: Flaw


def verify_chain(rows: Iterable[Sequence[object]], known: Collection[str] = ()) -> Verified | Broken:
    """Check rows (in `events.COLUMNS`' order, sorted by seq) one by one, in constant memory.

    Args:
        rows: as read from the store.
        known: hashes noted down outside the journal, earlier: each must be in the chain. Only they tell a
            chain that was cut at its end, or written anew as a whole, from one that was not.
    """
    seq, last = 0, GENESIS
    wanted = set(known) - {GENESIS}
    for row in rows:
        if flaw := _flaw(row, seq, last):
            return flaw
        seq, last = seq + 1, str(row[-1])
        wanted.discard(last)
    if wanted:
        return Broken(
            seq + 1,
            f"the event with the hash {min(wanted)}, which was noted down earlier, is not there",
            Flaw.MISSING,
        )
    return Verified(seq, last)


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
    seq, run, step, attempt, kind, at, text, prev, stored = row
    wrong = _misfit(kind, at, text) or (
        "" if _digest((seq, run, step, attempt, kind, at), text, prev) == stored else _OTHER_HASH
    )
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
    if kind not in set(EventKind):
        return f"there is no kind {kind!r}"
    if not _STAMP.fullmatch(at):
        return "its time is not in the written form"
    try:
        canonical = rfc8785.dumps(parse(text)) == text.encode()
    except (ValueError, RecursionError):  # not JSON, not UTF-8, no canonical form
        canonical = False
    return "" if canonical and text.startswith("{") else "its data is not in the written form"


def _digest(head: tuple[int, str, str, int, str, str], text: str, prev: str) -> str:
    try:
        return digest_of(head, parse(text), prev)
    except ValueError:  # a number beyond JSON's, half a character
        return ""
