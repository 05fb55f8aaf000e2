"""How long a service is asked again, by a clock that goes on as it is waited."""

from types import SimpleNamespace
from typing import Any

import pytest
import tenacity
from contained import contain, door, doors, house
from fakes.doors.actions import Shut
from fakes.things.actions import Make
from table import OPERATOR, Table, Ticking, playbook, step

from responder.action import Actions, Connections, Done, NotDone, Nothing, Unknown, answered
from responder.engine import PARTLY, plan_undo, undo
from responder.errors import DeniedError, TransientError, UnreachableError


@pytest.fixture
def ticking(table: Table, monkeypatch) -> Ticking:
    def monotonic() -> float:
        return table.clock.now.timestamp()

    monkeypatch.setattr(tenacity, "time", SimpleNamespace(monotonic=monotonic))
    return Ticking(table)


def busy(after: float):
    def strike() -> None:
        raise TransientError("things", "Make", "busy").after(after)

    return strike


def with_make(table: Table, **parts: Any) -> None:
    table.actions = {**Actions("fakes"), "things.make": type("Other", (Make,), parts)()}


def test_a_wait_that_a_service_names_is_not_slept_past_the_deadline(table: Table, ticking: Ticking):
    with_make(table, deadline=120.0)
    table.world.faults["apply a"] += [busy(50.0)] * 9
    state = table.start(playbook(step("a")), stopping=ticking)
    assert state.steps["a"].status == "failed"
    assert ticking.waited == [50.0, 50.0]


def test_an_undo_waits_no_longer_than_its_deadline(table: Table, ticking: Ticking, monkeypatch):
    house(table, "a")
    contain(table, door("a"))
    monkeypatch.setattr(Shut, "deadline", 120.0)
    table.world.faults["undo a"] += [busy(50.0)] * 9
    engine = table.engine(stopping=ticking)
    plan = plan_undo(engine, "r1", table.state(), ())
    assert undo(engine, "r1", plan, operator=OPERATOR, confirmed_by="a test").outcome == PARTLY
    assert ticking.waited == [50.0, 50.0]
    assert doors(table) == {"a": "shut"}


@pytest.mark.parametrize(
    ("deadline", "transient", "waited"),
    [(120.0, True, [0.4, 0.4]), (0.6, True, [0.4]), (120.0, False, [])],
    ids=["as long as is right", "the deadline", "not transient"],
)
def test_a_service_that_is_out_of_reach_is_asked_for_longer_but_not_past_the_deadline(
    table: Table, ticking: Ticking, monkeypatch, deadline: float, *, transient: bool, waited: list[float]
):
    monkeypatch.setattr("responder.engine.step.TRANSIENT_PATIENCE", 1.2)

    def before(*_: object) -> Unknown:
        return Unknown("no route", 0.4, transient)

    with_make(table, deadline=deadline, before=before)
    state = table.start(playbook(step("a")), stopping=ticking)
    assert state.steps["a"].status == "parked"
    assert ticking.waited == waited


def test_where_hundreds_ask_beside_it_a_busy_service_is_asked_for_longer(
    table: Table, ticking: Ticking, monkeypatch
):
    monkeypatch.setattr("responder.engine.step.TRANSIENT_PATIENCE", 1.2)
    monkeypatch.setattr("responder.engine.play.A_CROWD", 1)
    with_make(table, deadline=120.0, before=lambda *_: Unknown("busy", 0.4, transient=True))
    never = {"if": False}
    table.start(playbook(step("a"), step("b", **never), step("c", **never)), stopping=ticking)
    assert ticking.waited == [0.4] * 8


def test_a_proof_is_not_asked_for_before_the_time_that_the_service_named(table: Table, ticking: Ticking):
    answers = [Unknown("busy", 15.0, transient=True)]

    def verify(_self: Make, _call: object, _given: object, output: Any):
        return answers.pop() if answers else Done(output, "there")

    with_make(table, deadline=120.0, settle=10.0, verify=verify)
    assert table.start(playbook(step("a")), stopping=ticking).outcome == "succeeded"
    assert ticking.waited == [15.0]
    assert table.world.made["a"] == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TransientError("things", "Look", "busy").after(7.0), Unknown("Look: busy", 7.0, transient=True)),
        (UnreachableError("things", "Look", "no route"), Unknown("Look: no route", None, transient=True)),
        (DeniedError("things", "Look", "no.", next_step="Ask ada."), Unknown("Look: no. Ask ada.")),
    ],
    ids=["busy", "unreachable", "denied"],
)
def test_a_probe_tells_what_could_not_be_asked_from_what_may_be_asked_again(error: Exception, told: Unknown):
    @answered
    def probe() -> Done[Nothing] | NotDone | Unknown:
        raise error

    assert probe() == told


def test_a_connection_that_cannot_be_closed_keeps_no_other_open():
    closed = []

    class First:
        @classmethod
        def connect(cls, _environ: object):
            return cls()

        def close(self) -> None:
            closed.append(type(self).__name__)
            raise OSError("broken")

    class Second(First):
        def close(self) -> None:
            closed.append(type(self).__name__)

    connections = Connections({})
    for kind in (Second, First, type("Third", (Second,), {})):
        connections.get(kind)
    with pytest.raises(OSError, match="broken"):
        connections.close()
    assert sorted(closed) == ["First", "Second", "Third"]


def test_a_longer_wait_than_allowed_is_not_sat_out_and_a_resume_waits_only_for_the_rest(table: Table):
    text = playbook(step("a"), step("b", needs=["a"], wait="1h"))
    assert table.start(text, longest_wait=60.0).outcome == ""
    assert table.statuses() == {"a": "succeeded"}
    table.clock.advance(1800)
    assert table.resume(longest_wait=60.0).outcome == ""
    ticking = Ticking(table)
    table.clock.advance(1700)
    assert table.resume(longest_wait=600.0, stopping=ticking).outcome == "succeeded"
    assert 0 < sum(ticking.waited) <= 100, "the clock went on while nobody played it"
