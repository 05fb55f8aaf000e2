"""The key and the checkpoints of this machine."""

import pytest
from intruder import rechained, respond, rows_of, write_journal
from played import Clock, play

from responder.errors import InputError, TamperedError
from responder.journal import EventKind, Journal, Seals
from responder.journal.checkpoint import Checkpoint, folder_of
from responder.journal.note import Note, Verifier
from responder.secret import Secret


@pytest.fixture
def journal(path, signer, holder):
    with Journal.open(path, clock=Clock()) as journal:
        play(journal, "r1", holder)
    return path


@pytest.fixture
def keyless(monkeypatch, tmp_path):
    """A machine without a key and without a keyring."""
    monkeypatch.delenv("RESPOND_AUDIT_KEY", raising=False)
    monkeypatch.setenv("RESPOND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setattr("responder.journal.keys._PATIENCE", 0.0)  # the process's own keyring may be another
    return tmp_path / "home" / "keys" / "audit.key"


def test_a_key_is_made_once_for_this_user_alone_and_its_public_half_printed(keyless):
    printed = respond("key").output
    assert respond("key").output == printed
    assert Verifier.parse(printed).name.startswith("respond/")
    assert keyless.stat().st_mode & 0o777 == 0o600
    assert keyless.read_text().startswith("PRIVATE+KEY+respond/")


def test_to_verify_makes_no_key(path, holder, keyless):
    with Journal.open(path, clock=Clock()) as journal:
        play(journal, "r1", holder)
    assert respond("verify").exception is None
    assert not keyless.exists()


def test_a_checkpoint_is_printed_and_kept_and_says_what_the_journal_holds(journal, signer):
    printed = respond("checkpoint").output
    (kept,) = folder_of(journal).iterdir()
    assert kept.read_text() == printed
    note = Note.parse(printed)
    assert note.signed_by(signer.verifier)
    rows = rows_of(journal)
    assert Checkpoint.parse(note.text) == Checkpoint(f"respond/{rows[0][-1][:16]}", 5, rows[-1][-1])
    assert respond("checkpoint").output == printed


def test_what_was_written_after_the_last_checkpoint_is_said_to_be_vouched_for_by_nobody(journal, holder):
    respond("checkpoint")
    with Journal.open(journal, clock=Clock()) as opened:
        play(opened, "r2", holder)
    output = respond("verify").output
    assert "Vouched for up to event 5" in output
    assert "Nothing outside vouches for the 5 events after it" in output


def test_an_empty_journal_has_nothing_to_sign(path, signer):
    Journal.open(path).close()
    assert isinstance(respond("checkpoint").exception, InputError)


def test_no_checkpoint_is_signed_that_disagrees_with_an_earlier_one(journal, holder):
    respond("checkpoint")
    write_journal(journal, rechained(rows_of(journal)[1:]))
    with Journal.open(journal, clock=Clock()) as opened:
        play(opened, "r2", holder)
    assert isinstance(respond("checkpoint").exception, TamperedError)
    assert len(list(folder_of(journal).iterdir())) == 1


def test_without_a_key_checkpoints_still_show_what_was_cut_and_the_reader_is_told(journal):
    respond("checkpoint")
    whole = respond("verify", "--journal", journal)
    assert whole.exception is None
    assert "of whom is not known: give --key" in whole.output
    write_journal(journal, rows_of(journal)[:3])
    assert isinstance(respond("verify", "--journal", journal).exception, TamperedError)


def test_a_journal_and_an_export_at_once_are_refused(journal):
    assert isinstance(respond("verify", "--journal", journal, "--export", journal).exception, InputError)


def test_an_export_that_is_not_there_is_not_called_tampered(tmp_path, signer):
    assert isinstance(respond("verify", "--export", tmp_path / "none").exception, InputError)


def test_a_journal_verifies_after_its_secrets_were_shredded(path, signer, holder):
    with Journal.open(path, clock=Clock()) as journal:
        writer = journal.begin("r1", holder, {})
        seals = Seals(journal, Secret("c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U="))
        output = {"output": {"secret": seals.seal("r1", "s/1/secret", Secret("hunter2hunter2"))}}
        writer.append(EventKind.STEP_APPLIED, step="s", attempt=1, data=output)
        respond("checkpoint")
        seals.shred("r1")
    result = respond("verify", "--key", signer.verifier)
    assert result.exception is None
    assert "Vouched for up to event 2" in result.output
