"""A record that is empty, gone or overwritten is never taken for a sound one, and is in no incident's way."""

import shutil

import pytest
from click.testing import CliRunner
from intruder import respond, rows_of, write_export, write_journal
from played import Clock, play

from responder.cli import cli
from responder.errors import Exit, InputError, TamperedError
from responder.journal import Journal
from responder.journal.checkpoint import folder_of, keep, sign


@pytest.fixture
def signed(path, signer, holder):
    """A journal of a run, with a checkpoint beside it."""
    with Journal.open(path, clock=Clock()) as journal:
        play(journal, "r1", holder)
        keep(folder_of(path), *sign(journal, signer))
    return path


def test_a_journal_without_events_is_nothing_to_verify(path, signer):
    Journal.open(path).close()
    result = respond("verify")
    assert isinstance(result.exception, InputError)
    assert "there is nothing to verify" in result.exception.what
    assert "unbroken" not in result.output


def test_an_export_without_events_is_nothing_to_verify(tmp_path, signer):
    exported = tmp_path / "events.jsonl"
    exported.touch()
    result = respond("verify", "--export", exported)
    assert isinstance(result.exception, InputError)
    assert "there is nothing to verify" in result.exception.what


@pytest.mark.parametrize("form", ["journal", "export"])
def test_one_whose_events_were_all_removed_with_care_is_found_by_what_was_kept_elsewhere(
    signed, tmp_path, form
):
    """And where nothing was, it is at least not sound."""
    given = tmp_path / "given-earlier.note"
    shutil.copy(folder_of(signed) / "000000000005.note", given)
    head = rows_of(signed)[-1][-1]
    shutil.rmtree(folder_of(signed))
    file = signed if form == "journal" else tmp_path / "events.jsonl"
    if form == "journal":
        write_journal(signed, [])
    else:
        write_export(file, [])
    asked = ("verify", f"--{form}", file)
    assert isinstance(respond(*asked).exception, InputError)
    for more in (("--checkpoint", given), ("--known", head)):
        found = respond(*asked, *more).exception
        assert isinstance(found, TamperedError)
        assert "first wrong at event 1" in found.what


OVERWRITTEN = {
    "garbage": lambda path: path.write_bytes(b"garbage " * 700),
    "zero bytes": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "nothing": lambda path: path.write_bytes(b""),
    "removed": lambda path: path.unlink(),
}


@pytest.mark.parametrize("how", OVERWRITTEN)
def test_a_journal_that_was_overwritten_or_removed_is_tampered_with(signed, how):
    OVERWRITTEN[how](signed)
    found = respond("verify").exception
    assert isinstance(found, TamperedError)
    assert "first wrong at event 1" in found.what
    assert found.exit_code == Exit.TAMPERED


@pytest.mark.parametrize("how", OVERWRITTEN)
@pytest.mark.parametrize("command", [("runs",), ("audit", "log"), ("resume", "r1")])
def test_every_other_command_says_what_there_is_and_how_to_contain_now(signed, how, command):
    OVERWRITTEN[how](signed)
    before = signed.read_bytes() if signed.exists() else None
    refused = CliRunner().invoke(cli, command, standalone_mode=False).exception
    assert refused.exit_code in {Exit.INPUT, Exit.TAMPERED}
    assert "can be shown or resumed" in refused.state
    assert "respond --home FOLDER leak" in refused.next_step
    assert (signed.read_bytes() if signed.exists() else None) == before


@pytest.mark.parametrize("how", ["nothing", "removed"])
def test_no_new_journal_is_begun_where_checkpoints_tell_of_an_old_one(signed, how, holder):
    OVERWRITTEN[how](signed)
    with pytest.raises(TamperedError, match="there was a journal") as refused:
        Journal.open(signed)
    assert str(folder_of(signed)) in refused.value.next_step
    folder_of(signed).rename(signed.parent.parent / "kept")
    with Journal.open(signed) as anew:
        anew.begin("r2", holder, {})
