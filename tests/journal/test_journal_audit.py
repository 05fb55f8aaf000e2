"""The whole file, before and after somebody who knows SQLite has had it."""

import shutil
import sqlite3

import pytest

from responder.errors import InputError, RefusedError
from responder.journal import Broken, EventKind, Flaw, Verified
from responder.journal.audit import verify

GUARDS = ("events_never_change", "events_never_go", "events_follow")


@pytest.fixture
def filled(journal, writer):
    for attempt in range(1, 9):
        writer.append(EventKind.STEP_RETRIED, step="s", attempt=attempt, data={"text": "." * 900})
    return journal


@pytest.fixture
def tamper(filled, path):
    """Runs statements as an intruder who takes the guards away and puts them back."""
    filled.close()

    def run(*statements):
        intruder = sqlite3.connect(path, isolation_level=None)
        guards = intruder.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for guard in GUARDS:
            intruder.execute(f"DROP TRIGGER {guard}")
        for statement in statements:
            intruder.execute(statement)
        for (guard,) in guards:
            intruder.execute(guard)
        intruder.close()
        return verify(path)

    return run


def test_a_journal_in_use_verifies_with_what_only_its_log_holds_yet(filled, path):
    assert path.with_name("journal.db-wal").stat().st_size > 0
    audit = verify(path)
    assert audit.sound
    assert audit.chain == Verified(9, filled.head().hash)


def test_a_copy_verifies_and_is_left_as_it_was(filled, path, tmp_path):
    head = filled.head().hash
    filled.close()
    copy = tmp_path / "evidence.db"
    shutil.copy(path, copy)
    before, beside = copy.read_bytes(), sorted(tmp_path.iterdir())
    assert verify(copy, {head}).chain == Verified(9, head)
    assert copy.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == beside


@pytest.mark.parametrize(
    ("statement", "seq", "flaw"),
    [
        ("UPDATE events SET data = '{}' WHERE seq = 4", 4, Flaw.EDITED),
        ("UPDATE events SET at = '2026-01-30T03:00:00.000000Z' WHERE seq = 4", 4, Flaw.EDITED),
        ("UPDATE events SET step = CAST(x'ff' AS TEXT) WHERE seq = 4", 4, Flaw.EDITED),
        ("UPDATE events SET prev = 'other' WHERE seq = 4", 4, Flaw.REORDERED),
        ("DELETE FROM events WHERE seq = 4", 4, Flaw.MISSING),
        ("DELETE FROM events WHERE seq BETWEEN 3 AND 5", 3, Flaw.MISSING),
        ("DELETE FROM events WHERE seq = 1", 1, Flaw.MISSING),
        ("UPDATE events SET seq = 0 WHERE seq = 4", 0, Flaw.INSERTED),
        (
            "INSERT INTO events VALUES (10, 'r1', 't', 1, 'step.succeeded', '', '{}', 'p', 'h')",
            10,
            Flaw.REORDERED,
        ),
        ("DELETE FROM events WHERE seq > 7", 8, Flaw.MISSING),
        ("DELETE FROM events", 1, Flaw.MISSING),
    ],
)
def test_what_an_intruder_did_is_found_and_named(tamper, statement, seq, flaw):
    audit = tamper(statement)
    assert not audit.sound
    assert (audit.chain.seq, audit.chain.flaw) == (seq, flaw)
    assert audit.unguarded == ()


def test_a_cut_whose_trace_in_sqlite_was_wiped_is_found_by_who_noted_the_head(tamper, path):
    noted = verify(path).chain.head
    audit = tamper("DELETE FROM events WHERE seq > 7", "UPDATE sqlite_sequence SET seq = 7")
    assert audit.sound
    found = verify(path, {noted}).chain
    assert (found.seq, found.flaw) == (8, Flaw.MISSING)
    assert noted in found.why


@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_that_was_dropped_is_reported(filled, path, guard):
    filled.close()
    with sqlite3.connect(path) as intruder:
        intruder.execute(f"DROP TRIGGER {guard}")
    intruder.close()
    audit = verify(path)
    assert isinstance(audit.chain, Verified)
    assert not audit.sound
    assert audit.unguarded == (f"trigger {guard} is missing",)


def test_a_guard_that_was_disarmed_and_a_trigger_of_somebody_else_are_reported(filled, path):
    filled.close()
    with sqlite3.connect(path) as intruder:
        intruder.execute("DROP TRIGGER events_never_go")
        intruder.execute("CREATE TRIGGER events_never_go BEFORE DELETE ON events BEGIN SELECT 1; END")
        intruder.execute("CREATE TRIGGER theirs AFTER INSERT ON events BEGIN SELECT 1; END")
    intruder.close()
    assert verify(path).unguarded == ("trigger theirs is not ours", "trigger events_never_go was altered")


def test_a_table_of_somebody_else_in_place_of_the_events_is_reported(filled, path):
    filled.close()
    with sqlite3.connect(path) as intruder:
        intruder.execute("DROP TABLE events")
        intruder.execute("CREATE TABLE events (seq INTEGER, run, step, attempt, kind, at, data, prev, hash)")
    intruder.close()
    audit = verify(path)
    assert not audit.sound
    assert "table events was altered" in audit.unguarded


def test_a_journal_without_its_table_is_reported_not_raised(filled, path):
    filled.close()
    with sqlite3.connect(path) as intruder:
        intruder.execute("DROP TABLE events")
    intruder.close()
    audit = verify(path)
    assert not audit.sound
    assert audit.chain.seq == 1
    assert "table events is missing" in audit.unguarded


@pytest.mark.parametrize("pages", [1, 2, 3, 5])
def test_a_file_that_was_cut_off_is_broken_not_an_exception(filled, path, pages):
    filled.close()
    with path.open("r+b") as file:
        file.truncate(pages * 4096)
    audit = verify(path)
    assert not audit.sound
    assert isinstance(audit.chain, Broken)


def test_a_journal_that_never_was_is_not_called_tampered(tmp_path):
    with pytest.raises(InputError, match="There is no journal"):
        verify(tmp_path / "none.db")


def another_programs(path):
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()


OVERWRITTEN = {
    "garbage": lambda path: path.write_bytes(b"garbage " * 700),
    "zero bytes": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "nothing": lambda path: path.write_bytes(b""),
    "another program's": another_programs,
}


@pytest.mark.parametrize("how", OVERWRITTEN)
def test_a_journal_that_was_overwritten_is_broken_from_its_first_event_on(filled, path, how):
    filled.close()
    OVERWRITTEN[how](path)
    found = verify(path).chain
    assert (found.seq, found.flaw) == (1, Flaw.MISSING)
    assert "is not a journal of respond" in found.why


def test_a_journal_of_a_newer_version_is_not_called_tampered(filled, path):
    filled.close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 9")
    newer.close()
    with pytest.raises(RefusedError, match="newer respond"):
        verify(path)
