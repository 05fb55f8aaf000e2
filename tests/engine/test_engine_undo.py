"""`respond undo`: what a run took is given back, proven, and never for a credential that nobody named."""

from dataclasses import replace

import pytest
from contained import LEAKED, contain, door, doors, house, leaked, planned, stop_before, undone
from fakes.doors.actions import Brick, Shut
from fakes.world import Crash
from table import OPERATOR, Table, Watcher, playbook

from responder.engine import PARTLY, UNDONE, Engine, plan_undo, undo
from responder.errors import (
    DeniedError,
    InputError,
    InterruptedRunError,
    RefusedError,
    TransientError,
    UnreachableError,
)
from responder.journal import Event, EventKind, Holder


def fail(error: BaseException):
    def strike() -> None:
        raise error

    return strike


def order_of_undone(table: Table) -> list[str]:
    return [e.step for e in table.journal.events("r1") if e.kind is EventKind.STEP_UNDONE]


def test_all_is_given_back_newest_first_and_the_run_is_over(table: Table):
    house(table, "a", "b", "c")
    contain(table, door("a"), door("b", "a"), door("c", "b"))

    state = undone(table)

    assert doors(table) == {"a": "open", "b": "open", "c": "open"}
    assert order_of_undone(table) == ["c", "b", "a"]
    assert state.outcome == table.state().outcome == UNDONE
    assert {step.status for step in state.steps.values()} == {"undone"}


def test_each_undo_has_its_intent_before_and_its_proof_after(table: Table):
    house(table, "a")
    contain(table, door("a"))

    undone(table)

    assert table.kinds("a")[-2:] == ["step.undo_intended", "step.undone"]
    intended, proof = (e for e in table.journal.events("r1") if e.kind.value.startswith("step.und"))
    assert intended.data["seen"] == {"state": "open"}
    assert proof.data["evidence"] == "a is open"
    kinds = [e.kind.value for e in table.journal.events("r1") if not e.step]
    assert kinds[-3:] == ["run.resumed", "run.undoing", "run.finished"]


def test_what_was_there_before_comes_back_and_not_what_an_attacker_left(table: Table):
    table.world.things["a"] = {"state": "ajar"}

    def attack() -> None:  # between the first step's proof and the second one's look
        table.world.things["a"]["state"] = "open"

    table.world.faults["probe between"].append(attack)
    house(table, "between")
    contain(table, door("a"), door("between", "a"), door("again", "between", door="a"))
    assert table.state().steps["again"].applied

    undone(table)

    assert doors(table)["a"] == "ajar"
    assert table.world.made["undo a"] == 1
    assert table.statuses() == {"a": "undone", "between": "undone", "again": "undone"}


def test_a_credential_that_is_known_to_be_leaked_stays_contained_unless_it_is_named(table: Table):
    table.exposure = LEAKED
    house(table, "front", "other")
    contain(table, leaked("shut"), door("other"))

    plan = planned(table)
    assert [one.title for one in plan.reversals] == ["Shut other"]
    assert plan.unnamed == ["AKIAFRONT"]
    assert undone(table).outcome == PARTLY
    assert doors(table) == {"front": "shut", "other": "open"}

    assert undone(table, "AKIAFRONT").outcome == UNDONE
    assert doors(table) == {"front": "open", "other": "open"}


def test_who_names_a_credential_that_the_run_is_not_about_is_told_which_it_is_about(table: Table):
    table.exposure = LEAKED
    house(table, "front")
    contain(table, leaked("shut"))
    with pytest.raises(InputError, match="AKIAELSE") as refused:
        planned(table, "AKIAELSE")
    assert "AKIAFRONT" in refused.value.next_step


def test_what_cannot_be_given_back_is_said_with_its_point_of_no_return(table: Table):
    house(table, "a", "b")
    contain(table, door("a"), door("b", uses="doors.brick"))

    [stays] = planned(table).stays

    assert (stays.title, stays.why) == ("Shut b", Brick.point_of_no_return)
    assert undone(table).outcome == PARTLY
    assert doors(table) == {"a": "open", "b": "bricked"}


def test_what_was_destroyed_since_is_told_and_not_tried(table: Table):
    house(table, "a")
    contain(table, door("a"), door("wall", "a", uses="doors.brick", phase="retire", door="a"))

    plan = planned(table)

    assert plan.reversals == ()
    assert [one.why for one in plan.stays] == [Brick.point_of_no_return, "a is walled up"]


def test_what_was_so_already_was_not_taken_and_is_not_given_back(table: Table):
    table.world.things["a"] = {"state": "shut"}
    contain(table, door("a"))
    plan = planned(table)
    assert (plan.reversals, plan.stays) == ((), ())


def test_what_was_rotated_stays_once_something_was_done_with_it(table: Table):
    house(table, "a", "b")
    made = door("key", uses="doors.cut_key", phase="rotate", door="a")
    contain(table, made, door("b", "key", phase="recover"))

    [key] = [one for one in planned(table).stays if "key" in one.title]

    assert "`b`" in key.why
    undone(table)
    assert "key-a" in table.world.things


