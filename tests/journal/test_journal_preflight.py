"""Whether a journal will do, asked before an incident; nothing of the asking is left in it."""

import base64
import sqlite3

import keyring
import pytest
from keyring.backends.null import Keyring as NullKeyring

from responder.errors import UnavailableError
from responder.journal import EventKind, Journal
from responder.journal.keys import SEAL_KEY, master_key
from responder.journal.preflight import _write_and_take_back as write_and_take_back
from responder.journal.preflight import journal as examine
from responder.journal.preflight import seal_key

GIVEN = base64.b64encode(b"g" * 32).decode()


def changed(path, *statements):
    with sqlite3.connect(path) as intruder:
        for statement in statements:
            intruder.execute(statement)
    intruder.close()


def test_a_whole_journal_is_fine_and_is_left_as_it_was(journal, writer, path):
    writer.append(EventKind.STEP_INTENDED, step="s", attempt=1)
    tables = "SELECT name, sql FROM sqlite_master ORDER BY name"
    before = journal.database.rows(tables), journal.events()
    assert [(one.level, one.what) for one in examine(path)] == [
        ("ok", f"The journal {path} can be written."),
        ("ok", "Its 2 events are unbroken."),
    ]
    assert (journal.database.rows(tables), journal.events()) == before


def test_an_event_that_was_edited_fails_and_is_named(path, writer):
    guard = "CREATE TRIGGER events_never_change BEFORE UPDATE ON events\n"
    guard += "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
    changed(path, "DROP TRIGGER events_never_change", "UPDATE events SET step = 'x'", guard)
    written, whole = examine(path)
    assert (written.level, whole.level) == ("ok", "failed")
    assert whole.what.startswith("Event 1 of the journal is not what was written: ")
    assert "respond audit verify" in whole.mend


def test_a_guard_that_is_gone_fails(path, writer):
    changed(path, "DROP TRIGGER events_never_go")
    _, guarded = examine(path)
    assert guarded.level == "failed"
    assert "trigger events_never_go is missing" in guarded.what


def test_a_place_that_cannot_be_written_is_an_error_that_says_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UnavailableError, match="cannot be written"):
        list(examine(tmp_path / "file" / "journal.db"))


@pytest.mark.usefixtures("writer")
def test_a_disk_that_takes_no_more_is_found_out(journal):
    with journal.database.transaction() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(UnavailableError, match="is full"):
        write_and_take_back(journal)
    connection.execute(f"PRAGMA max_page_count = {pages + 9}")
    write_and_take_back(journal)
    assert len(journal.events()) == 1


@pytest.mark.parametrize("given", [True, False])
def test_where_the_seal_key_comes_from_is_told(tmp_path, given):
    before = keyring.get_keyring()
    keyring.set_keyring(NullKeyring())
    try:
        environ = {"RESPOND_SEAL_KEY": GIVEN} if given else {}
        master_key(tmp_path, environ)
        [told] = seal_key(tmp_path, environ)
    finally:
        keyring.set_keyring(before)
    assert told.level == "ok"
    assert ("RESPOND_SEAL_KEY" in told.what, str(SEAL_KEY.path(tmp_path)) in told.what) == (given, not given)
    assert GIVEN not in told.what


def test_a_journal_that_is_not_there_is_made(path):
    assert [one.level for one in examine(path)] == ["ok", "ok"]
    with Journal.open(path, read_only=True) as made:
        assert made.events() == []
