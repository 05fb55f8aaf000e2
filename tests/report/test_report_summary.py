"""A run in a few lines, on the screen and for machines."""

import shlex

import pytest
from rich.console import Console
from tale import KEY_ID, exposure

from responder.cli.playing import exit_code
from responder.cli.screen import end_screen
from responder.engine import fold
from responder.errors import Exit
from responder.journal import EventKind
from responder.report.incident import read_incident
from responder.report.integrity import read_chain
from responder.report.summary import summarise


def summary_of(tale):
    return summarise(fold(tale.run, tale.journal.events(tale.run)))


def screen(tale):
    console = Console(width=300)
    with console.capture() as shown:
        console.print(end_screen(summary_of(tale)))
    return [line.strip() for line in shown.get().splitlines()]


def test_what_went_wrong_is_told_with_its_mending_and_what_waits_is_a_number(tale):
    tale.begin().proves("deactivate_key[s3]", 0.6)
    tale.fails("deny_sessions[s3]", 2.0).fails("redeploy[web]", 3, "Needs a review", EventKind.STEP_PARKED)
    lines = screen(tale)
    first = next(number for number, line in enumerate(lines) if line.startswith("Not proven"))
    assert lines[first].endswith("Deny the sessions (s3): AccessDenied. Allow it.")
    assert lines[first + 1] == "Redeploy (web): Needs a review. Allow it."
    assert lines[first + 2] == "and 5 more that wait for these"
    assert len(summary_of(tale).still_open) == 7


def test_where_nothing_went_wrong_the_steps_that_had_no_turn_are_a_number(tale):
    tale.begin().proves("deactivate_key[s3]", 0.6)
    assert "Not proven  7 steps not reached yet" in screen(tale)


def test_no_step_waits_for_a_credential_that_nobody_identified(tale):
    tale.begin(exposed=exposure(unidentified=True)).proves("deactivate_key[s3]", 0.6)
    assert "7 steps not reached yet" in screen(tale)


def test_a_run_that_went_well_leaves_nothing_open(tale):
    summary = summary_of(tale.begin().goes_well())
    assert (summary.outcome, summary.contained, exit_code(summary)) == ("succeeded", True, Exit.DONE)
    assert "Not proven  nothing is open" in screen(tale)


@pytest.fixture
def alive(tale):
    """All its steps went well, and there was none for a token that nobody identified."""
    return tale.begin(exposed=exposure(unidentified=True)).goes_well()


def test_a_run_that_left_something_alive_is_no_success(alive):
    summary = summary_of(alive)
    assert (summary.outcome, exit_code(summary)) == ("not contained", Exit.INCOMPLETE)
    incident = read_incident(alive.journal, alive.run, read_chain(alive.path))
    assert incident.state == "Not contained"
    assert incident.summary[2].startswith("The run is over, and not all that leaked is contained")


def test_what_is_alive_is_told_to_the_same_file_where_it_is_still_there(alive, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert summary_of(alive).next_command == "respond leak"
    (tmp_path / "prod.env").touch()
    assert summary_of(alive).next_command == "respond leak --file prod.env"


def test_what_is_alive_is_named_where_its_file_is_gone(tale, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tale.begin(exposed=exposure(unidentified=True), credential="s4").goes_well()
    assert shlex.split(summary_of(tale).next_command) == ["respond", "leak", KEY_ID]