def test_a_fresh_key_that_is_nowhere_yet_is_not_left_behind(table: Table):
    house(table, "a", "b")
    table.world.faults["probe b"].append(fail(Crash()))
    text = playbook(
        door("key", uses="doors.cut_key", phase="rotate", door="a"), door("b", "key", phase="recover")
    )
    with pytest.raises(Crash):
        table.start(text)

    state = undone(table)

    assert "key-a" not in table.world.things
    assert state.outcome == UNDONE
    assert table.state().shredded


def test_a_step_that_was_killed_in_the_act_is_given_back_when_the_service_says_that_it_happened(table: Table):
    house(table, "a")
    stop_before(table, "shut-done a")
    with pytest.raises(Crash):
        table.start(playbook(door("a")))
    assert doors(table) == {"a": "shut"}

    assert undone(table).outcome == UNDONE

    assert doors(table) == {"a": "open"}


def test_a_key_that_was_cut_by_a_step_that_was_killed_is_not_left_behind(table: Table):
    house(table, "a")
    stop_before(table, "cut a")
    with pytest.raises(Crash):
        table.start(playbook(door("key", uses="doors.cut_key", phase="rotate", door="a")))
    assert "key-a" in table.world.things

    assert undone(table).outcome == UNDONE

    assert "key-a" not in table.world.things


def test_where_the_service_cannot_say_whether_a_step_happened_nothing_is_claimed(table: Table):
    house(table, "a")
    stop_before(table, "shut-done a")
    with pytest.raises(Crash):
        table.start(playbook(door("a")))
    table.world.faults["probe a"] += [fail(UnreachableError("doors", "probe", "no route"))] * 2

    state = undone(table)

    assert state.outcome == PARTLY
    assert "no route" in state.steps["a"].why
    assert table.world.made["undo a"] == 0
    assert undone(table).outcome == UNDONE
    assert doors(table) == {"a": "open"}


def test_what_needs_a_secret_that_was_shredded_is_said_to_stay(table: Table):
    house(table, "a")
    contain(table, door("key", uses="doors.cut_key", door="a"))
    [stays] = planned(table).stays
    assert "shredded" in stays.why


def test_where_it_cannot_be_asked_whether_something_is_lost_the_undo_is_tried(table: Table):
    house(table, "a")
    contain(table, door("a"))
    table.world.faults["lost a"].append(fail(UnreachableError("doors", "lost", "no route")))
    assert [one.title for one in planned(table).reversals] == ["Shut a"]


def test_an_undo_that_is_stopped_on_request_ends_after_what_it_is_at_and_goes_on_later(table: Table):
    house(table, "a", "b")
    contain(table, door("a"), door("b", "a"))
    engine = table.engine()
    table.world.faults["undo b"].append(engine.stopping.set)
    plan = plan_undo(engine, "r1", table.state(), ())

    with pytest.raises(InterruptedRunError) as stopped:
        undo(engine, "r1", plan, operator=OPERATOR, confirmed_by="a test")

    assert "respond undo r1" in stopped.value.next_step
    assert doors(table) == {"a": "shut", "b": "open"}
    assert undone(table).outcome == UNDONE


def test_ctrl_c_in_an_undo_says_how_to_go_on(table: Table):
    house(table, "a")
    contain(table, door("a"))
    table.world.faults["undo-done a"].append(fail(KeyboardInterrupt()))
    with pytest.raises(InterruptedRunError) as stopped:
        undone(table)
    assert "`respond undo r1` goes on" in stopped.value.next_step
    assert undone(table).outcome == UNDONE
    assert table.world.made["undo a"] == 1


def test_a_step_that_was_killed_before_the_act_needs_nothing(table: Table):
    house(table, "a")
    stop_before(table, "shut a")
    with pytest.raises(Crash):
        table.start(playbook(door("a")))

    assert undone(table).outcome == UNDONE

    assert table.world.made["undo a"] == 0
    assert table.state().steps["a"].status == "undone"


@pytest.mark.parametrize("operation", ["undo a", "undo-done a", "probe a"])
def test_an_undo_that_was_killed_goes_on_where_it_was(table: Table, operation: str):
    house(table, "a", "b")
    contain(table, door("a"), door("b", "a"))
    plan = planned(table)
    stop_before(table, operation)
    with pytest.raises(Crash):
        undone(table)
    assert plan.reversals

    assert undone(table).outcome == UNDONE

    assert doors(table) == {"a": "open", "b": "open"}
    assert table.world.made["undo b"] == 1
    assert table.world.made["undo a"] == 1


