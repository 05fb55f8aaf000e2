"""Every way in which a record can be tampered with, one named case each, in a journal and in an export of it.

The journal holds three runs of five events. Checkpoints were signed after the second run and after the third.
What the file's own hashes cannot show, the checkpoints do; where those are gone too, one kept elsewhere does.
"""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from intruder import (
    AT,
    DATA,
    HASH,
    KIND,
    PREV,
    RUN,
    changed,
    rechained,
    respond,
    rows_of,
    write_export,
    write_journal,
)
from played import Clock, play

from responder.errors import TamperedError, UnavailableError
from responder.journal import Journal
from responder.journal.checkpoint import Checkpoint, folder_of, keep, sign
from responder.journal.note import Signer

EVE = Signer.fresh("respond/ada@laptop", b"e" * 32)


@dataclass
class Evidence:
    """A file as an auditor gets it, checkpoints beside it, and the public key that they noted down."""

    journal: Path
    form: str
    key: str
    rows: list
    kept: Path = field(init=False)  # a checkpoint that the auditor was given earlier
    exported: Path = field(init=False)

    def __post_init__(self):
        self.kept = self.journal.parent.parent / "given-earlier.note"
        self.exported = self.journal.with_name("events.jsonl")
        self.write(self.rows)

    @property
    def checkpoints(self):
        return folder_of(self.journal)

    def write(self, rows):
        if self.form == "journal":
            write_journal(self.journal, rows)
        else:
            write_export(self.exported, rows)

    def verify(self, *more):
        file = self.journal if self.form == "journal" else self.exported
        return respond("verify", f"--{self.form}", file, "--key", self.key, *more)

    def found(self, rows, *more):
        """What the verification of these rows says is wrong, and first where."""
        self.write(rows)
        return self.tampered(*more)

    def tampered(self, *more):
        result = self.verify(*more)
        assert isinstance(result.exception, TamperedError), result.output
        return result.exception.what.partition(": ")[2]


@pytest.fixture
def journal(path, signer, holder):
    with Journal.open(path, clock=Clock()) as journal:
        for run in ("r1", "r2", "r3"):
            play(journal, run, holder)
            if run != "r1":
                keep(folder_of(path), *sign(journal, signer))
    return path


@pytest.fixture(params=["journal", "export"])
def evidence(request, journal, signer):
    made = Evidence(journal, request.param, str(signer.verifier), rows_of(journal))
    made.kept.write_bytes((made.checkpoints / "000000000015.note").read_bytes())
    return made


def test_what_nobody_touched_verifies_and_is_vouched_for_to_its_end(evidence):
    result = evidence.verify()
    assert result.exception is None
    assert "15 events, unbroken" in result.output
    assert "up to event 15 by 2 checkpoints signed by respond/ada@laptop" in result.output


@pytest.mark.parametrize("column", range(1, 9))
def test_a_byte_changed_in_any_column(evidence, column):
    row = evidence.rows[6]
    values = {
        3: 2,
        KIND: "step.failed",
        AT: row[AT].replace("3", "4", 1),
        DATA: row[DATA].replace('"u"', '"v"', 1),
    }
    value = values.get(column) or f"{row[column][:-1]}~"
    assert value != row[column]
    why = evidence.found([*evidence.rows[:6], changed(row, column, value), *evidence.rows[7:]])
    assert why.startswith("first wrong at event 7: event 7 ")


def test_a_byte_changed_in_the_number(evidence):
    why = evidence.found([*evidence.rows[:6], changed(evidence.rows[6], 0, 99), *evidence.rows[7:]])
    assert why.startswith("first wrong at event 7: event")
    assert "missing" in why


def test_an_event_deleted(evidence):
    why = evidence.found([*evidence.rows[:6], *evidence.rows[7:]])
    assert why == "first wrong at event 7: event 7 is missing."


def test_an_event_deleted_and_the_rest_renumbered(evidence):
    left = [(seq, *row[1:]) for seq, row in enumerate([*evidence.rows[:6], *evidence.rows[7:]], start=1)]
    assert evidence.found(left).startswith("first wrong at event 7: event 7 is not the one")


