"""What becomes of a step when the service is not at its best."""

from collections.abc import Callable

import pytest
from fakes.things.actions import Make, Thing, ThingInput
from table import Table, playbook, secret_of, step

from responder.action import Actions
from responder.errors import DeniedError, InterruptedRunError, TransientError, UnreachableError


def raising(error: Exception) -> Callable[[], object]:
    def fault() -> None:
        raise error

    return fault


def transient(text: str = "busy") -> TransientError:
    return TransientError("things", "Make", text).after(0.0)


def test_an_error_worth_another_try_is_reconciled_before_it_is_tried_again(table: Table):
    table.world.faults["apply a"] += [raising(transient())]
    assert table.start(playbook(step("a"))).outcome == "succeeded"
    asked = ["before", "apply", "reconcile", "before", "apply", "applied", "verify"]
    assert table.world.asked == [f"{operation} a" for operation in asked]


def test_a_lost_answer_leaves_no_second_effect_standing(table: Table):
    table.world.faults["applied a"] += [raising(transient()), raising(transient())]
    assert table.start(playbook(step("a"))).outcome == "succeeded"
    assert table.world.made["a"] - table.world.removed["a"] == 1
    assert table.kinds("a").count("step.intended") == 3


def test_a_lost_answer_of_an_effect_that_can_be_seen_is_not_asked_for_again(table: Table):
    table.world.faults["applied a"] += [raising(transient())]
    assert table.start(playbook(step("a", uses="things.note"))).outcome == "succeeded"
    assert table.world.made["a"] == 1


def test_every_error_that_was_retried_is_recorded_once_an_attempt(table: Table):
    table.world.faults["apply a"] += [raising(transient("one")), raising(transient("two"))]
    table.start(playbook(step("a")))
    assert table.kinds("a") == [
        *["step.intended", "step.retried"] * 2,
        *["step.intended", "step.applied", "step.succeeded"],
    ]
    assert table.state().steps["a"].retries == 2


def test_trouble_while_reconciling_does_not_end_the_run(table: Table):
    table.world.faults["apply a"] += [raising(transient())]

    class Careless(Make):
        """Lets trouble through that its probes should have called unknown."""

        def reconcile(self, call, given):
            call.connections.get(object).ask("careless", given.name)
            return super().reconcile(call, given)

    table.actions = {**Actions("fakes"), "things.make": Careless()}
    table.world.faults["careless a"] += [raising(transient()), raising(transient())]
    assert table.start(playbook(step("a"), step("b"))).outcome == "succeeded"


def test_trouble_that_stays_fails_the_step_at_its_deadline_with_the_services_words(table: Table):
    table.world.faults["apply a"] += [raising(UnreachableError("things", "Make", "no route"))] * 50
    table.actions = {**Actions("fakes"), "things.make": type("Hasty", (Make,), {"deadline": 0.0})()}
    state = table.start(playbook(step("a")))
    assert state.steps["a"].status == "failed"
    assert "no route" in state.steps["a"].why
    assert state.outcome == ""


def test_a_refusal_fails_the_step_holds_up_its_dependents_and_nobody_else(table: Table):
    table.world.faults["apply a"] += [raising(DeniedError("things", "Make", "not you"))]
    state = table.start(playbook(step("a"), step("after", "a"), step("other"), step("later", "other")))
    assert state.steps["a"].status == "failed"
    assert set(table.world.things) == {"other", "later"}
    assert table.kinds("after") == []


def test_what_cannot_be_found_out_parks_the_step_and_its_dependents_while_others_go_on(table: Table):
    table.world.faults["before a"] += [raising(UnreachableError("things", "Look", "no route"))]
    state = table.start(playbook(step("a"), step("after", "a"), step("other"), step("later", "other")))
    assert state.steps["a"].status == "parked"
    assert "no route" in state.steps["a"].why
    assert set(table.world.things) == {"other", "later"}
    assert table.world.made["a"] == 0


def test_after_an_unanswered_reconcile_nothing_is_applied(table: Table):
    table.world.faults["apply a"] += [raising(transient())]
    table.world.faults["reconcile a"] += [raising(UnreachableError("things", "Look", "no route"))]
    state = table.start(playbook(step("a")))
    assert state.steps["a"].status == "parked"
    assert table.world.asked.count("apply a") == 1


@pytest.mark.parametrize("operation", ["before", "reconcile", "verify"])
def test_a_parked_step_comes_to_its_end_by_a_resume_when_the_service_answers_again(
    table: Table, operation: str
):
    if operation == "reconcile":
        table.world.faults["applied a"] += [raising(transient())]
    table.world.faults[f"{operation} a"] += [raising(UnreachableError("things", "Look", "no route"))]
    if operation == "verify":
        table.world.faults["reconcile a"] += [raising(UnreachableError("things", "Look", "no route"))]
    text = playbook(step("a"), step("after", "a", given={"using": secret_of("a")}))
    assert table.start(text).steps["a"].status == "parked"
    assert table.resume().outcome == "succeeded"
    assert table.world.made["a"] - table.world.removed["a"] == 1
    assert table.world.used["after"] == table.world.things["a"]["secret"]


