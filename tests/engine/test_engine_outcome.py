"""What the journal, and whoever watches, is told of how a step went; and what a later undo makes of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from contained import contain, door, doors, house, planned, undone, watch
from fakes.doors.actions import Shut
from fakes.things.actions import Make
from fakes.world import Crash, Worlds
from table import OPERATOR, Table, Watcher, playbook, step

from responder.action import Actions
from responder.engine import Watch, schedule, unfinished
from responder.errors import DeniedError, TransientError, UnreachableError


def raising(error: BaseException):
    def strike() -> None:
        raise error

    return strike


def test_a_failed_step_keeps_the_next_step_that_the_service_named(table: Table):
    table.world.faults["apply a"].append(raising(DeniedError("things", "Make", "no", next_step="Ask ada.")))
    assert table.start(playbook(step("a"))).steps["a"].next_step == "Ask ada."
    table.resume()
    assert (table.state().steps["a"].why, table.state().steps["a"].next_step) == ("", "")


def test_what_was_proven_only_after_a_crash_counts_as_changed_by_the_run(table: Table):
    house(table, "a")
    with pytest.raises(Crash):
        table.start(playbook(door("a")), table.dying_after(1))
    assert table.kinds("a") == ["step.intended", "step.applied"]

    assert table.resume().steps["a"].applied

    assert undone(table).outcome == "undone"
    assert doors(table) == {"a": "open"}


def test_whoever_watches_is_told_what_a_proof_waits_for(table: Table):
    class Slow(Make):
        settle = 30.0

        def verify(self, call, given, output):
            found = super().verify(call, given, output)
            looks = call.connections.get(object).asked.count(f"verify {given.name}")
            return found if looks == 2 else self.before(call, given)

    table.actions = {**Actions("fakes"), "things.make": Slow()}
    watcher = Watcher()
    table.start(playbook(step("a")), watcher)
    assert watcher.said == [("a", "Nobody holds a.")]


def test_a_check_that_was_waited_for_is_nothing_to_undo(table: Table):
    house(table, "a")
    text = playbook(door("a"), step("seen", uses="things.await"))
    assert table.start(text).steps["seen"].status == "failed"
    table.world.things["seen"] = {"state": "there"}
    assert table.resume().outcome == "succeeded"

    plan = planned(table)

    assert [one.title for one in plan.reversals] == ["Shut a"]
    assert plan.stays == ()


def test_runs_that_need_somebody_are_those_that_are_not_over_or_half_undone(table: Table):
    house(table, "a", "b", "c")
    engine = table.engine()
    table.world.faults["shut b"].append(raising(DeniedError("doors", "shut", "no")))
    for name, run in (("a", "r1"), ("b", "r2"), ("c", "r3")):
        engine.start(table.order(playbook(door(name)), run=run))
    assert [state.run for state in unfinished(table.journal)] == ["r2"]

    table.world.faults["undo a"].append(raising(Crash()))
    with pytest.raises(Crash):
        undone(table)
    assert [state.run for state in unfinished(table.journal)] == ["r2", "r1"]


def test_each_look_of_a_watch_is_made_with_connections_of_its_own(table: Table):
    class Counted(Worlds):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    house(table, "a")
    contain(table, door("a"))
    connections = Counted(table.world)
    engine = replace(table.engine(), connections=connections)
    kept = Watch(engine, "r1", lambda _leaked, _ours: (), table.clock.advance)
    kept.keep([], operator=OPERATOR)
    assert connections.closed == 1


def test_a_look_that_could_not_be_had_is_no_reason_to_claim_that_all_held(table: Table):
    house(table, "a")
    contain(table, door("a"))
    table.world.faults["probe a"].append(raising(UnreachableError("doors", "probe", "no route")))
    watched = watch(table, 30)
    assert watched.results == {"unknown", "held"}
    assert not watched.all_held


def test_trouble_that_stays_ends_an_undo_at_its_deadline_with_the_services_words(table: Table, monkeypatch):
    monkeypatch.setattr(Shut, "deadline", 0.0)
    house(table, "a")
    contain(table, door("a"))
    table.world.faults["undo a"].append(raising(TransientError("doors", "undo", "busy").after(0.0)))
    state = undone(table)
    assert state.outcome == "partly undone"
    assert "busy" in state.steps["a"].why
    assert doors(table) == {"a": "shut"}


def test_looks_are_a_minute_half_an_hour_and_an_hour_after_and_then_rarer_to_a_day_and_a_half():
    hours = [1, 2, 4, 8, 12, 18, 24, 30, 36]
    expected = [timedelta(minutes=1), timedelta(minutes=30), *(timedelta(hours=n) for n in hours)]
    assert list(schedule(timedelta(hours=36))) == expected