def test_an_event_inserted(evidence):
    forged = rechained([*evidence.rows[:6], changed(evidence.rows[6], 3, 9)])[6]
    rest = [(row[0] + 1, *row[1:]) for row in evidence.rows[6:]]
    forged = changed(forged, PREV, "f" * 64)  # the file itself has no room for two that follow one
    assert evidence.found([*evidence.rows[:6], forged, *rest]).startswith("first wrong at event 7: event 7 ")


def test_two_events_swapped(evidence):
    first, second = evidence.rows[6], evidence.rows[7]
    swapped = [changed(second, 0, 7), changed(first, 0, 8)]
    why = evidence.found([*evidence.rows[:6], *swapped, *evidence.rows[8:]])
    assert why.startswith("first wrong at event 7: event 7 is not the one that was written here")


def test_the_tail_cut_is_found_by_the_checkpoint_beside_it(evidence):
    why = evidence.found(evidence.rows[:12])
    assert why.startswith("first wrong at event 13: the journal ends at event 12, and ")
    assert why.endswith("tells of 15 events.")


def test_the_tail_cut_with_its_checkpoint_is_found_by_one_kept_elsewhere(evidence):
    (evidence.checkpoints / "000000000015.note").unlink()
    evidence.write(evidence.rows[:12])
    assert evidence.verify().exception is None
    assert "ends at event 12" in evidence.tampered("--checkpoint", evidence.kept)
    assert "is not there" in evidence.tampered("--known", evidence.rows[-1][HASH])


def test_a_tail_cut_with_all_checkpoints_is_at_least_not_vouched_for(evidence):
    shutil.rmtree(evidence.checkpoints)
    evidence.write(evidence.rows[:12])
    result = evidence.verify()
    assert isinstance(result.exception, UnavailableError)
    assert "no checkpoint of it was found that the key signed" in result.exception.what


@pytest.mark.parametrize("run", ["r1", "r2", "r3"])
def test_a_whole_run_removed_and_the_chain_computed_anew(evidence, run):
    why = evidence.found(rechained([row for row in evidence.rows if row[RUN] != run]))
    first = {"r1": 1, "r2": 1, "r3": 11}[run]
    assert why.startswith(f"first wrong at event {first}: ")


def test_the_chain_computed_anew_from_an_edited_event_on_is_found_by_the_signature(evidence):
    edited = changed(evidence.rows[11], DATA, evidence.rows[11][DATA].replace("u", "v"))
    why = evidence.found(rechained([*evidence.rows[:11], edited, *evidence.rows[12:]], 11))
    assert why.startswith("first wrong at event 11: event 15 is not the one that ")
    assert "written anew from an event between 11 and 15 on" in why


def test_the_chain_computed_anew_and_signed_by_another_key_of_the_same_name(evidence):
    forged = rechained([changed(evidence.rows[0], RUN, "r0"), *evidence.rows[1:]])
    evidence.write(forged)
    shutil.rmtree(evidence.checkpoints)
    made = Checkpoint(f"respond/{forged[0][HASH][:16]}", 15, forged[-1][HASH])
    keep(evidence.checkpoints, made, EVE.sign(made.text))
    assert "is not signed by respond/ada@laptop" in evidence.tampered()
    assert "begins with another event" in evidence.tampered("--checkpoint", evidence.kept)


def test_a_checkpoint_replaced_by_an_older_one(evidence):
    older = (evidence.checkpoints / "000000000010.note").read_bytes()
    (evidence.checkpoints / "000000000015.note").write_bytes(older)
    assert "It is of 10 events, and its name says 15" in evidence.tampered()


def test_a_checkpoint_replaced_by_one_of_another_text(evidence):
    note = evidence.checkpoints / "000000000015.note"
    note.write_text(note.read_text().replace("\n15\n", "\n14\n"))
    assert "is not over this text" in evidence.tampered()


def test_a_checkpoint_replaced_by_one_of_another_key(evidence):
    made = Checkpoint(f"respond/{evidence.rows[0][HASH][:16]}", 15, evidence.rows[-1][HASH])
    (evidence.checkpoints / "000000000015.note").write_text(EVE.sign(made.text))
    assert "is not signed by respond/ada@laptop" in evidence.tampered()


def test_a_checkpoint_replaced_by_something_else(evidence):
    (evidence.checkpoints / "000000000015.note").write_text("All is well.\n")
    assert "This is no signed note" in evidence.tampered()


