"""What was noted down outside a journal, against what the journal holds while it is in use."""

import pytest

from responder.errors import TamperedError
from responder.journal import EventKind, Holder, Journal, Verified, verify_chain
from responder.journal import audit as module
from responder.journal.audit import verify
from responder.journal.chain import Mark, origin_of
from responder.journal.checkpoint import Checkpoint, folder_of, keep, sign
from responder.journal.note import NoteError, Signer
from responder.journal.vouching import Found, weigh
from responder.secret import Secret

ADA = Signer.fresh("respond/ada@laptop", b"a" * 32)
EVE = Signer.fresh("respond/eve@laptop", b"e" * 32)


@pytest.fixture
def grown(journal, writer):
    for attempt in range(1, 4):
        writer.append(EventKind.STEP_RETRIED, step="s", attempt=attempt)
    return journal


def test_a_note_of_no_events_at_all_accuses_nobody(grown):
    rows = [event.row() for event in grown.events()]
    marks = [Mark(0, "0" * 64, "a note"), Mark(2, rows[1][-1], "another")]
    assert verify_chain(rows, marks=marks) == Verified(4, rows[-1][-1])


def test_nothing_is_signed_where_an_earlier_checkpoint_of_the_same_journal_tells_of_another_event(grown):
    origin = origin_of(grown.events()[0].hash)
    false = Checkpoint(origin, 3, "f" * 64)
    keep(folder_of(grown.database.path), false, EVE.sign(false.text))
    with pytest.raises(TamperedError, match="event 3 of"):
        sign(grown, ADA)


def test_a_note_that_one_of_several_known_keys_signed_counts(grown):
    checkpoint, note = sign(grown, ADA)
    weighed = weigh([Found("a file", note)], [EVE.verifier, ADA.verifier])
    assert [mark.size for mark in weighed.marks] == [checkpoint.size]
    assert (weighed.wrong, weighed.signed) == ((), 1)
    [wrong] = weigh([Found("a file", note)], [EVE.verifier]).wrong
    assert "not signed by respond/eve@laptop" in wrong


def test_a_journal_that_grows_while_it_is_verified_is_not_called_cut(grown, path, monkeypatch):
    real = module.verify_chain

    def and_then_grows(*rows):
        found = real(*rows)
        with Journal.open(path) as other:
            other.begin("r2", Holder.current(), {})
        return found

    monkeypatch.setattr(module, "verify_chain", and_then_grows)
    found = verify(path)
    assert found.sound
    assert found.chain.events == 4
    assert len(grown.events()) == 5


@pytest.mark.parametrize("text", ["name", "PRIVATE+KEY+name", "PRIVATE+KEY+name+id"])
def test_half_a_private_key_is_said_to_be_none(text):
    with pytest.raises(NoteError, match="go on with three parts"):
        Signer.parse(Secret(text))


def test_a_text_that_ends_like_a_signature_is_not_signed(grown):
    _, note = sign(grown, EVE)
    text, _, signature = note.rpartition("\n\n")
    with pytest.raises(NoteError, match="ends a line"):
        ADA.sign(f"{text}\n\n{signature.rstrip()}")
