"""What the journal, and whoever watches, is told of how a step went; and what a later undo makes of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from contained import (
    LEAKED,
    STRANGER,
    contain,
    door,
    doors,
    house,
    leaked,
    planned,
    stop_before,
    undone,
    watch,
)
from fakes.doors.actions import Shut
from fakes.things.actions import Make
from fakes.world import Crash, Worlds
from table import Table, Ticking, Watcher, playbook, step

from responder.action import Actions
from responder.engine import Watch, already_on_it, exposed_identifiers, schedule, unfinished
from responder.errors import DeniedError, TransientError, UnreachableError
from responder.exposure import ModalSecretPlacement, Workload


def raising(error: BaseException):
    def strike() -> None:
        raise error

    return strike


def test_a_failed_step_keeps_the_next_step_that_the_service_named_and_the_time_until_it_succeeds(
    table: Table,
):
    table.world.faults["apply a"].append(raising(DeniedError("things", "Make", "no", next_step="Ask ada.")))
    failed = table.start(playbook(step("a"))).steps["a"]
    assert (failed.next_step, failed.undo_failed) == ("Ask ada.", False)
    assert failed.finished_at == table.journal.events("r1")[-1].at
    table.resume()
    succeeded = table.state().steps["a"]
    assert (succeeded.why, succeeded.next_step) == ("", "")
    assert succeeded.finished_at > failed.finished_at


@pytest.mark.parametrize("died", ["before it was answered", "before it was proven"])
def test_what_was_proven_only_after_a_crash_counts_as_changed_by_the_run(table: Table, died: str):
    house(table, "a")
    if died == "before it was answered":
        stop_before(table, "shut-done a")
    watcher = table.dying_after(1) if died == "before it was proven" else None
    with pytest.raises(Crash):
        table.start(playbook(door("a")), watcher)
    assert doors(table) == {"a": "shut"}

    assert table.resume().steps["a"].applied
    assert table.world.made["shut a"] == 1

    assert undone(table).outcome == "undone"
    assert doors(table) == {"a": "open"}


def test_whoever_watches_is_told_what_a_proof_waits_for_and_it_is_asked_for_less_and_less_often(table: Table):
    class Slow(Make):
        settle = 30.0

        def verify(self, call, given, output):
            found = super().verify(call, given, output)
            looks = call.connections.get(object).asked.count(f"verify {given.name}")
            return found if looks == 10 else self.before(call, given)

    table.actions = {**Actions("fakes"), "things.make": Slow()}
    watcher, stopping = Watcher(), Ticking(table)
    table.start(playbook(step("a")), watcher, stopping=stopping)
    assert watcher.said == [("a", "Nobody holds a.")] * 9
    assert stopping.waited[0] == 0.2
    assert stopping.waited == sorted(stopping.waited)
    assert stopping.waited[-2:] == [3.0, 3.0]


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
    kept.keep([], operator={"local": "grace"})
    assert connections.closed == 1
    resumed = table.journal.events("r1")[-2]
    assert (resumed.data["by"], resumed.data["operator"]) == ("watch", {"local": "grace"})
    assert resumed.data["version"] == engine.version


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
    told = table.journal.events("r1")[-2]
    assert (told.kind, told.data["action"], told.data["code"]) == (
        "step.undo_failed",
        "doors.shut",
        "transient",
    )
    assert "busy" in state.steps["a"].why
    assert doors(table) == {"a": "shut"}


def test_the_times_of_a_watch_count_from_the_last_proof(table: Table):
    house(table, "a", "b")
    table.world.faults["probe b"].append(lambda: table.clock.advance(600))
    contain(table, door("a"), door("b", "a"))
    kept = Watch(table.engine(), "r1", lambda _leaked, _ours: (), table.clock.advance)
    assert kept.contained_at == table.state().steps["b"].finished_at
    assert kept.contained_at - table.state().steps["a"].finished_at > timedelta(minutes=10)


def test_a_second_person_is_told_a_step_that_has_no_label_by_its_title(table: Table):
    house(table, "a")
    table.world.faults["shut a"].append(raising(DeniedError("doors", "shut", "no")))
    table.start(playbook(door("a")))
    told = already_on_it(table.journal, "r1", ["AKIAFRONT"]).what
    assert "It could not do: Shut a; 0 of 1 steps are over." in told


def test_looks_are_a_minute_half_an_hour_and_an_hour_after_and_then_rarer_to_a_day_and_a_half():
    hours = [1, 2, 4, 8, 12, 18, 24, 30, 36]
    expected = [timedelta(minutes=1), timedelta(minutes=30), *(timedelta(hours=n) for n in hours)]
    assert list(schedule(timedelta(hours=36))) == expected


def test_a_step_that_was_never_meant_counts_as_an_attempt_like_any_other(table: Table):
    table.world.faults["before a"].append(raising(UnreachableError("things", "Look", "no route")))
    table.start(playbook(step("a")))
    table.resume()
    attempts = [(e.kind.value, e.attempt) for e in table.journal.events("r1") if e.step == "a"]
    assert attempts == [
        ("step.parked", 1),
        *((f"step.{kind}", 2) for kind in ("intended", "applied", "succeeded")),
    ]


def test_what_is_exposed_beside_credentials_is_nobodys_identifier(table: Table):
    workload = Workload(name="w", app="executor", environment="prod", function="identity")
    placement = ModalSecretPlacement(
        credential="front", environment="prod", secret="s", identifier_key="I", secret_key="S"
    )
    beside = {"workloads": (workload,), "modal_secrets": (placement,)}
    table.exposure = LEAKED.model_copy(update=beside)
    house(table, "front")
    contain(table, leaked("shut"))
    assert exposed_identifiers(table.state().started) == {"AKIAFRONT"}
    assert planned(table).unnamed == ["AKIAFRONT"]


def test_what_was_rotated_is_not_looked_at_and_what_was_contained_after_it_is(table: Table):
    house(table, "a", "b")
    contain(table, door("key", uses="doors.cut_key", phase="rotate", door="a"), door("b"))
    watch(table)
    assert {name: len(it.looks) for name, it in table.state().steps.items()} == {"key": 0, "b": 1}


def test_an_undo_that_was_killed_between_two_records_of_one_thing_goes_on_with_the_second(table: Table):
    house(table, "a")
    contain(table, door("a"), door("again", "a", door="a"))

    def die(event) -> None:
        if event.kind == "step.undone":
            raise Crash

    with pytest.raises(Crash):
        undone(table, watcher=Watcher(die))
    assert undone(table).outcome == "undone"
    told = [table.kinds(name).count("step.undone") for name in ("a", "again")]
    assert (told, table.world.made["undo a"]) == ([1, 1], 1)


def test_a_stranger_is_recorded_with_the_credential_that_it_came_beside(table: Table):
    front = LEAKED.access_keys[0]
    back = front.model_copy(update={"credential": "back", "identifier": "AKIABACK", "user": "shed"})
    table.exposure = LEAKED.model_copy(update={"access_keys": (front, back)})
    house(table, "front", "back")
    contain(table, leaked("shut"))
    watch(table, strangers=lambda item, _ours: [STRANGER] if item["user"] == "shed" else [])
    told = {e.step: len(e.data["strangers"]) for e in table.journal.events("r1") if e.kind == "step.checked"}
    assert told == {"shut[front]": 0, "shut[back]": 1}


def test_whoever_watches_is_told_at_once_what_does_not_hold(table: Table):
    house(table, "a")
    contain(table, door("a"))
    table.world.things["a"]["state"] = "open"
    watcher = Watcher()
    Watch(table.engine(watcher), "r1", lambda _leaked, _ours: (), table.clock.advance).keep([], operator={})
    assert watcher.said[0] == ("a", "IT DOES NOT HOLD: a is open")


def test_what_was_destroyed_at_the_end_of_a_rotation_is_watched_like_what_was_contained(table: Table):
    house(table, "a", "b")
    contain(table, door("a"), door("b", "a", uses="doors.brick", phase="retire"))
    table.world.things["b"]["state"] = "open"
    watch(table)
    assert doors(table) == {"a": "shut", "b": "bricked"}
