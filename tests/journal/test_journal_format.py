"""What a journal of today has written, every later version must read: words and numbers that never change."""

import base64
import hashlib
from pathlib import Path

import pytest

from responder.engine import step
from responder.engine.undo import NotUndoneError
from responder.errors import RespondError
from responder.journal import (
    Broken,
    EventKind,
    Flaw,
    Seals,
    SecondRunError,
    TakenOverError,
    exported,
    verify_chain,
)
from responder.journal.checkpoint import folder_of
from responder.journal.events import GENESIS, canonical, parse
from responder.journal.note import ForgedNoteError, NoteError
from responder.journal.written import is_canonical, preimage
from responder.secret import Secret


def test_the_kinds_of_events_are_written_as_they_always_were():
    assert {kind.value for kind in EventKind} == {
        *("run.started", "run.resumed", "run.undoing", "run.finished", "run.shredded"),
        *("step.intended", "step.applied", "step.retried", "step.succeeded", "step.failed", "step.parked"),
        *("step.skipped", "step.checked", "step.undo_intended", "step.undone", "step.undo_failed"),
        *("credential.seen", "history.scanned", "control.taken"),
    }


def test_the_codes_that_events_and_machines_are_told_are_as_they_always_were():
    codes = {
        step.UndecidedError: "undecided",
        step.ChangedError: "changed",
        step.UnprovenError: "unproven",
        step.ContestedError: "contested",
        NotUndoneError: "not-undone",
        NoteError: "note",
        ForgedNoteError: "forged-note",
        TakenOverError: "taken-over",
        SecondRunError: "refused",
    }
    assert {kind.code for kind in codes} == set(codes.values())
    assert all(issubclass(kind, RespondError) and kind.code == code for kind, code in codes.items())


@pytest.mark.parametrize("number", ["9007199254740991", "-9007199254740991", "0", "-1"])
def test_a_number_that_json_has_exactly_stays_a_whole_one(number):
    assert parse(number) == int(number)
    assert isinstance(parse(number), int)
    assert canonical(parse(number), "it") == number


@pytest.mark.parametrize("number", ["9007199254740992", "-9007199254740993", "1" + "0" * 22])
def test_a_number_that_json_has_not_exactly_is_what_every_other_reader_takes_it_for(number):
    assert isinstance(parse(number), float)
    assert parse(canonical(parse(number), "it")) == float(number)


@pytest.mark.parametrize(
    ("text", "canonical_as_it_is"),
    [
        ('{"a":9007199254740991}', True),
        ('{"a":9007199254740992}', True),
        ('{"a":9007199254740993}', False),  # rounded by every reader
        ('{"a":1.0}', False),
        ('{"a":0.5}', True),
        ('{"a":1e400}', False),
        ('{"a": 1}', False),
        ('{"b":1,"a":1}', False),
        ('{"a":1,"a":1}', False),
        ('{"a":"\\u00e9"}', False),
    ],
)
def test_a_value_has_one_written_form(text, canonical_as_it_is):
    assert is_canonical(text) is canonical_as_it_is


def test_what_was_sealed_once_opens_with_the_same_key_for_ever(journal):
    """Made by the first version that sealed."""
    row = ("r1", "sha256:53214e9afaac", WRAPPED)
    with journal.database.transaction() as connection:
        connection.execute("INSERT INTO data_keys (run, master, wrapped) VALUES (?, ?, ?)", row)
    seals = Seals(journal, Secret(base64.b64encode(b"m" * 32).decode()))
    sealed = {"sealed": SEALED, "fingerprint": "sha256:f7702a3c1d40"}
    assert seals.open("r1", "create_key/1/secret", sealed).reveal() == "canary-sealed-in-2026"


WRAPPED = "n+1FlLgTFFOAi+Ai0J7Nr8Xv57R/CmsOHfHL+nHsWgGkmPV3c/1Cou53+pUxe6wI+RVG4yUafnitHdlfJv0GxIl2LZn8xiSk"
SEALED = "g2VV1wIAKdaqmvRMrL0oQRKYwKU5eBr1/5D67RanMO2nQao+myKQHoAS8Ws+zMzcC1KG0OGBuuBLkDv8cg=="


def test_checkpoints_lie_where_they_always_lay():
    assert folder_of(Path("home/journal.db")) == Path("home/checkpoints")


@pytest.mark.parametrize(
    ("field", "value"),
    [(3, 2**53), (1, "half \ud800"), (5, "2026-13-31T03:00:00.000000Z"), (5, "2026-01-31T03:00:00Z")],
)
def test_an_event_that_no_version_could_have_written_is_found_whatever_its_hash(field, value):
    bare = [1, "r1", "s", 1, "step.retried", "2026-01-31T03:00:00.000000Z", "{}", GENESIS]
    bare[field] = value
    digest = "0" * 64 if field == 1 else hashlib.sha256(preimage(*bare)).hexdigest()
    found = verify_chain([(*bare, digest)])
    assert isinstance(found, Broken)
    assert (found.seq, found.flaw) == (1, Flaw.EDITED)


@pytest.mark.parametrize(
    "line", [b"\xff\xfe\n", b'{"at": "\xff"}\n', b"[]\n", b"{}\n", b"[" * 100_000 + b"\n"]
)
def test_a_line_of_an_export_that_is_no_event_is_a_finding_and_no_failure(tmp_path, line):
    (tmp_path / "export.jsonl").write_bytes(line)
    found = exported.verify(tmp_path / "export.jsonl").chain
    assert (found.seq, found.flaw) == (1, Flaw.EDITED)
