"""Each way in which a journal cannot be had says what happened, what state things are in, and what to do."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import journal_child
import pytest

from responder.errors import InputError, RefusedError, TamperedError, UnavailableError
from responder.journal import EventKind, Holder, Journal, Verified, verify_chain
from responder.journal.audit import verify


def grown(writer, count):
    for attempt in range(1, count + 1):
        writer.append(EventKind.STEP_RETRIED, step="s", attempt=attempt, data={"text": "." * 2000})


def complete(error):
    return error.what and error.state and error.next_step


@pytest.mark.parametrize("place", ["file/journal.db", "folder"])
def test_a_path_where_no_file_can_be_is_not_writable(tmp_path, place):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(UnavailableError, match=r"cannot be written: .*is (not )?a folder") as error:
        Journal.open(tmp_path / place)
    assert complete(error.value)


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder with a journal that the test may read and not write, be it run by root or not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Journal.open(folder / "journal.db") as journal:
            grown(journal.begin("r1", Holder.current(), {}), 3)
        (folder / "journal.db").chmod(0o444)
        (folder / "shut").mkdir(mode=0o000)
        folder.chmod(0o555)
        us = os.geteuid()
        if us == 0:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(us)
            folder.chmod(0o755)


def test_a_folder_that_may_not_be_written_is_not_writable(closed):
    for place in ("new.db", "sub/new.db"):
        with pytest.raises(UnavailableError, match=r"new.db cannot be written: permission denied") as error:
            Journal.open(closed / place)
        assert complete(error.value)


def test_a_folder_that_may_not_be_entered_is_not_writable(closed):
    with pytest.raises(UnavailableError, match=r"journal.db cannot be written: permission denied") as error:
        Journal.open(closed / "shut" / "journal.db")
    assert complete(error.value)


def test_a_journal_that_may_not_be_written_is_not_writable(closed):
    with pytest.raises(UnavailableError, match=r"journal.db cannot be (written|opened)") as error:
        Journal.open(closed / "journal.db")
    assert complete(error.value)


def test_a_journal_that_may_not_be_written_can_be_read_and_audited(closed):
    with Journal.open(closed / "journal.db", read_only=True) as journal:
        assert len(journal.events()) == 4
    assert verify(closed / "journal.db").sound
    assert sorted(file.name for file in closed.iterdir()) == ["journal.db", "shut"]


def test_a_database_that_becomes_read_only_loses_nothing(journal, writer):
    with journal.database.transaction() as connection:
        pass
    connection.execute("PRAGMA query_only = ON")
    with pytest.raises(UnavailableError, match="it can only be read") as error:
        grown(writer, 1)
    assert complete(error.value)
    connection.execute("PRAGMA query_only = OFF")
    grown(writer, 1)
    assert [event.seq for event in journal.events()] == [1, 2]


@pytest.mark.usefixtures("writer")
def test_a_journal_opened_to_read_takes_nothing(path, holder):
    with Journal.open(path, read_only=True) as journal:
        with pytest.raises(RefusedError, match="opened to be read only"):
            journal.begin("r2", holder, {})
        assert journal.runs() == ["r1"]


def test_reading_a_journal_that_is_not_there_creates_nothing(path):
    with pytest.raises(InputError, match="There is no journal at"):
        Journal.open(path, read_only=True)
    assert not path.parent.exists()


@pytest.mark.parametrize("read_only", [True, False])
def test_a_file_that_is_no_database_is_left_alone(tmp_path, read_only):
    path = tmp_path / "notes.txt"
    path.write_text("no database, but long enough to look like one. " * 30)
    before = path.read_bytes()
    with pytest.raises(InputError, match="is not a journal of respond") as error:
        Journal.open(path, read_only=read_only)
    assert complete(error.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("read_only", [True, False])
def test_a_database_of_another_program_is_left_alone(tmp_path, read_only):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match="is not a journal of respond"):
        Journal.open(path, read_only=read_only)
    assert path.read_bytes() == before


@pytest.mark.parametrize("read_only", [True, False])
def test_a_journal_of_a_newer_version_is_refused(path, read_only):
    Journal.open(path).close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 2")
    newer.close()
    with pytest.raises(RefusedError, match=r"newer respond .format 2; this one knows 1.") as error:
        Journal.open(path, read_only=read_only)
    assert complete(error.value)


def test_a_file_that_was_cut_off_is_reported_as_tampered(journal, writer, path):
    grown(writer, 40)
    journal.close()
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)
    with pytest.raises(TamperedError, match="is damaged") as error, Journal.open(path) as cut:
        cut.events()
    assert complete(error.value)
    assert "respond audit verify" in error.value.next_step


def test_a_full_disk_loses_nothing_that_was_acknowledged(journal, writer):
    with journal.database.transaction() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(UnavailableError, match="is full") as error:
        grown(writer, 50)
    assert complete(error.value)
    acknowledged = journal.events()
    assert 1 < len(acknowledged) < 51
    connection.execute(f"PRAGMA max_page_count = {pages + 100}")
    writer.append(EventKind.RUN_FINISHED)
    rows = [event.row() for event in journal.events()]
    assert rows[:-1] == [event.row() for event in acknowledged]
    assert verify_chain(rows) == Verified(len(acknowledged) + 1, rows[-1][-1])


def test_a_disk_that_takes_no_more_bytes_loses_nothing(path):
    script = """
import resource, sys
from pathlib import Path
from responder.errors import UnavailableError
from responder.journal import EventKind, Holder, Journal
journal = Journal.open(Path(sys.argv[1]))
writer = journal.begin("r1", Holder.current(), {})
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    for attempt in range(1, 1000):
        writer.append(EventKind.STEP_RETRIED, step="s", attempt=attempt, data={"text": "." * 2000})
        print(attempt)
except UnavailableError as error:
    print(error.what)
"""
    argv = [sys.executable, "-c", script, str(path)]
    said = subprocess.run(
        argv, capture_output=True, text=True, check=True, env=journal_child.environ()
    ).stdout.splitlines()
    assert said[-1].startswith(f"The disk that holds the journal {path} does not work, or may take no larger")
    with Journal.open(path) as journal:
        assert len(journal.events()) == len(said)
        assert isinstance(verify_chain(event.row() for event in journal.events()), Verified)


def test_a_journal_that_another_process_keeps_locked_is_given_up_after_a_while(path, holder, monkeypatch):
    monkeypatch.setattr("responder.journal.database.BUSY_SECONDS", 0.2)
    Journal.open(path).close()
    argv = [sys.executable, journal_child.__file__, "hold", str(path)]
    with (
        subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=journal_child.environ()
        ) as other,
        Journal.open(path) as journal,
    ):
        assert other.stdout.readline() == "ready\n"
        with pytest.raises(UnavailableError, match=r"has kept the journal .* locked") as error:
            journal.begin("r1", holder, {})
        assert complete(error.value)
        assert "--home FOLDER" in error.value.next_step
        if Path("/proc/locks").exists():
            assert f"process {other.pid} (" in error.value.what
            assert f"process {os.getpid()} " not in error.value.what
        other.communicate("go\n", timeout=60)
        journal.begin("r1", holder, {})
