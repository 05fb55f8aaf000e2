"""A run in a few lines, on the screen and for machines."""

import json
import shlex

import pytest
from rich.console import Console
from tale import KEY_ID, exposure

from responder.cli.end_screen import end_screen
from responder.cli.live import LiveScreen, PlainScreen
from responder.cli.playing import exit_code
from responder.cli.run_screen import run_screen
from responder.cli.runs import summary_json
from responder.engine import RunState, fold
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


def undo(tale, step, at, by, why="iam:ListAccessKeys: AKIA is Active"):
    """A step finds that what another had proven is so no more, and does it again."""
    data = {"action": "x", "input": {}, "digest": "d", "seen": {}, "undone": {"step": by, "why": why}}
    tale._add(EventKind.STEP_INTENDED, step, at, 1, data)  # a line of the tale
    done = {"action": "x", "output": {}, "evidence": "it is Inactive", "applied": True}
    return tale._add(EventKind.STEP_SUCCEEDED, step, at + 0.5, 1, done)


def told(tale):
    return " ".join(" ".join(screen(tale)).split())


def test_an_intruder_who_undid_containment_is_told_first_of_all_and_what_to_do_against_them(tale):
    tale.begin().proves("deactivate_key[s3]", 0.6)
    undo(tale, "recheck_key[s3]", 11, "deactivate_key[s3]")
    rest = (
        "deny_sessions[s3]",
        "delete_user[ci]",
        "create_key[s3]",
        "update_secret[prod/app]",
        "redeploy[web]",
    )
    for number, step in enumerate((*rest, "verify[web]")):
        tale.proves(step, 12.0 + number)
    tale.ends(22.0)
    assert screen(tale)[0].startswith("UNDONE")
    assert (
        "Somebody undid: Deactivate the key (s3). Seen at 2026-01-31 03:00:41 UTC: iam:ListAccessKeys: AKIA "
        "is Active. It is contained again." in told(tale)
    )
    assert "THE INTRUDER IS ACTIVE" in told(tale)
    assert summary_of(tale).next_command == "respond watch r1 --for 36h"
    assert exit_code(summary_of(tale)) == Exit.DONE  # it is contained, for all that is proven
    console = Console(width=300)
    with console.capture() as shown:
        console.print(run_screen(fold(tale.run, tale.journal.events(tale.run))))
    assert "Somebody undid what was contained, seen at 03:00:41 UTC" in shown.get()


def test_where_nobody_undid_anything_no_intruder_is_claimed(tale):
    tale.begin().goes_well()
    tale.looks("deactivate_key[s3]", 60, "held")
    assert summary_of(tale).reopened == ()
    assert "INTRUDER" not in told(tale)


def test_what_a_watch_found_undone_counts_too(tale):
    tale.begin().goes_well()
    for number, result in enumerate(("re-applied", "held", "re-applied"), 1):
        tale.looks("deactivate_key[s3]", 60 * number, result, attempt=number)
    assert "Somebody undid: Deactivate the key (s3). Seen 2 times, last at 2026-01-31 03:03:30 UTC" in told(
        tale
    )
    assert summary_of(tale).outcome == "succeeded"
    assert json.loads(json.dumps(summary_json(summary_of(tale))))["reopened"][0]["times"] == 2


def test_what_a_watch_lost_is_not_contained_any_more_whatever_the_run_ended_with(tale):
    tale.begin().goes_well()
    tale.looks("deactivate_key[s3]", 60, "lost")
    summary = summary_of(tale)
    assert (summary.outcome, exit_code(summary)) == ("not contained", Exit.INCOMPLETE)
    assert "IT IS NOT CONTAINED AGAIN" in told(tale)
    assert "s3 NOT CONTAINED" in told(tale)
    assert summary.next_command == "respond watch r1 --for 36h"
    tale.looks("deactivate_key[s3]", 120, "held", attempt=2)
    assert summary_of(tale).outcome == "succeeded"
    assert "It is contained again." in told(tale)


@pytest.mark.parametrize("made", [PlainScreen, LiveScreen])
def test_whoever_watches_the_run_is_told_at_once(tale, made):
    tale.begin().proves("deactivate_key[s3]", 0.6)
    undo(tale, "recheck_key[s3]", 11, "deactivate_key[s3]")
    console = Console(width=300, force_terminal=made is LiveScreen)
    with console.capture() as shown, made(console) as watching:
        watching.begin(RunState(tale.run))
        for event in tale.journal.events(tale.run)[:-1]:  # before it was done again
            watching.event(event)
    assert "omebody undid what was contained" in shown.get()
    assert "AKIA is Active" in shown.get()
