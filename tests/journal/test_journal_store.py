import sqlite3
import threading
from datetime import UTC, datetime, timedelta

import pytest

from responder.errors import InputError, RefusedError, RespondError
from responder.journal import EventKind, Holder, Journal, Verified, verify_chain
from responder.journal.events import GENESIS
from responder.secret import Secret

SOMEBODY = Holder("elsewhere", 4711, "then", "sam")


def test_an_event_is_read_back_as_it_was_acknowledged(writer, path):
    data = {"a": 1.0, "b": [None, True, "é\n"], "c": {"d": -0.5}}
    event = writer.append(EventKind.STEP_INTENDED, step="deactivate", attempt=1, data=data)
    with Journal.open(path, read_only=True) as other:
        assert other.head() == event
        assert other.events()[1] == event
    assert event.seq == 2
    assert event.data == data
    assert event.at == datetime(2026, 1, 31, 3, 0, 2, tzinfo=UTC)


def test_the_first_event_follows_the_genesis_and_each_other_the_one_before(journal, writer):
    writer.append(EventKind.STEP_INTENDED, step="s", attempt=1)
    writer.append(EventKind.STEP_SUCCEEDED, step="s", attempt=1)
    first, second, third = journal.events()
    assert (first.prev, second.prev, third.prev) == (GENESIS, first.hash, second.hash)


def test_every_connection_that_writes_is_durable_and_overwrites_what_it_deletes(journal, path):
    with Journal.open(path) as second:
        for opened in (journal, second):
            ask = opened.database.rows
            assert ask("PRAGMA journal_mode") == [("wal",)]
            assert ask("PRAGMA synchronous") == [(2,)]  # FULL: the log is synced at each commit
            assert ask("PRAGMA secure_delete") == [(1,)]


def test_a_time_from_another_zone_is_kept_as_utc(path, holder):
    there = datetime(2026, 1, 31, 4, tzinfo=UTC).astimezone(None) + timedelta(microseconds=7)
    with Journal.open(path, clock=lambda: there) as journal:
        journal.begin("r1", holder, {})
        assert journal.head().at == datetime(2026, 1, 31, 4, 0, 0, 7, tzinfo=UTC)
        assert journal.head().at.utcoffset() == timedelta(0)


@pytest.mark.usefixtures("journal")
def test_only_its_owner_can_open_the_journal(path):
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("writer")
def test_two_runs_of_one_name_are_refused(journal, holder):
    with pytest.raises(RefusedError, match="Run r1 exists since 2026-01-31 03:00:01 UTC") as refused:
        journal.begin("r1", holder, {})
    assert "respond resume r1" in refused.value.next_step
    assert len(journal.events()) == 1


def test_who_takes_a_run_up_fences_its_first_writer(journal, writer):
    second = journal.take_up("r1", SOMEBODY, {"because": "the first was killed"})
    with pytest.raises(
        RefusedError, match=r"sam on elsewhere .process 4711., at 2026-01-31 03:00:02"
    ) as fenced:
        writer.append(EventKind.STEP_INTENDED, step="s", attempt=1)
    assert "respond resume r1" in fenced.value.next_step
    second.append(EventKind.STEP_INTENDED, step="s", attempt=1)
    assert [event.kind for event in journal.events()] == ["run.started", "run.resumed", "step.intended"]
    assert journal.holder("r1") == SOMEBODY


def test_the_runs_own_events_have_the_writers_term_as_attempt(journal, writer):
    writer.append(EventKind.RUN_FINISHED)
    journal.take_up("r1", SOMEBODY, {}).append(EventKind.RUN_FINISHED)
    assert [(event.kind.value, event.attempt) for event in journal.events()] == [
        ("run.started", 1),
        ("run.finished", 1),
        ("run.resumed", 2),
        ("run.finished", 2),
    ]


@pytest.mark.usefixtures("writer")
def test_of_two_who_found_the_same_holder_dead_only_the_first_takes_over(journal, holder):
    dead = journal.holder("r1")
    journal.take_up("r1", SOMEBODY, {}, replacing=dead)
    with pytest.raises(RefusedError, match="sam on elsewhere"):
        journal.take_up("r1", holder, {}, replacing=dead)


