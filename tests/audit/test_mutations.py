"""Journals mutated at random: none that differs from what was signed is taken for it.

Three hundred mutations of each kind here; as many as wanted with RESPOND_MUTATIONS. Ten thousand of each take
some minutes: `make mutations`. What came of them stands in docs/resilience.md.
"""

import base64
import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from intruder import HASH, changed, rechained, write_export
from played import Clock, play

from responder.errors import RespondError
from responder.journal import Event, EventKind, Holder, Journal, Verified, exported, verify_chain
from responder.journal.audit import verify
from responder.journal.chain import origin_of
from responder.journal.checkpoint import Checkpoint
from responder.journal.note import Signer
from responder.journal.vouching import Found, weigh

NUMBER = int(os.environ.get("RESPOND_MUTATIONS", "300"))
ENOUGH = settings(max_examples=NUMBER)
KEY = Signer.fresh("respond/ada@laptop", b"a" * 32)


def chain_of(length, run):
    rows, head = [], None
    for number in range(length):
        at = datetime(2026, 1, 31, 3, tzinfo=UTC) + timedelta(seconds=number)
        data = {"input": {"user": "u", "n": number}, "evidence": f"so \u2014 it is {number}", "share": 0.5}
        head = Event.after(
            head, run=run, step=f"s{number}", attempt=1, kind=EventKind.STEP_APPLIED, at=at, data=data
        )
        rows.append(head.row())
    return rows


ROWS = chain_of(9, "r1")
OTHERS = chain_of(9, "r2")
SIGNED = Checkpoint(origin_of(ROWS[0][HASH]), len(ROWS), ROWS[-1][HASH])
NOTE = KEY.sign(SIGNED.text)

places = st.integers(0, len(ROWS) - 1)
characters = st.characters(exclude_categories=["Cs"])


@st.composite
def a_byte_changed(draw, rows):
    place, column = draw(st.integers(0, len(rows) - 1)), draw(st.integers(0, 8))
    value = rows[place][column]
    if isinstance(value, int):
        value += draw(st.integers(-3, 3) | st.integers())
    else:
        at = draw(st.integers(0, len(value)))
        value = value[:at] + draw(st.text(characters, max_size=2)) + value[at + draw(st.integers(0, 2)) :]
    return [*rows[:place], changed(rows[place], column, value), *rows[place + 1 :]]


@st.composite
def some_deleted(draw, rows):
    first, last = sorted(draw(st.tuples(places, places)))
    return [*rows[:first], *rows[last + draw(st.integers(0, 1)) :]]


@st.composite
def some_repeated(draw, rows):
    first, last = sorted(draw(st.tuples(places, places)))
    return [*rows[:last], *rows[first:]]


@st.composite
def in_another_order(draw, rows):
    return draw(st.permutations(rows))


@st.composite
def spliced(draw, rows):
    at, other = draw(places), draw(places)
    return [*rows[:at], *OTHERS[other:]]


@st.composite
def computed_anew(draw, rows):
    return rechained(rows, draw(st.integers(0, len(rows))))


MUTATIONS = [a_byte_changed, some_deleted, some_repeated, in_another_order, spliced, computed_anew]


@st.composite
def mutated(draw):
    rows = ROWS
    for mutation in draw(st.lists(st.sampled_from(MUTATIONS), min_size=1, max_size=3)):
        if rows:
            rows = draw(mutation(rows))
    return rows


def vouched(note=NOTE):
    return weigh([Found("a checkpoint", note, len(ROWS))], [KEY.verifier])


@ENOUGH
@given(mutated())
def test_no_mutated_journal_is_taken_for_the_one_that_was_signed(rows):
    assume(rows[: len(ROWS)] != ROWS)  # else nothing that was signed has changed
    assert not isinstance(verify_chain(rows, marks=vouched().marks), Verified)


@ENOUGH
@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(1, 255))
def test_no_mutated_checkpoint_is_taken_for_the_one_that_was_signed(place, difference):
    raw = bytearray(NOTE.encode())
    raw[place] ^= difference
    found = vouched(bytes(raw))
    assert found.wrong
    assert not found.marks


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A journal in one file, as nobody has it open; and what it holds, read as a whole and by run."""
    path = tmp_path_factory.mktemp("whole") / "journal.db"
    with Journal.open(path, clock=Clock()) as journal:
        for run in RUNS:
            play(journal, run, Holder("laptop", 4711, "b n 1", "ada"))
        journal.database.forget_old_pages()
    return path, path.read_bytes(), held(path)


RUNS = ("r1", "r2", "r3")
bytes_changed = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=4
)


def held(path):
    with Journal.open(path, read_only=True) as journal:
        return [
            [event.row() for event in journal.iterate()],
            *([event.row() for event in journal.iterate(run)] for run in RUNS),
        ]


def mutation_of(raw, changes):
    made = bytearray(raw)
    for place, difference in changes:
        made[int(place * len(raw))] ^= difference
    return bytes(made)


@ENOUGH
@given(changes=bytes_changed)
def test_no_mutated_file_that_verifies_shows_anything_but_what_was_written(file, changes):
    """A byte that nothing is in may change. Whatever is wrong is told, never a mistake of ours."""
    path, raw, whole = file
    mutated = path.with_name("mutated.db")
    mutated.write_bytes(mutation_of(raw, changes))
    try:
        sound = verify(mutated).sound
    except RespondError:  # says that another version wrote it
        return
    assert not sound or held(mutated) == whole


@ENOUGH
@given(changes=bytes_changed)
def test_no_mutated_export_is_taken_for_the_one_that_was_written(file, changes):
    path, _, (rows, *_) = file
    lines = path.with_name("events.jsonl")
    write_export(lines, rows)
    raw = lines.read_bytes()
    mutated = mutation_of(raw, changes)
    assume(mutated != raw)
    lines.write_bytes(mutated)
    assert not isinstance(exported.verify(lines).chain, Verified)


def test_the_one_that_was_signed_is_taken_for_it():
    assert vouched().marks
    assert verify_chain(ROWS, marks=vouched().marks) == Verified(len(ROWS), ROWS[-1][HASH])
    assert base64.b64decode(NOTE.splitlines()[2]).hex() == ROWS[-1][HASH]
