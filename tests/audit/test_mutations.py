"""Journals mutated at random: none that differs from what was signed is taken for it.

A thousand mutations here; as many as wanted with RESPOND_MUTATIONS, ten thousand take about a minute:

    RESPOND_MUTATIONS=10000 pytest -n 0 tests/audit/test_mutations.py
"""

import base64
import os
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from intruder import HASH, changed, rechained

from responder.journal import Event, EventKind, Verified, verify_chain
from responder.journal.chain import origin_of
from responder.journal.checkpoint import Checkpoint
from responder.journal.note import Signer
from responder.journal.vouching import Found, weigh

NUMBER = int(os.environ.get("RESPOND_MUTATIONS", "1000"))
ENOUGH = settings(max_examples=NUMBER, deadline=None, database=None)
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
    found = verify_chain(rows, marks=vouched().marks)
    if rows[: len(ROWS)] == ROWS:  # nothing that was signed has changed; events may have been added after it
        rows = rows[len(ROWS) :]
        assert isinstance(found, Verified) or rows
    else:
        assert not isinstance(found, Verified)


@ENOUGH
@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(1, 255))
def test_no_mutated_checkpoint_is_taken_for_the_one_that_was_signed(place, difference):
    raw = bytearray(NOTE.encode())
    raw[place] ^= difference
    found = vouched(bytes(raw))
    assert found.wrong
    assert not found.marks


def test_the_one_that_was_signed_is_taken_for_it():
    assert vouched().marks
    assert verify_chain(ROWS, marks=vouched().marks) == Verified(len(ROWS), ROWS[-1][HASH])
    assert base64.b64decode(NOTE.splitlines()[2]).hex() == ROWS[-1][HASH]
