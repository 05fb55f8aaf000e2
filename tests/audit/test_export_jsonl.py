"""`--format jsonl`: the whole record, which whoever has the file can verify."""

import json
import os
import subprocess
import sys
import tracemalloc
from itertools import islice

import pytest
import rfc8785
from exporting import export
from incident_record import SEALED, play_incident
from played import play

from responder.errors import Exit, InputError, RefusedError, TamperedError, UnavailableError
from responder.journal import Event, EventKind, Holder, Journal, exported, verify_chain
from responder.journal.events import COLUMNS, canonical
from responder.report.export import Selection, jsonl

TAKER = Holder("desk", 12, "b n 2", "grace")
FIELDS = COLUMNS.split(", ")


def rows_of(text: str):
    """What a verifier has: nothing but the file."""
    for line in text.removesuffix("\n").split("\n"):
        one = json.loads(line)
        assert sorted(one) == sorted(FIELDS)
        yield tuple(canonical(one[key], "data") if key == "data" else one[key] for key in FIELDS)


def test_the_file_alone_verifies_and_its_head_is_the_journals(journal, path, holder):
    play_incident(journal, "r1", holder, TAKER)
    play(journal, "r2", holder)
    result = export(path, "--format", "jsonl")
    assert result.exit_code == 0, result.output
    found = verify_chain(rows_of(result.stdout))
    assert (found.events, found.head) == (len(journal.events()), journal.head().hash)


def test_verifying_an_export_needs_nothing_but_the_file_and_finds_a_byte_that_was_changed(
    journal, path, holder, tmp_path
):
    play_incident(journal, "r1", holder, TAKER)
    out = tmp_path / "out.jsonl"
    assert export(path, "--format", "jsonl", "-o", str(out)).exit_code == 0
    found = exported.verify(out)
    assert found.sound
    assert found.chain.head == journal.head().hash
    lines = out.read_bytes().splitlines(keepends=True)
    lines[8] = lines[8].replace(b"3:00:", b"4:00:", 1)
    out.write_bytes(b"".join(lines))
    assert exported.verify(out).chain.seq == 9


def test_every_line_is_canonical_json_and_a_change_in_any_field_of_any_line_shows(journal, path, holder):
    play(journal, "r1", holder)
    lines = export(path, "--format", "jsonl").stdout.splitlines()
    for line in lines:
        assert rfc8785.dumps(json.loads(line)).decode() == line
    for number, line in enumerate(lines):
        for key, value in json.loads(line).items():
            other = (
                {**value, "more": 1}
                if key == "data"
                else value + 1
                if isinstance(value, int)
                else f"x{value}"
            )
            changed = [*lines[:number], json.dumps({**json.loads(line), key: other}), *lines[number + 1 :]]
            assert verify_chain(rows_of("\n".join(changed))).seq <= number + 1


def test_texts_of_any_language_and_with_any_escape_come_out_as_they_were_hashed(journal, path, holder):
    writer = journal.begin("r1", holder, {})
    odd = 'zürich 東京 \u2028 \x1f \x7f \\ " 🔑\n'
    writer.append(
        EventKind.STEP_SKIPPED, step=f"step[{odd}]", attempt=1, data={"why": odd, odd: [1.5, None, True]}
    )
    result = export(path, "--format", "jsonl")
    assert verify_chain(rows_of(result.stdout)).head == journal.head().hash
    assert json.loads(result.stdout.split("\n")[1])["data"]["why"] == odd


def test_sealed_values_are_the_ciphertexts_that_the_hash_covers(journal, path, holder):
    play_incident(journal, "r1", holder, TAKER)
    first = json.loads(export(path, "--format", "jsonl").stdout.splitlines()[0])
    assert first["data"]["exposure"]["access_keys"][0]["secret"] == SEALED


def test_run_since_and_until_choose_events_and_until_is_not_included(journal, path, holder):
    play(journal, "r1", holder)
    play(journal, "r2", holder)

    def chosen(*words):
        result = export(path, "--format", "jsonl", *words)
        assert result.exit_code == 0, result.output
        return [json.loads(line)["seq"] for line in result.stdout.splitlines()]

    assert chosen("--run", "r2") == [6, 7, 8, 9, 10]
    assert chosen("--since", "2026-01-31T03:00:07") == [7, 8, 9, 10]
    assert chosen("--until", "2026-01-31T04:00:03+01:00") == [1, 2]
    assert chosen("--run", "r2", "--since", "2026-01-31T03:00:07", "--until", "2026-01-31T03:00:09") == [7, 8]
    assert chosen("--since", "2026-02-01") == []


def test_what_is_no_time_is_said_to_be_none_with_the_way_to_write_one(journal, path, holder):
    play(journal, "r1", holder)
    result = export(path, "--format", "jsonl", "--since", "yesterday")
    assert result.exit_code == Exit.INPUT
    assert "`yesterday` is not a time. Write 2026-01-31" in result.stderr