def test_a_run_that_is_being_undone_is_not_resumed(table: Table):
    house(table, "a")
    table.world.faults["shut a"].append(fail(DeniedError("doors", "shut", "no")))
    table.start(playbook(door("a")))
    stop_before(table, "probe a")
    with pytest.raises(Crash):
        undone(table)

    with pytest.raises(RefusedError, match="being undone") as refused:
        table.resume()

    assert "respond undo r1" in refused.value.next_step
    undone(table)
    assert table.resume().outcome == UNDONE
    assert doors(table) == {"a": "open"}


def test_an_undo_that_the_service_refuses_is_recorded_and_the_others_go_on(table: Table):
    house(table, "a", "b")
    contain(table, door("a"), door("b", "a"))
    table.world.faults["undo b"].append(fail(DeniedError("doors", "undo", "not you", next_step="Ask ada.")))

    state = undone(table)

    assert state.outcome == PARTLY
    assert doors(table) == {"a": "open", "b": "shut"}
    step = state.steps["b"]
    assert (step.status, step.undo_failed, step.next_step) == ("succeeded", True, "Ask ada.")
    assert "not you" in step.why

    assert undone(table).outcome == UNDONE
    assert doors(table) == {"a": "open", "b": "open"}
    assert not table.state().steps["b"].undo_failed


def test_an_undo_that_is_worth_another_try_gets_one(table: Table):
    house(table, "a")
    contain(table, door("a"))
    table.world.faults["undo a"].append(fail(TransientError("doors", "undo", "busy").after(0.0)))
    assert undone(table).outcome == UNDONE


def test_an_undo_is_claimed_only_where_the_service_says_so(table: Table, monkeypatch):
    house(table, "a")
    contain(table, door("a"))
    monkeypatch.setattr(Shut, "undo", lambda *_: None)

    state = undone(table)

    assert state.outcome == PARTLY
    assert "a is shut" in state.steps["a"].why


def test_an_undo_whose_proof_cannot_be_had_is_not_claimed(table: Table):
    house(table, "a")
    contain(table, door("a"))
    table.world.faults["undo-done a"].append(
        lambda: table.world.faults["probe a"].append(fail(UnreachableError("doors", "probe", "no route")))
    )
    state = undone(table)
    assert state.outcome == PARTLY
    assert "no route" in state.steps["a"].why


def test_what_a_person_gave_back_already_is_recorded_and_left(table: Table):
    house(table, "a")
    contain(table, door("a"))
    table.world.things["a"]["state"] = "open"
    assert undone(table).outcome == UNDONE
    assert table.world.made["undo a"] == 0


def test_a_run_in_the_hands_of_somebody_alive_is_not_undone_unasked(table: Table, monkeypatch):
    house(table, "a")
    contain(table, door("a"))
    table.journal.take_up("r1", replace(Holder.current(), pid=1, user="grace"), {"operator": {}})
    monkeypatch.setattr(Holder, "alive", lambda _self: True)
    with pytest.raises(RefusedError, match="grace") as refused:
        undone(table)
    assert "respond undo r1 --take-over" in refused.value.next_step
    assert doors(table) == {"a": "shut"}
    assert undone(table, take_over=True).outcome == UNDONE


def test_who_is_taken_over_in_an_undo_gives_nothing_more_back(table: Table):
    house(table, "a", "b")
    contain(table, door("a"), door("b", "a"))

    def somebody_else() -> None:
        table.journal.take_up("r1", Holder.current(), {"operator": OPERATOR})

    table.world.faults["undo-done b"].append(somebody_else)
    with pytest.raises(RefusedError, match="took over"):
        undone(table)
    assert doors(table) == {"a": "shut", "b": "open"}


def test_who_slept_before_giving_back_and_was_taken_over_gives_nothing_back(table: Table):
    house(table, "a")
    contain(table, door("a"))

    def sleep(event: Event) -> None:
        if event.kind is EventKind.STEP_UNDO_INTENDED:
            table.journal.take_up("r1", Holder.current(), {"operator": OPERATOR})

    with pytest.raises(RefusedError, match="took over"):
        undone(table, watcher=Watcher(sleep))
    assert doors(table) == {"a": "shut"}


def test_after_an_undo_the_same_credential_may_be_responded_to_again(table: Table):
    table.exposure = LEAKED
    house(table, "front")
    contain(table, leaked("shut"))
    undone(table, "AKIAFRONT")
    engine: Engine = table.engine()
    assert engine.start(table.order(playbook(leaked("shut")), run="r2")).outcome == "succeeded"
    assert doors(table) == {"front": "shut"}


def test_while_an_undo_is_under_way_nobody_responds_to_the_same_credential(table: Table):
    table.exposure = LEAKED
    house(table, "front")
    contain(table, leaked("shut"))
    stop_before(table, "undo front")
    with pytest.raises(Crash):
        undone(table, "AKIAFRONT")
    with pytest.raises(RefusedError, match="being undone") as refused:
        table.engine().start(table.order(playbook(leaked("shut")), run="r2"))
    assert "respond undo r1" in refused.value.next_step
    assert table.state().re_enabled == ("AKIAFRONT",)
