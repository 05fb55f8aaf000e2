"""A leaked value is found however it is written, and whatever stands around it."""

import base64
import json
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responder.review.history.forms import Value
from responder.review.history.search import Needles
from responder.secret import Secret, known_values

PRINTABLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
# As services make them, with what is escaped within; and what people choose.
VALUES = st.one_of(
    st.text("ABCDEFGHabcdefgh01234567+/", min_size=20, max_size=40),
    st.text(PRINTABLE, min_size=8, max_size=40),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=8, max_size=20),
)
LONG = 20  # characters; the shortest that a service makes
FEWER = settings(max_examples=25)  # a search is compiled for each
AROUND = st.binary(max_size=40)


@pytest.fixture(autouse=True, scope="module")
def forgotten():
    """The values here may be any words, which no other test of this process is to have masked for secrets."""
    before = set(known_values._values), dict(known_values._by_anchor)
    yield
    known_values._values, known_values._by_anchor = before


def as_json(value):
    return json.dumps(value)[1:-1].encode()


def as_php(value):
    return as_json(value).replace(b"/", b"\\/")


def quoted(value):
    return urllib.parse.quote(value, safe="").encode()


def in_base64(value, lead=0):
    return base64.b64encode(b"." * lead + value.encode() + b"..")


SPELLINGS = {
    "plain": str.encode,
    "json": as_json,
    "php": as_php,
    "url": quoted,
    "hex": lambda value: value.encode().hex().encode(),
    "utf-16": lambda value: value.encode("utf-16-le"),
    "base64": in_base64,
    "base64+1": lambda value: in_base64(value, 1),
    "base64+2": lambda value: in_base64(value, 2),
}


def labels(hits):
    return {hit.value.label for hit in hits}


@given(spelling=st.sampled_from(sorted(SPELLINGS)), value=VALUES, before=AROUND, after=AROUND)
def test_a_value_is_found_in_each_spelling(spelling, value, before, after):
    searcher = Needles([Value("it", Secret(value))]).searcher()
    data = before + SPELLINGS[spelling](value) + after
    assert labels(searcher.plain_hits(data)) == {"it"}
    assert searcher.near(data)


@FEWER
@given(value=VALUES.filter(lambda value: len(value) >= LONG), before=AROUND, after=AROUND)
def test_a_long_value_is_found_in_base64_that_a_line_ends_within(value, before, after):
    searcher = Needles([Value("it", Secret(value))]).searcher()
    data = before + base64.encodebytes(b"a" * 40 + value.encode() + b"..") + after
    assert labels(searcher.plain_hits(data)) == {"it"}


@FEWER
@given(value=VALUES, before=AROUND, after=AROUND, size=st.integers(20, 60))
def test_a_value_is_found_where_pieces_of_a_large_file_part_it(value, before, after, size):
    searcher = Needles([Value("it", Secret(value))]).searcher()
    data = before + value.encode() + after
    pieces = [data[begin : begin + size] for begin in range(0, len(data), size)]
    assert labels(searcher.hits_in_pieces(pieces)) == {"it"}


@FEWER
@given(value=VALUES, cut=st.integers(1, 3), around=AROUND)
def test_a_value_that_is_not_whole_is_not_found(value, cut, around):
    searcher = Needles([Value("it", Secret(value))]).searcher()
    for part in (value[cut:], value[:-cut]):
        if value not in part and value.encode() not in (data := around + part.encode() + around):
            assert not [hit for hit in searcher.plain_hits(data) if hit.encoding == "plain"]