def test_an_unknown_run_is_an_error_and_leaves_no_file(journal, path, holder, tmp_path):
    play(journal, "r1", holder)
    out = tmp_path / "out.jsonl"
    for form in ("jsonl", "csv", "ocsf", "cacao"):
        result = export(path, "--format", form, "--run", "r9", "-o", str(out))
        assert isinstance(result.exception, InputError)
        assert result.exception.what == "There is no run r9."
        assert not out.exists()


def test_a_copy_of_a_journal_is_read_where_it_lies(journal, path, holder, tmp_path):
    play(journal, "r1", holder)
    journal.close()
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    elsewhere = tmp_path / "empty" / "journal" / "journal.db"
    result = export(elsewhere, "--format", "jsonl", "--journal", str(copy))
    assert len(result.stdout.splitlines()) == 5
    assert isinstance(export(elsewhere, "--format", "jsonl").exception, InputError)


@pytest.mark.parametrize("form", ["jsonl", "csv", "ocsf"])
def test_standard_output_and_a_file_that_only_its_owner_may_read_get_the_same_bytes(
    journal, path, holder, tmp_path, form
):
    play_incident(journal, "r1", holder, TAKER)
    out = tmp_path / "out"
    printed = export(path, "--format", form)
    assert export(path, "--format", form, "--output", "-").stdout_bytes == printed.stdout_bytes
    assert export(path, "--format", form, "--output", str(out)).stdout == ""
    assert out.read_bytes() == printed.stdout_bytes
    assert out.stat().st_mode & 0o777 == 0o600
    assert sorted(one.name for one in tmp_path.iterdir()) == ["home", "out"]


@pytest.mark.parametrize("form", ["csv", "ocsf", "cacao"])
def test_no_other_form_holds_even_a_ciphertext(journal, path, holder, form):
    play_incident(journal, "r1", holder, TAKER)
    result = export(path, "--format", form, "--run", "r1")
    assert result.exit_code == 0, result.output
    assert "deactivate_key[s3]" in result.stdout
    assert SEALED["sealed"] not in result.stdout


def test_a_file_that_exists_is_never_written_over(journal, path, holder, tmp_path):
    play(journal, "r1", holder)
    out = tmp_path / "evidence"
    out.write_text("mine")
    result = export(path, "--format", "jsonl", "-o", str(out))
    assert isinstance(result.exception, RefusedError)
    assert out.read_text() == "mine"


def test_a_place_that_cannot_be_written_is_named_with_what_to_do(journal, path, holder, tmp_path):
    play(journal, "r1", holder)
    out = tmp_path / "nowhere" / "out"
    result = export(path, "--format", "jsonl", "-o", str(out))
    assert isinstance(result.exception, UnavailableError)
    assert str(out) in result.exception.what
    assert "a folder that you may write to" in result.exception.next_step


def test_a_disk_that_is_full_leaves_no_half_file(journal, path, holder, tmp_path):
    play(journal, "r1", holder)
    (tmp_path / "out.part").symlink_to("/dev/full")
    result = export(path, "--format", "jsonl", "-o", str(tmp_path / "out"))
    assert isinstance(result.exception, UnavailableError)
    assert "no space left" in result.exception.what
    assert [one.name for one in tmp_path.iterdir()] == ["home"]


def test_data_that_are_no_json_stop_the_export_and_leave_no_file(journal, path, holder, tmp_path):
    play(journal, "r1", holder)
    journal.database.rows("DROP TRIGGER events_never_change")
    journal.database.rows("""UPDATE events SET data = '{},"hash":"0"' WHERE seq = 3""")
    out = tmp_path / "out"
    result = export(path, "--format", "jsonl", "-o", str(out))
    assert isinstance(result.exception, TamperedError)
    assert "Event 3" in result.exception.what
    assert not out.exists()


def fill(journal: Journal, events: int) -> None:
    """Many events in one transaction, hashed as any."""

    def chained():
        head = None
        for number in range(events):
            head = Event.after(
                head,
                run=f"r{number // 50}",
                step=f"s{number}",
                attempt=1,
                kind=EventKind.STEP_SKIPPED,
                at=journal.clock(),
                data={"why": "." * 200},
            )
            yield head.row()

    with journal.database.transaction() as connection:
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", chained())


def test_memory_does_not_grow_with_the_journal(journal):
    fill(journal, 12_000)
    lines = jsonl.lines(Selection().rows(journal))
    tracemalloc.start()
    try:
        size = sum(len(line) for line in islice(lines, 3_000))
        _, early = tracemalloc.get_traced_memory()
        size += sum(map(len, lines))
        _, late = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 12_000 * 400
    assert late < early * 1.5
    assert late < size / 4


def test_an_export_may_be_read_in_part(journal, path, holder):
    """As `respond audit export … | head -1` does."""
    fill(journal, 3_000)
    command = [sys.executable, "-m", "responder", "--home", str(path.parent.parent), "audit", "export"]
    with subprocess.Popen(
        [*command, "--format", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"},
    ) as process:
        assert json.loads(process.stdout.readline())["seq"] == 1
        process.stdout.close()
        assert process.stderr.read() == b""
