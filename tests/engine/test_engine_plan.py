"""What a run would do, before anybody confirms."""

import threading
from datetime import UTC, datetime

import pytest
from table import OPERATOR, Table, playbook, secret_of, step

from responder.action import Actions
from responder.engine import Order, plan_steps
from responder.engine.play import MOST_AT_ONCE
from responder.errors import InputError, RefusedError, UnreachableError
from responder.playbook import expand, load


def planned(table: Table, what: str | Order):
    order = table.order(what) if isinstance(what, str) else what
    setting = order.setting
    instances = expand(load("test.yaml", order.playbook_text, table.actions), setting)
    engine = table.engine()
    return plan_steps(instances, setting, table.actions, engine.connections, table.clock)


def test_a_plan_has_each_active_step_in_order_and_its_point_of_no_return_and_changes_nothing(table: Table):
    text = playbook(step("a"), step("never", **{"if": False}), step("b", "a", uses="things.await"))
    found = planned(table, text)
    assert [each.plan.change for each in found] == ["Make a", "Wait for b"]
    assert [each.point_of_no_return for each in found] == ["A thing stays.", ""]
    assert not table.world.made
    assert table.world.asked == ["plan a"]


def test_what_only_the_run_will_make_is_named_as_fresh(table: Table):
    given = {"name": "${{ steps.a.name }}", "using": secret_of("a")}
    found = planned(table, playbook(step("a"), step("b", "a", given=given)))
    assert found[1].plan.change == "Make <fresh name>"


def test_a_service_that_cannot_be_asked_leaves_its_steps_without_a_plan_and_says_why(table: Table):
    def down() -> None:
        raise UnreachableError("things", "Look", "no route")

    table.world.faults["plan a"].append(down)
    found = planned(table, playbook(step("a"), step("b")))
    assert found[0].plan is None
    assert "no route" in found[0].problem
    assert found[1].plan.change == "Make b"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InputError("MODAL_TOKEN_ID is not set.", next_step="Set it."), "not set. Set it."),
        (KeyError("x"), "KeyError"),
    ],
    ids=["misconfigured", "a bug"],
)
def test_whatever_goes_wrong_with_one_plan_the_others_are_made(table: Table, error: Exception, said: str):
    def wrong() -> None:
        raise error

    table.world.faults["plan a"].append(wrong)
    found = planned(table, playbook(step("a"), step("b")))
    assert found[0].plan is None
    assert said in found[0].problem
    assert found[1].plan.change == "Make b"


def test_a_step_that_will_not_be_done_at_all_stops_the_plan(table: Table):
    def refuse() -> None:
        raise RefusedError("It would lock you out.", next_step="Sign in as somebody else.")

    table.world.faults["plan a"].append(refuse)
    with pytest.raises(RefusedError, match="lock you out"):
        planned(table, playbook(step("a")))


def test_a_run_says_in_its_first_event_what_its_steps_will_be(table: Table):
    table.start(playbook(step("a"), step("b", "a", uses="things.await", wait="5s", **{"if": False})))
    first, second = table.state().started["steps"]
    assert (first["id"], first["irreversible"], first["active"]) == ("a", True, True)
    assert (second["id"], second["irreversible"], second["active"]) == ("b", False, False)
    assert (second["needs"], second["wait_seconds"]) == (["a"], 5)


def test_the_order_that_a_resume_finds_in_the_journal_is_the_one_that_was_confirmed(table: Table):
    order = table.order(playbook(step("a")))
    engine = table.engine()
    engine.start(order)
    assert engine.order("r1", table.state()) == order
    assert table.state().started["operator"] == OPERATOR
    assert table.actions.keys() == Actions("fakes").keys()


def test_services_that_hang_are_given_up_on_together_and_the_others_are_planned(table: Table, monkeypatch):
    monkeypatch.setattr("responder.engine.plan.PATIENCE", 1.0)
    go_on, together = threading.Event(), threading.Barrier(3)
    names = ["a", "b", "c", "d"]
    for name in names[:3]:
        table.world.faults[f"plan {name}"].append(lambda: (together.wait(60), go_on.wait(60)))
    table.clock = lambda: datetime.now(UTC)
    found = planned(table, playbook(*(step(name) for name in names)))
    go_on.set()
    assert ["No answer" in each.problem for each in found] == [True, True, True, False]
    assert found[3].plan.change == "Make d"


def test_what_was_not_asked_in_time_is_not_asked_for_nobody(table: Table, monkeypatch):
    monkeypatch.setattr("responder.engine.plan.PATIENCE", 0.1)
    go_on = threading.Event()
    names = [f"s{n}" for n in range(MOST_AT_ONCE + 8)]
    for name in names:
        table.world.faults[f"plan {name}"].append(lambda: go_on.wait(20))
    table.clock = lambda: datetime.now(UTC)
    found = planned(table, playbook(*(step(name) for name in names)))
    go_on.set()
    for thread in threading.enumerate():
        if thread.name.startswith("question"):
            thread.join(20)
    assert all("No answer" in each.problem for each in found)
    assert len(table.world.asked) == MOST_AT_ONCE