def test_a_failed_step_is_tried_again_by_a_resume_and_its_failure_stays_on_record(table: Table):
    table.world.faults["apply a"] += [raising(DeniedError("things", "Make", "not you"))]
    table.start(playbook(step("a"), step("after", "a")))
    assert table.resume().outcome == "succeeded"
    assert "step.failed" in table.kinds("a")
    assert set(table.world.things) == {"a", "after"}


def test_what_was_applied_and_is_not_so_is_never_called_done(table: Table):
    class Vain(Make):
        def apply(self, call, given: ThingInput) -> Thing:
            made = super().apply(call, given)
            del call.connections.get(object).things[given.name]
            return made

    table.actions = {**Actions("fakes"), "things.make": Vain()}
    state = table.start(playbook(step("a"), step("after", "a", uses="things.note")))
    assert state.steps["a"].status == "failed"
    last = table.journal.events("r1")[-1]
    assert last.data["code"] == "unproven"
    assert last.data["state"] == "It was applied."
    assert "after" not in table.world.things


def test_a_proof_that_takes_a_while_is_waited_for(table: Table):
    class Slow(Make):
        settle = 30.0

        def verify(self, call, given, output):
            found = super().verify(call, given, output)
            looks = call.connections.get(object).asked.count(f"verify {given.name}")
            return found if looks == 3 else self.before(call, given)

    table.actions = {**Actions("fakes"), "things.make": Slow()}
    assert table.start(playbook(step("a"))).outcome == "succeeded"
    assert table.world.asked.count("verify a") == 3
    assert table.world.made["a"] == 1


def test_an_action_is_told_what_was_there_before_it_and_since_when_it_was_meant(table: Table):
    told = []

    class Curious(Make):
        def apply(self, call, given):
            told.append((dict(call.seen), call.intended_at))
            return super().apply(call, given)

        def verify(self, call, given, output):
            told.append((dict(call.seen), call.intended_at))
            return super().verify(call, given, output)

    table.actions = {**Actions("fakes"), "things.make": Curious()}
    table.world.make("a", "another", "", "")
    table.start(playbook(step("a")))
    intended = next(event for event in table.journal.events("r1") if event.kind == "step.intended")
    assert told == [({"existed": True}, intended.at)] * 2


def test_what_is_so_already_is_recorded_as_such_and_not_done_again(table: Table):
    table.world.make("a", "another", "", "")
    state = table.start(playbook(step("a", uses="things.note")))
    assert state.outcome == "succeeded"
    assert not state.steps["a"].applied
    assert table.world.made["a"] == 1


def test_a_mistake_in_one_action_fails_its_step_and_lets_the_others_contain(table: Table):
    table.world.faults["apply a"] += [raising(ZeroDivisionError("half of nothing"))]
    state = table.start(playbook(step("a"), step("other")))
    assert state.steps["a"].status == "failed"
    assert "ZeroDivisionError" in state.steps["a"].why
    assert "other" in table.world.things


def test_a_check_that_is_not_so_in_its_patience_fails_and_passes_after_a_resume(table: Table):
    text = playbook(step("a", uses="things.await"))
    assert table.start(text).steps["a"].status == "failed"
    table.world.make("a", "", "", "")
    assert table.resume().outcome == "succeeded"


def test_an_intent_to_do_something_else_than_now_is_left_to_a_person(table: Table):
    table.world.faults["apply a"] += [raising(InterruptedRunError("Stopped on request."))]
    assert table.start(playbook(step("a"))).steps["a"].status == "intended"

    class WiderInput(ThingInput):
        strength: int = 3  # a newer version knows one thing more

    newer = type("Newer", (Make,), {})()
    newer.input_type = WiderInput
    table.actions = {**Actions("fakes"), "things.make": newer}
    state = table.resume()
    assert state.steps["a"].status == "parked"
    assert "not what it would do now" in state.steps["a"].why
    assert table.world.made["a"] == 0


def test_input_that_does_not_fit_at_run_time_fails_the_step_before_anything_is_asked(table: Table):
    text = playbook(
        step("never", **{"if": False}), step("a", "never", given={"name": "${{ steps.never.name }}"})
    )
    state = table.start(text)
    assert state.steps["a"].status == "failed"
    assert "with.name" in state.steps["a"].why
    assert table.world.asked == []
