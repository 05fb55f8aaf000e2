"""Any single change to the rows of a chain is found, at the first event that is not as it was written."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from responder.journal import Broken, Event, EventKind, Flaw, Verified, verify_chain
from responder.journal.events import GENESIS, digest_of, parse

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text('abcé\n"\\\U0001f511', max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
DATA = st.dictionaries(st.sampled_from(["seen", "output", "why"]), JSON, max_size=3)
DAMAGE = settings(max_examples=60)


def chain_of(datas):
    rows, head = [], None
    for number, data in enumerate(datas):
        at = datetime(2026, 1, 31, 3, tzinfo=UTC) + timedelta(seconds=number)
        head = Event.after(
            head, run="r1", step="s", attempt=number, kind=EventKind.STEP_RETRIED, at=at, data=data
        )
        rows.append(head.row())
    return rows


CHAINS = st.lists(DATA, min_size=3, max_size=8).map(chain_of)


def renumbered(rows):
    return [(seq, *row[1:]) for seq, row in enumerate(rows, start=1)]


@DAMAGE
@given(CHAINS)
def test_a_chain_as_written_verifies(rows):
    assert verify_chain(rows) == Verified(len(rows), rows[-1][-1])


def test_an_events_hash_is_the_one_that_anybody_can_compute():
    """The format is a promise: a journal of today is verified by every later version, and by other tools."""
    (row,) = chain_of([{"b": [1.0, None], "a": "é"}])
    text = (
        '{"at":"2026-01-31T03:00:00.000000Z","attempt":0,"data":{"a":"é","b":[1,null]},"kind":"step.retried",'
        f'"prev":"{"0" * 64}","run":"r1","seq":1,"step":"s"}}'
    )
    assert row[6] == '{"a":"é","b":[1,null]}'
    assert row[8] == hashlib.sha256(b"respond:event:v1\0" + text.encode()).hexdigest()


def test_an_empty_journal_verifies():
    assert verify_chain([]) == Verified(0, GENESIS)


@DAMAGE
@given(DATA)
def test_the_canonical_form_gives_the_same_event_back(data):
    (row,) = chain_of([data])
    event = Event.of(row)
    assert event.row() == row
    assert rfc8785.dumps(parse(row[6])) == row[6].encode()


@DAMAGE
@given(CHAINS, st.data())
def test_an_edit_of_any_field_is_found_at_its_event(rows, draw):
    place = draw.draw(st.integers(0, len(rows) - 1))
    field = draw.draw(st.integers(1, 8))
    row = list(rows[place])
    other = {
        3: st.integers(-5, 50),
        4: st.sampled_from([*EventKind, "step.invented", ""]),
        5: st.sampled_from(["2026-01-31T03:00:00.000001Z", "2026-01-31", "2026-01-31T03:00:00.000000+00:00"]),
        6: DATA.map(lambda data: rfc8785.dumps(data).decode())
        | st.sampled_from(["", "{", "[]", "{ }", "NaN"]),
    }.get(field, st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
    row[field] = draw.draw(other.filter(lambda value: value != row[field]))
    found = verify_chain([*rows[:place], tuple(row), *rows[place + 1 :]])
    assert isinstance(found, Broken)
    assert found.seq == place + 1


@DAMAGE
@given(CHAINS, st.data())
def test_a_deletion_before_the_end_is_found_and_named(rows, draw):
    place = draw.draw(st.integers(0, len(rows) - 2))
    left = [*rows[:place], *rows[place + 1 :]]
    found = verify_chain(left)
    assert (found.seq, found.flaw) == (place + 1, Flaw.MISSING)
    assert found.why == f"event {place + 1} is missing"
    hidden = verify_chain(renumbered(left))
    assert (hidden.seq, hidden.flaw) == (place + 1, Flaw.REORDERED)


@DAMAGE
@given(CHAINS, st.data())
def test_an_insertion_is_found(rows, draw):
    place = draw.draw(st.integers(0, len(rows) - 1))
    twice = [*rows[: place + 1], *rows[place:]]
    found = verify_chain(twice)
    assert (found.seq, found.flaw) == (place + 1, Flaw.INSERTED)
    head = Event.of(rows[place - 1]) if place else None
    at = datetime(2026, 1, 31, tzinfo=UTC)
    forged = Event.after(head, run="r1", step="f", attempt=1, kind=EventKind.STEP_SUCCEEDED, at=at, data={})
    assert isinstance(verify_chain(renumbered([*rows[:place], forged.row(), *rows[place:]])), Broken)
    relinked = verify_chain([*rows[:place], forged.row(), *rows[place + 1 :]])
    if place + 1 < len(rows):
        assert (relinked.seq, relinked.flaw) == (place + 2, Flaw.RELINKED)


@DAMAGE
@given(CHAINS, st.data())
def test_a_swap_is_found_at_its_first_place(rows, draw):
    first = draw.draw(st.integers(0, len(rows) - 2))
    second = draw.draw(st.integers(first + 1, len(rows) - 1))
    swapped = list(rows)
    swapped[first], swapped[second] = rows[second], rows[first]
    assert verify_chain(swapped).seq == first + 1
    found = verify_chain(renumbered(swapped))
    assert (found.seq, found.flaw) == (first + 1, Flaw.REORDERED)


@DAMAGE
@given(CHAINS, st.data())
def test_a_cut_in_the_middle_is_found(rows, draw):
    first = draw.draw(st.integers(0, len(rows) - 2))
    final = draw.draw(st.integers(first, len(rows) - 2))
    found = verify_chain([*rows[:first], *rows[final + 1 :]])
    assert (found.seq, found.flaw) == (first + 1, Flaw.MISSING)


@DAMAGE
@given(CHAINS, st.data())
def test_a_cut_at_the_end_is_found_by_who_noted_a_later_hash(rows, draw):
    left = draw.draw(st.integers(0, len(rows) - 1))
    noted = {rows[draw.draw(st.integers(left, len(rows) - 1))][-1]}
    assert isinstance(verify_chain(rows, noted), Verified)
    found = verify_chain(rows[:left], noted)
    assert (found.seq, found.flaw) == (left + 1, Flaw.MISSING)


@DAMAGE
@given(CHAINS, st.lists(DATA, min_size=3, max_size=5))
def test_a_chain_that_was_written_anew_is_found_by_who_noted_a_hash(rows, datas):
    forged = chain_of([{"forged": True}, *datas])
    assert isinstance(verify_chain(forged), Verified)
    assert isinstance(verify_chain(forged, {rows[-1][-1]}), Broken)


def test_data_that_means_the_same_in_another_form_is_an_edit():
    (row,) = chain_of([{"a": 1, "b": 2}])
    for text in (
        '{"a": 1,"b":2}',
        '{"b":2,"a":1}',
        '{"a":1.0,"b":2}',
        '{"a":9,"a":1,"b":2}',
        '{"\\u0061":1,"b":2}',
    ):
        found = verify_chain([(*row[:6], text, *row[7:])])
        assert (found.seq, found.flaw) == (1, Flaw.EDITED)


@pytest.mark.parametrize(
    ("field", "value"),
    [(4, "step.invented"), (5, "2026-01-31 03:00:00"), (5, "2026-01-31T03:00:00.000000+00:00"), (6, "[]")],
)
def test_an_event_of_another_form_is_no_event_whatever_its_hash(field, value):
    (row,) = chain_of([{}])
    forged = [*row]
    forged[field] = value
    seq, run, step, attempt, kind, at, text, prev, _ = forged
    forged[8] = digest_of((seq, run, step, attempt, kind, at), parse(text), prev)
    assert verify_chain([forged]).flaw is Flaw.EDITED


def test_rows_that_are_no_events_are_found_not_raised():
    (row,) = chain_of([{}])
    deep = "[" * 100_000
    for wrong in [
        (),
        row[:8],
        (*row, 1),
        ("1", *row[1:]),
        (*row[:6], b"{}", *row[7:]),
        (*row[:6], deep, *row[7:]),
    ]:
        assert verify_chain([wrong]).flaw is Flaw.EDITED