def test_two_journals_spliced(evidence, tmp_path, holder):
    other = tmp_path / "other.db"
    with Journal.open(other, clock=Clock()) as journal:
        for run in ("q1", "q2", "q3"):
            play(journal, run, holder)
    theirs = rows_of(other)
    why = evidence.found([*evidence.rows[:5], *theirs[5:]])
    assert why.startswith("first wrong at event 6: event 6 follows another event than the one before it")
    assert "first wrong at event 1: " in evidence.found(theirs)
    anew = evidence.found(rechained([*evidence.rows[:5], *theirs[5:]], 5))
    assert "event 10 is not the one that" in anew


def test_a_duplicated_sequence_number(evidence):
    twice = [*evidence.rows[:7], *evidence.rows[6:]]
    if evidence.form == "export":
        assert "there are two events with the number 7" in evidence.found(twice)
        return
    with closing(sqlite3.connect(evidence.journal, isolation_level=None)) as intruder:
        intruder.execute("DROP TABLE events")  # ours does not take such rows
        intruder.execute("CREATE TABLE events (seq, run, step, attempt, kind, at, data, prev, hash)")
        intruder.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", twice)
    assert "the table of the events is not ours" in evidence.tampered()


@pytest.mark.parametrize("guard", ["events_never_change", "events_never_go", "events_follow"])
def test_the_triggers_dropped(journal, signer, guard):
    with closing(sqlite3.connect(journal)) as intruder:
        intruder.execute(f"DROP TRIGGER {guard}")
    result = respond("verify", "--journal", journal, "--key", signer.verifier)
    assert isinstance(result.exception, TamperedError)
    assert f"trigger {guard} is missing" in result.output


def test_an_index_that_hides_a_run_from_whoever_asks_for_it(journal, signer):
    """Nothing of the events is changed, but other commands would find them no more."""
    with closing(sqlite3.connect(journal)) as reader:
        reader.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = reader.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_events_3'"
        ).fetchone()
    size = 4096
    raw = bytearray(journal.read_bytes())
    of_index = slice((page - 1) * size, page * size)
    raw[of_index] = raw[of_index].replace(b"r3", b"r9")
    journal.write_bytes(raw)
    with Journal.open(journal, read_only=True) as opened:
        assert (len(opened.events()), opened.events("r3")) == (15, [])
    result = respond("verify", "--journal", journal, "--key", signer.verifier)
    assert isinstance(result.exception, TamperedError)
    assert "its indexes are not those of its events" in result.exception.what


def test_a_clock_running_backwards(path, signer, holder):
    clock = Clock()
    with Journal.open(path, clock=clock) as journal:
        play(journal, "r1", holder)
        clock.now -= timedelta(hours=2)
        play(journal, "r2", holder)
        keep(folder_of(path), *sign(journal, signer))
    result = respond("verify", "--journal", path, "--key", signer.verifier)
    assert isinstance(result.exception, TamperedError)
    assert "event 6 is dated 7199 s before the event that it follows" in result.exception.what
    assert "10 events are unbroken" in result.exception.state


def test_clocks_that_differ_by_seconds_accuse_nobody(path, signer, holder):
    clock = Clock()
    with Journal.open(path, clock=clock) as journal:
        play(journal, "r1", holder)
        clock.now -= timedelta(seconds=4)
        play(journal, "r2", holder)
    assert respond("verify").exception is None


def test_a_line_of_an_export_in_another_form(journal, signer, tmp_path):
    rows = rows_of(journal)
    for form in ('{"seq":1', '{"seq":1,"seq":1', "null", "", '{"hash":[]}', "{" * 5000):
        exported = tmp_path / "e.jsonl"
        write_export(exported, rows)
        lines = exported.read_text().splitlines()
        lines[6] = lines[6].replace(",", ", ", 1) if form == "" else form
        exported.write_text("\n".join(lines) + "\n")
        result = respond("verify", "--export", exported)
        assert isinstance(result.exception, TamperedError)
        assert "first wrong at event 7" in result.exception.what


def test_an_export_that_ends_within_a_line(journal, signer, tmp_path):
    exported = tmp_path / "e.jsonl"
    write_export(exported, rows_of(journal))
    exported.write_bytes(exported.read_bytes()[:-2])
    assert "first wrong at event 15" in respond("verify", "--export", exported).exception.what
