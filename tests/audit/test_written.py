"""The fast way to an event's bytes is the slow one, exactly: RFC 8785 decides."""

import json

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from responder.journal.events import DOMAIN, parse
from responder.journal.written import data_within, is_canonical, preimage

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ENCODERS = [
    json.dumps,
    lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
    lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True),
    lambda value: json.dumps(value, separators=(",", ":"), sort_keys=True),
]


def by_the_specification(text):
    try:
        return rfc8785.dumps(parse(text)) == text.encode()
    except ValueError:
        return False


@settings(max_examples=400)
@given(JSON, st.sampled_from(ENCODERS))
@example(1e17, ENCODERS[2])
@example(9007199254740993, ENCODERS[2])
@example({"\ue000": 1, "\U0001f511": 2}, ENCODERS[2])
@example(-0.0, ENCODERS[2])
@example(1.0, ENCODERS[2])
@example("\x7f\x1f\u2028/", ENCODERS[2])
def test_a_text_is_canonical_when_the_specification_says_so(value, encode):
    text = encode(value)
    assert is_canonical(text) == by_the_specification(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "NaN",
        "Infinity",
        "-0",
        '{"a":1,"a":1}',
        '{"a":1, "b":2}',
        '"\\/"',
        '"\ud800"',
        "[" * 100_000,
        "1e2",
    ],
)
def test_what_has_no_canonical_form_or_another_is_not_canonical(text):
    assert not is_canonical(text)


@settings(max_examples=200)
@given(TEXT, TEXT, st.integers(0, 2**53 - 1), TEXT, TEXT, st.dictionaries(TEXT, JSON, max_size=2))
def test_the_bytes_under_the_hash_are_the_canonical_json_of_all_other_fields(
    run, step, attempt, kind, at, data
):
    try:
        text = rfc8785.dumps(data).decode()
    except rfc8785.CanonicalizationError:
        return
    fields = {
        "seq": 7,
        "run": run,
        "step": step,
        "attempt": attempt,
        "kind": kind,
        "at": at,
        "data": data,
        "prev": "p",
    }
    assert preimage(7, run, step, attempt, kind, at, text, "p") == DOMAIN + rfc8785.dumps(fields)
    line = rfc8785.dumps({**fields, "hash": "h"}).decode()
    assert data_within(line, json.loads(line)) == text
    assert data_within(" " + line, json.loads(line)) is None
    assert data_within(line.replace('"seq":7', '"seq":7,"seq":7'), json.loads(line)) is None
