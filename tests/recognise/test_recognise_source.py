"""What leaked is read from a file or standard input, as whatever program saved it."""

import io
import os
import random
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import AK, AKIA, AS, AWS_SECRET, aws, modal, seen

from responder.errors import InputError
from responder.recognise import recognise
from responder.recognise.source import LIMIT, decode, read_source

BOTH = {aws(), modal()}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_files_saved_by_windows_programs_are_read(tmp_path, encoding):
    file = tmp_path / "prod.env"
    text = f"AWS_ACCESS_KEY_ID={AKIA}\r\nAWS_SECRET_ACCESS_KEY={AWS_SECRET}\r\n"
    file.write_bytes(text.encode(encoding))
    assert seen(read_source(str(file)).text) == {aws()}


def test_bytes_that_are_no_text_are_searched_all_the_same(tmp_path):
    noise = random.Random(7).randbytes(5000)  # noqa: S311  # no secret
    file = tmp_path / "core"
    file.write_bytes(
        noise
        + f"\0KEY={AKIA}\0AWS_SECRET_ACCESS_KEY={AWS_SECRET}\0{AK}\0{AS}\0".encode()
        + b"\xff\xfe"
        + noise
    )
    assert seen(read_source(str(file)).text) >= BOTH


@given(st.binary(max_size=400))
def test_no_bytes_make_reading_or_recognising_fail(data):
    recognise(decode(data))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path / "absent", "There is no file"),
        (lambda path: path, "is a folder"),
        (lambda path: written(path / "empty", b""), "is empty"),
        (lambda path: written(path / "blank", b"\r\n \t\0"), "is empty"),
        (lambda path: written(path / "large", b"x" * (LIMIT + 1)), "larger than 20 MB"),
        (lambda path: f"{path}\0", "no path"),
        (lambda path: path / ("x" * 300), "could not be read"),
    ],
)
def test_what_cannot_be_read_as_a_leak_is_refused_with_the_reason(tmp_path, make, message):
    with pytest.raises(InputError, match=message) as refused:
        read_source(str(make(tmp_path)))
    assert refused.value.next_step


def test_of_a_file_that_is_too_large_the_lines_that_matter_are_got_by_what_is_to_be_typed(tmp_path):
    file = written(tmp_path / "a log", b"x" * 99 + b"\n" * LIMIT + f"key {AKIA} {AWS_SECRET}\n".encode())
    with pytest.raises(InputError) as refused:
        read_source(str(file))
    command = refused.value.next_step.partition(": ")[2].removesuffix(" | respond identify -")
    lines = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert seen(lines.stdout) == {aws()}


def written(path, data):
    path.write_bytes(data)
    return path


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_said_to_be_so(tmp_path):
    file = written(tmp_path / "prod.env", b"x")
    file.chmod(0)
    with pytest.raises(InputError, match="may not be read by you"):
        read_source(str(file))


def test_a_dash_reads_standard_input():
    source = read_source("-", io.BytesIO(f"{AK} {AS}".encode()))
    assert source.name == "standard input"
    assert seen(source.text) == {modal()}
    assert AS not in repr(source)
    with pytest.raises(InputError, match="standard input is empty"):
        read_source("-", io.BytesIO(b""))
