"""A step that wants a choice by a person waits for it, with what needs it; all else goes on."""

import pytest
import yaml
from contained import door, doors, house, stop_before
from fakes.things.actions import Note
from fakes.world import Crash
from table import OPERATOR, Table, playbook, step
from test_engine_plan import planned

from responder.action import Actions, Call
from responder.errors import ChoiceError


class Chosen(Note):
    """`of` is what a person chose."""

    def plan(self, call: Call, given):
        self._choice(given)
        return super().plan(call, given)

    def before(self, call: Call, given):
        self._choice(given)
        return super().before(call, given)

    def _choice(self, given) -> None:
        if given.of is None:
            raise ChoiceError("There are two.", option="pick", next_step="Say which: --pick this.")
        if given.of == "neither":
            raise ChoiceError("There is no such.", option="pick", next_step="Say which: --pick this.")


@pytest.fixture
def text(table: Table) -> str:
    table.actions = {**Actions("fakes"), "things.note": Chosen()}
    house(table, "front")
    given = {"of": "${{ options.pick }}"}
    steps = playbook(
        door("front"), step("room", uses="things.note", given=given), step("key", "room"), step("other")
    )
    return yaml.safe_dump({**yaml.safe_load(steps), "options": {"pick": {"help": "Which."}}}, sort_keys=False)


@pytest.fixture
def order(table: Table, text: str):
    order = table.order(text)
    return type(order)(**{**vars(order), "options": {"pick": None}})


def resume(table: Table, **options: str):
    return table.engine().resume("r1", operator=OPERATOR, options=options)


def test_what_does_not_depend_on_it_is_done_and_nothing_is_begun(table: Table, order):
    state = table.engine().start(order)

    assert not state.outcome
    assert table.statuses()["room"] == "parked"
    assert (state.steps["room"].option, state.steps["room"].next_step) == ("pick", "Say which: --pick this.")
    assert table.kinds("room") == ["step.parked"]
    assert table.statuses().get("key", "pending") == "pending"
    assert doors(table) == {"front": "shut"}
    assert "other" in table.world.things


def test_a_resume_supplies_it_and_the_journal_says_who_chose_what(table: Table, order):
    table.engine().start(order)

    state = resume(table, pick="this")

    assert state.outcome == "succeeded"
    assert state.steps["room"].option == ""
    [event] = [e for e in table.journal.events("r1") if e.kind == "run.resumed"]
    assert event.data["options"] == {"pick": "this"}
    assert table.state().options == {"pick": "this"}
    assert table.state().started["options"] == {"pick": None}


def test_a_choice_that_was_wrong_may_be_made_again(table: Table, order):
    table.engine().start(order)
    assert resume(table, pick="neither").steps["room"].why == "There is no such."
    assert resume(table, pick="this").outcome == "succeeded"


def test_a_choice_stays_made_for_whoever_resumes_later(table: Table, order):
    table.engine().start(order)
    stop_before(table, "apply room")
    with pytest.raises(Crash):
        resume(table, pick="this")
    assert resume(table).outcome == "succeeded"


def test_what_was_refused_in_the_doing_may_be_chosen_anew(table: Table, order):
    """Two keys became other two between the look and the deed."""
    table.engine().start(order)

    def gone() -> None:
        raise ChoiceError("It is gone.", option="pick", next_step="Say which.")

    table.world.faults["apply room"].append(gone)
    assert resume(table, pick="that").steps["room"].status == "parked"
    assert resume(table, pick="this").outcome == "succeeded"


def test_the_plan_tells_what_waits_and_plans_the_rest(table: Table, order):
    found = {one.instance.id: one for one in planned(table, order)}
    assert found["room"].plan is None
    assert (found["room"].problem, found["room"].choice) == ("There are two.", "Say which: --pick this.")
    assert found["other"].plan
    assert found["key"].plan


def test_where_nothing_would_be_contained_before_it_the_choice_is_wanted_first(table: Table, text: str):
    first = yaml.safe_load(text)
    first["steps"][0]["needs"] = ["key"]
    order = table.order(yaml.safe_dump(first, sort_keys=False))
    with pytest.raises(ChoiceError, match="two"):
        planned(table, type(order)(**{**vars(order), "options": {"pick": None}}))


def test_where_something_else_is_contained_anyway_the_choice_holds_up_only_its_own(table: Table, text: str):
    house(table, "back")
    both = yaml.safe_load(text)
    both["steps"][0]["needs"] = ["key"]
    both["steps"].append(door("back"))
    order = table.order(yaml.safe_dump(both, sort_keys=False))
    order = type(order)(**{**vars(order), "options": {"pick": None}})
    found = {one.instance.id: one for one in planned(table, order)}
    assert found["room"].choice == "Say which: --pick this."
    table.engine().start(order)
    assert doors(table) == {"front": "open", "back": "shut"}
