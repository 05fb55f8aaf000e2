"""What happens seldom: odd file systems, odd users, files that cannot be read, mistakes of our own."""

import sqlite3
import sys
from pathlib import Path

import pytest

from responder.errors import InputError, UnavailableError
from responder.journal import EventKind, Flaw, Holder, Journal, Verified, database, exported
from responder.journal.audit import first_hash, verify
from responder.journal.chain import origin_of
from responder.journal.checkpoint import Checkpoint, folder_of, keep, read
from responder.journal.events import canonical
from responder.journal.failures import answering_for
from responder.journal.note import Signer
from responder.journal.vouching import Found, weigh

UNREADABLE = Path("/proc/self/mem")  # opens, and fails when it is read
SIGNER = Signer.fresh("respond/ada@laptop", b"s" * 32)


def test_a_mistake_of_ours_in_a_statement_is_not_called_a_failure_of_the_disk(journal):
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        journal.database.rows("SELECT 1 FROM nowhere")
    with pytest.raises(sqlite3.IntegrityError), answering_for(journal.database.path):
        raise sqlite3.IntegrityError


def test_a_transaction_that_fails_keeps_nothing_and_is_in_nobodys_way(journal, writer, path):
    def half() -> None:
        with journal.database.transaction() as connection:
            connection.execute("INSERT INTO data_keys VALUES ('r9', '', NULL)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert journal.database.rows("SELECT * FROM data_keys") == []
    with Journal.open(path) as other:
        other.take_up("r1", Holder.current(), {})


def test_a_journal_whose_making_waits_for_another_process_is_made_when_that_is_done(path, monkeypatch):
    path.parent.mkdir()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        other.rollback()

    monkeypatch.setattr(database.time, "sleep", sleep)
    with Journal.open(path) as journal:
        assert journal.database.rows("PRAGMA journal_mode") == [("wal",)]
    assert slept == [database._PAUSE]
    other.close()


def test_a_journal_whose_making_another_process_holds_up_is_given_up_after_a_while(path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    path.parent.mkdir()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnavailableError, match="locked"):
        Journal.open(path)
    other.close()


def test_a_file_system_without_shared_memory_is_refused_with_the_way_out(path):
    class Elsewhere(sqlite3.Connection):
        def execute(self, statement, *values):
            return super().execute(
                "SELECT 'delete'" if statement == "PRAGMA journal_mode = WAL" else statement, *values
            )

    connection = sqlite3.connect(":memory:", factory=Elsewhere)
    with pytest.raises(UnavailableError, match="no shared memory") as refused:
        database._use_write_ahead_log(connection, path)
    assert "--home" in refused.value.next_step


def test_where_fsync_does_not_reach_the_platter_sqlite_is_told_to_make_it(path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with Journal.open(path) as journal:
        assert journal.database.rows("PRAGMA fullfsync") == [(1,)]
        assert journal.database.rows("PRAGMA checkpoint_fullfsync") == [(1,)]


@pytest.mark.usefixtures("writer")
def test_a_journal_whose_log_cannot_be_used_is_not_read_without_it(journal, path, monkeypatch):
    """What only the log holds yet would be missing, and nobody would know."""
    real = database._connect

    def connect(place, mode):
        if mode == "mode=ro":
            raise UnavailableError("no locks here")
        return real(place, mode)

    monkeypatch.setattr(database, "_connect", connect)
    with pytest.raises(UnavailableError, match="no locks"):
        Journal.open(path, read_only=True)
    journal.close()
    with Journal.open(path, read_only=True) as whole:
        assert len(whole.events()) == 1


@pytest.mark.usefixtures("writer")
def test_sqlite_itself_lets_nobody_write_who_opened_a_journal_to_read(path):
    connection = database.open_to_read(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("INSERT INTO data_keys VALUES ('r9', '', NULL)")
    connection.close()


def test_nobody_appends_to_a_run_that_was_never_begun(journal):
    with pytest.raises(InputError, match="There is no run r9"):
        journal.append("r9", 1, EventKind.STEP_INTENDED, step="s", attempt=1, data={})
    assert journal.events() == []


def checkpoint_of(journal: Journal) -> Checkpoint:
    head = journal.head()
    return Checkpoint(origin_of(journal.events()[0].hash), head.seq, head.hash)


@pytest.mark.usefixtures("writer")
def test_a_checkpoint_that_cannot_be_kept_or_read_is_said_to_be_so(journal, path, tmp_path):
    made = checkpoint_of(journal)
    folder_of(path).touch()
    with pytest.raises(UnavailableError, match="cannot be written: file exists") as error:
        keep(folder_of(path), made, SIGNER.sign(made.text))
    assert error.value.state == "The journal is as it was."
    with pytest.raises(UnavailableError, match="cannot be read: no such file or directory"):
        read(tmp_path / "nowhere.note")
    with pytest.raises(UnavailableError, match="cannot be read"):
        read(UNREADABLE)


@pytest.mark.usefixtures("writer")
def test_a_checkpoint_that_is_kept_is_never_replaced_and_leaves_no_draft(journal, path):
    made = checkpoint_of(journal)
    kept = keep(folder_of(path), made, "the first\n")
    assert keep(folder_of(path), made, "the second\n") == kept
    assert kept.read_text() == "the first\n"
    assert folder_of(path).stat().st_mode & 0o777 == 0o700
    assert [file.name for file in folder_of(path).iterdir()] == ["000000000001.note"]


@pytest.mark.usefixtures("writer")
def test_what_others_may_write_vouches_for_nothing_without_a_key_nor_for_another_journal(journal):
    made = checkpoint_of(journal)
    note = SIGNER.sign(made.text)
    stranger = SIGNER.sign(Checkpoint("respond/another", 1, made.hash).text)
    public = [Found("issue", note, open_to_all=True, origin=made.origin)]
    assert weigh(public, ()).marks == ()
    weighed = weigh(
        [*public, Found("issue", stranger, open_to_all=True, origin=made.origin)], [SIGNER.verifier]
    )
    assert [(mark.size, mark.hash, mark.origin) for mark in weighed.marks] == [(1, made.hash, made.origin)]
    assert (weighed.wrong, weighed.signed) == ((), 1)


@pytest.mark.usefixtures("writer")
def test_a_journal_and_its_export_begin_with_the_same_event_and_an_empty_one_with_none(
    journal, path, tmp_path
):
    [event] = journal.events()
    lines = tmp_path / "export.jsonl"
    fields = {**dict(zip(exported._FIELDS, event.row(), strict=True)), "data": event.data}
    lines.write_text(canonical(fields, "it") + "\n")
    assert first_hash(path) == exported.first_hash(lines) == event.hash
    assert exported.verify(lines).chain == Verified(1, event.hash)
    lines.write_text("")
    assert exported.first_hash(lines) == ""
    lines.write_text("no event\n")
    assert exported.first_hash(lines) == ""
    Journal.open(tmp_path / "empty.db").close()
    assert first_hash(tmp_path / "empty.db") == ""


def readable(path: Path) -> int:
    """How many events SQLite itself can still read."""
    count = 0
    reader = sqlite3.connect(path)
    try:
        for _ in reader.execute("SELECT * FROM events NOT INDEXED ORDER BY seq"):
            count += 1
    except sqlite3.DatabaseError:
        return count
    finally:
        reader.close()
    return count


def test_of_a_damaged_file_the_first_event_that_cannot_be_read_is_named(journal, writer, path):
    for attempt in range(1, 60):
        writer.append(EventKind.STEP_RETRIED, step="s", attempt=attempt, data={"text": "." * 900})
    journal.close()
    pages = path.stat().st_size // 4096
    with path.open("r+b") as file:
        for page in range(pages - 6, pages):
            file.seek(page * 4096)
            file.write(b"\xff" * 4096)
    whole = readable(path)
    found = verify(path).chain
    assert 1 < whole < 60
    assert (found.seq, found.flaw) == (whole + 1, Flaw.MISSING)


@pytest.mark.usefixtures("writer")
def test_a_table_of_events_that_is_not_ours_vouches_for_no_event_at_all(journal, path):
    journal.close()
    with sqlite3.connect(path) as intruder:
        intruder.execute("DROP TABLE events")
        intruder.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY)")
    intruder.close()
    found = verify(path)
    assert (found.chain.seq, found.chain.flaw) == (1, Flaw.MISSING)
    assert found.unguarded == (
        "trigger events_follow is missing",
        "trigger events_never_change is missing",
        "trigger events_never_go is missing",
        "table events was altered",
    )


def test_an_export_that_cannot_be_read_is_not_called_tampered():
    with pytest.raises(UnavailableError, match="cannot be read: input/output error"):
        exported.verify(UNREADABLE)
