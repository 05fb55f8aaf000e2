"""Hundreds of steps are told in few lines, and what needs a person's eye is never among what is left out."""

from datetime import UTC, datetime

import pytest
from rich.console import Console

from responder.action import Actions, Plan
from responder.breach import Stock
from responder.cli.breach import _tell
from responder.cli.end_screen import end_screen
from responder.cli.plan_screen import plan_screen
from responder.cli.run_screen import run_screen
from responder.engine import PlannedStep
from responder.engine.plan import in_order
from responder.engine.state import RunState
from responder.exposure import Exposure, LeakedAccessKey
from responder.playbook import expand, load, read
from responder.playbook.expand import Setting
from responder.report.summary import CredentialReading, Open, Summary

NOW = datetime(2026, 1, 31, tzinfo=UTC)
MANY = 60


@pytest.fixture(scope="module")
def planned():
    keys = tuple(
        LeakedAccessKey(credential=f"key-{n}", known=True, identifier=f"AKIA{n}", user=f"user-{n}")
        for n in range(MANY)
    )
    leak = Exposure(source="the breach of GitHub", seen_at=NOW, access_keys=keys)
    playbook = load(*read("breach"), Actions())
    setting = Setting(leak, {"redeploy": "workflow", "delete_key": None}, "r1", NOW, "rotate-first")
    found = [
        PlannedStep(one, Plan(f"Do {one.id}")) for one in in_order(expand(playbook, setting)) if one.active
    ]
    odd = {"make_room[key-7]": "Say which goes.", "create_key[key-9]": ""}
    return [
        PlannedStep(one.instance, None, "There are two.", odd[one.instance.id])
        if one.instance.id in odd
        else one
        for one in found
    ]


def told(what, width=80):
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(what)
    return console.export_text()


@pytest.mark.parametrize("width", [80, 40])
def test_the_plan_counts_what_is_alike_in_the_order_of_its_phases_and_names_what_is_not_plain(planned, width):
    text = " ".join(told(plan_screen(planned, "rotate-first", "Stay up."), width).split())
    assert f"{MANY} x Create a fresh AWS key" in text
    assert text.index("rotate") < text.index("Deactivate an exposed AWS key") < text.index("retire")
    assert "(key-7) WAITS FOR A CHOICE" in text
    assert "Say which goes." in text
    assert "(key-9): could not look: There are two." in text
    assert len(told(plan_screen(planned, "rotate-first", "Stay up.")).splitlines()) < 40
    assert "Do delete_key[key-59]" not in text


def test_whoever_wants_it_sees_the_whole_plan(planned):
    text = told(plan_screen(planned, "rotate-first", "Stay up.", whole=True))
    assert "Do delete_key[key-59]" in text


def test_a_run_is_told_by_how_many_are_over_and_those_that_stopped_by_name(planned):
    steps = [
        {
            "id": i.id,
            "title": i.step.title,
            "label": getattr(i.item, "label", ""),
            "phase": i.step.phase,
            "active": True,
        }
        for i in (one.instance for one in planned)
    ]
    state = RunState("r1", {"steps": steps})
    for number in range(40):
        state.step(f"make_room[key-{number}]").status = "succeeded"
    state.step("make_room[key-41]").status = "parked"
    state.step("make_room[key-41]").why = "There are two."
    text = told(run_screen(state))
    assert f"40 of {MANY}" in text
    assert "Make room for a fresh AWS key (key-41)" in text
    assert "There are two." in text
    assert len(text.splitlines()) < 40
    assert len(told(run_screen(state, evidence=True)).splitlines()) > MANY, "`respond show` has them all"


def test_of_hundreds_that_no_inventory_knows_some_are_told_before_and_all_at_the_end(capsys):
    unknown = tuple(f"Modal Secret prod/of-{number}: KEY." for number in range(MANY))
    _tell(Stock((), (), (), unknown), dry_run=False)
    said = capsys.readouterr().out
    assert "prod/of-0: KEY." in said
    assert "and 40 more, which are told at the end" in said
    made = Summary("r1", "the breach of Modal", NOW, 1.0, 9.0, "succeeded", (), (), (), by_hand=unknown)
    assert f"{MANY}. Modal Secret prod/of-{MANY - 1}: KEY." in told(end_screen(made))


def test_the_end_counts_what_is_contained_and_names_what_is_not():
    def reading(number):
        after = None if number == 5 else number / 10
        return CredentialReading(
            f"key-{number}", "AWS access key", f"AKIA{number}", known=True, contained_after=after
        )

    wrong = tuple(Open(f"Create a fresh AWS key (key-{n})", "Denied.") for n in range(50))
    readings = tuple(map(reading, range(MANY)))
    made = Summary("r1", "the breach of GitHub", NOW, 1.0, 9.0, "incomplete", readings, (), wrong)
    text = " ".join(told(end_screen(made)).split())
    assert f"{MANY} x AWS access key in the breach of GitHub" in text
    assert f"{MANY - 1} of {MANY}, the last in 5.9 s, key-5 NOT CONTAINED" in text
    assert "(key-19): Denied." in text
    assert "and 30 more like these: respond show r1" in text