def test_a_run_that_does_not_exist_cannot_be_taken_up(journal, holder):
    with pytest.raises(InputError, match="There is no run r9"):
        journal.take_up("r9", holder, {})
    with pytest.raises(InputError, match="There is no run r9"):
        journal.holder("r9")


def test_the_same_outcome_is_not_recorded_twice(journal, writer):
    writer.append(EventKind.STEP_SUCCEEDED, step="s", attempt=1)
    with pytest.raises(RefusedError, match=r"has step.succeeded of s .attempt 1. already"):
        writer.append(EventKind.STEP_SUCCEEDED, step="s", attempt=1)
    assert len(journal.events()) == 2


def test_runs_are_listed_newest_first_and_read_apart(journal, writer, holder):
    other = journal.begin("r2", holder, {})
    writer.append(EventKind.STEP_INTENDED, step="s", attempt=1)
    journal.take_up("r1", holder, {})
    other.append(EventKind.RUN_FINISHED)
    assert journal.runs() == ["r2", "r1"]
    assert [event.seq for event in journal.events("r1")] == [1, 3, 4]
    assert [event.seq for event in journal.events("r2", after=2)] == [5]


def test_a_long_journal_is_streamed_in_batches_and_loses_nothing(journal, writer, monkeypatch):
    monkeypatch.setattr("responder.journal.store._BATCH", 7)
    for attempt in range(1, 31):
        writer.append(EventKind.STEP_RETRIED, step="s", attempt=attempt)
    assert [event.seq for event in journal.iterate()] == list(range(1, 32))
    assert [event.seq for event in journal.iterate("r1", after=13)] == list(range(14, 32))


def test_a_secret_in_clear_is_never_journalled(journal, writer, path):
    canary = Secret("canary-AKIAIOSFODNN7EXAMPLE\nline two")
    attempts = [
        {"output": f"got {canary.reveal()}"},
        {"deep": [{"er": [canary.reveal()]}]},
        {canary.reveal(): "a key"},
    ]
    for data in attempts:
        with pytest.raises(RespondError, match="A secret was about to be journalled") as bug:
            writer.append(EventKind.STEP_SUCCEEDED, step="s", attempt=1, data=data)
        assert "canary" not in str(bug.value) + bug.value.state + bug.value.next_step
    assert len(journal.events()) == 1
    files = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"canary" not in files


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**60, "half \ud800"])
def test_data_without_a_canonical_form_is_not_written(journal, writer, value):
    with pytest.raises(RespondError, match="no canonical JSON"):
        writer.append(EventKind.STEP_SUCCEEDED, step="s", attempt=1, data={"value": value})
    assert len(journal.events()) == 1


def test_many_threads_append_to_one_unbroken_chain(journal, writer):
    def work(number):
        for attempt in range(1, 6):
            writer.append(EventKind.STEP_INTENDED, step=f"s{number}", attempt=attempt)

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify_chain(event.row() for event in journal.events()) == Verified(41, journal.head().hash)


REPLACE = "INSERT OR REPLACE INTO events SELECT {} FROM events WHERE seq = 2"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET step = 'other' WHERE seq = 2",
        "DELETE FROM events WHERE seq = 2",
        "INSERT INTO events VALUES (9, 'r1', '', 5, 'run.finished', '', '{}', 'p', 'h')",
        REPLACE.format("2, run, step, 9, kind, at, data, 'p', 'h'"),
        REPLACE.format("3, run, step, attempt, kind, at, data, 'p', 'h'"),
        REPLACE.format("3, run, step, 9, kind, at, data, prev, 'h'"),
        REPLACE.format("3, run, step, 9, kind, at, data, 'p', hash"),
    ],
)
def test_sqlite_itself_refuses_to_change_events(journal, writer, path, statement):
    writer.append(EventKind.STEP_INTENDED, step="s", attempt=1)
    before = journal.events()
    with sqlite3.connect(path) as intruder, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        intruder.execute(statement)
    assert journal.events() == before


@pytest.mark.usefixtures("writer")
def test_an_event_that_is_no_event_any_more_is_reported_as_tampering(journal, path):
    with sqlite3.connect(path) as intruder:
        intruder.execute("DROP TRIGGER events_never_change")
        intruder.execute("UPDATE events SET data = '{'")
    with pytest.raises(RespondError, match="Event 1 of the journal is not what was written") as tampered:
        journal.events()
    assert "respond audit verify" in tampered.value.next_step
