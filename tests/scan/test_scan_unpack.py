"""Archives are opened within bounds, and what is left closed says why."""

import gzip
import lzma
import random

import pytest
from planted import zipped

from responder.review.history import unpack as module
from responder.review.history.forms import Value
from responder.review.history.search import Needles
from responder.review.history.unpack import Unopened, Unpacked, unpack
from responder.secret import Secret

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYkeptKEY00"


def found_in(data):
    hits, not_opened = Needles([Value("it", Secret(SECRET))]).searcher().hits(data)
    return {hit.inside for hit in hits}, not_opened


@pytest.mark.parametrize(
    ("data", "inside"),
    [
        (gzip.compress(SECRET.encode()), "gzip"),
        (gzip.compress(b"first") + gzip.compress(SECRET.encode()), "gzip"),
        (gzip.compress(SECRET.encode()) + b"\0" * 512, "gzip"),
        (lzma.compress(f"{SECRET}\n".encode() * 50), "xz"),
        (zipped({"a/b.env": SECRET.encode(), "c": b""}), "a/b.env"),
        (gzip.compress(zipped({"x": SECRET.encode()})), "gzip!/x"),
    ],
)
def test_it_is_found_within(data, inside):
    assert found_in(data) == ({inside}, [])


def test_of_a_cut_file_what_comes_before_the_cut_is_searched():
    lines = "".join(f"line {number}\n" for number in range(20_000))
    cut = gzip.compress(f"{SECRET}\n{lines}".encode())[:20_000]
    assert found_in(cut) == ({"gzip"}, ["gzip: cut short"])


def test_what_grows_beyond_all_bounds_is_left(monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 1 << 20)
    bomb = gzip.compress(bytes(1 << 26))
    (part, why) = list(unpack(bomb))
    assert isinstance(part, Unpacked)
    assert len(part.data) < 1 << 24
    assert why == Unopened("gzip: more than 1 MB within")
    *_, last = unpack(zipped({"a": bytes(900_000), "b": bytes(900_000), "c": bytes(10)}))
    assert last == Unopened("more than 1 MB within")


def test_archives_in_archives_end_somewhere():
    deep = SECRET.encode()
    for _ in range(5):
        deep = gzip.compress(deep)
    hits, not_opened = found_in(deep)
    assert hits == set()
    assert not_opened == ["gzip!/gzip!/gzip: archives in archives, 3 deep"]


def test_an_encrypted_member_is_said_and_the_others_are_read(tmp_path):
    data = bytearray(zipped({"open": SECRET.encode(), "locked": b"x" * 50}))
    for place, flags in ((data.rindex(b"PK\x03\x04"), 6), (data.rindex(b"PK\x01\x02"), 8)):
        data[place + flags] |= 1
    assert found_in(bytes(data)) == ({"open"}, ["locked is encrypted"])


def test_a_text_that_only_begins_alike_is_no_archive():
    assert found_in(b"BZh" + SECRET.encode()) == ({""}, [])


def test_a_damaged_member_does_not_hide_the_next():
    data = bytearray(zipped({"bad": random.Random(2).randbytes(900), "good": SECRET.encode()}))  # noqa: S311
    data[60:400] = bytes(340)
    hits, not_opened = found_in(bytes(data))
    assert hits == {"good"}
    assert not_opened == ["bad is damaged, or packed in a way that is not known here"]
