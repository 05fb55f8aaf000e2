"""Who plays a run: stopped on request, taken over, refused."""

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from contained import LEAKED
from fakes.things.actions import Make
from fakes.world import Crash
from table import OPERATOR, Table, Ticking, Watcher, playbook, secret_of, step

from responder.action import Actions, Call, Input
from responder.engine import play as engine_play
from responder.engine.play import MOST_AT_ONCE
from responder.errors import InterruptedRunError, RefusedError, RespondError, TransientError, UnavailableError
from responder.journal import Event, EventKind, Holder, Seals, Writer
from responder.secret import Secret

WAIT = 10.0


def patient() -> dict[str, Any]:
    """With a deadline after every pause that a service may ask for here."""
    return {**Actions("fakes"), "things.make": type("Patient", (Make,), {"deadline": 7200.0})()}


def taken_over(table: Table) -> None:
    table.journal.take_up("r1", replace(Holder.current(), user="grace"), {"operator": {}})


def test_ctrl_c_finishes_and_records_what_is_in_flight_and_starts_nothing_more(table: Table):
    stopping = threading.Event()
    table.world.faults["apply a"].append(stopping.set)
    text = playbook(step("a"), step("after", "a", given={"using": secret_of("a")}))
    with pytest.raises(InterruptedRunError):
        table.start(text, stopping=stopping)
    assert table.statuses()["a"] == "succeeded"
    assert set(table.world.things) == {"a"}
    assert table.resume().outcome == "succeeded"
    assert table.world.used["after"] == table.world.things["a"]["secret"]


def test_ctrl_c_in_the_pause_before_another_try_does_not_wait_for_it(table: Table):
    stopping = threading.Event()

    def busy_and_stop() -> None:
        stopping.set()
        raise TransientError("things", "Make", "busy").after(3600.0)

    table.world.faults["apply a"].append(busy_and_stop)
    table.actions = patient()
    with pytest.raises(InterruptedRunError):
        table.start(playbook(step("a")), stopping=stopping)
    assert table.state().steps["a"].intent is not None
    assert table.resume().outcome == "succeeded"


def test_ctrl_c_in_the_main_thread_lets_the_steps_end_and_is_told_as_such(table: Table, monkeypatch):
    """A real Ctrl-C arrives in the main thread while that waits for the steps."""
    real = engine_play.wait
    pressed = threading.Event()

    def wait_and_press(*args: object, **more: object) -> object:
        if not pressed.is_set():
            pressed.set()
            raise KeyboardInterrupt
        return real(*args, **more)

    monkeypatch.setattr(engine_play, "wait", wait_and_press)
    table.world.faults["apply a"].append(lambda: pressed.wait(WAIT))
    with pytest.raises(InterruptedRunError):
        table.start(playbook(step("a"), step("after", "a")))
    assert table.statuses()["a"] == "succeeded"
    assert "after" not in table.world.things
    assert table.resume().outcome == "succeeded"


def test_steps_that_still_wait_for_a_free_thread_do_not_start_after_a_stop(table: Table):
    stopping = threading.Event()
    everybody = threading.Barrier(MOST_AT_ONCE, action=stopping.set, timeout=WAIT)
    names = [f"s{n}" for n in range(MOST_AT_ONCE + 20)]
    for name in names:
        table.world.faults[f"apply {name}"].append(lambda: stopping.is_set() or everybody.wait())
    with pytest.raises(InterruptedRunError):
        table.start(playbook(*(step(name) for name in names)), stopping=stopping)
    assert len(table.world.things) == MOST_AT_ONCE
    table.world.faults.clear()
    assert table.resume().outcome == "succeeded"
    assert set(table.world.things) == set(names)
    assert set(table.world.made.values()) == {1}


def test_a_death_in_one_step_does_not_wait_for_the_pauses_of_the_others(table: Table):
    pausing = threading.Event()

    def pause() -> None:
        pausing.set()
        raise TransientError("things", "Make", "busy").after(3600.0)

    def die() -> None:
        pausing.wait(WAIT)
        raise Crash

    table.world.faults["apply a"].append(pause)
    table.world.faults["apply b"].append(die)
    table.actions = patient()
    with pytest.raises(Crash):
        table.start(playbook(step("a"), step("b")))
    assert table.resume().outcome == "succeeded"


def test_who_is_taken_over_records_and_starts_nothing_more_and_is_told_by_whom(table: Table):
    in_flight, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        in_flight.set()
        go_on.wait(WAIT)

    table.world.faults["before a"].append(hang)
    text = playbook(step("a"), step("after", "a"))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(table.start, text)
        assert in_flight.wait(WAIT)
        second = table.engine().resume("r1", take_over=True, operator={"local": "grace"})
        assert second.outcome == "succeeded"
        head = table.journal.head()
        go_on.set()
        with pytest.raises(RefusedError, match="took over"):
            first.result(WAIT)
    assert table.journal.head() == head
    assert table.world.made == {"a": 1, "after": 1}


def test_who_slept_between_the_intent_and_the_act_and_was_taken_over_does_not_act(table: Table):
    def sleep(event: Event) -> None:
        if event.kind is EventKind.STEP_INTENDED:
            taken_over(table)

    with pytest.raises(RefusedError, match=r"took over.*grace"):
        table.start(playbook(step("a")), Watcher(sleep))
    assert "apply a" not in table.world.asked


def test_who_was_taken_over_in_a_pause_removes_nothing_that_the_other_may_hold(table: Table):
    def sleep(event: Event) -> None:
        if event.kind is EventKind.STEP_RETRIED:
            taken_over(table)

    def lose() -> None:
        raise TransientError("things", "Make", "busy").after(0.0)

    table.world.faults["applied a"].append(lose)
    with pytest.raises(RefusedError, match="took over"):
        table.start(playbook(step("a")), Watcher(sleep))
    assert "reconcile a" not in table.world.asked
    assert table.world.removed["a"] == 0


def test_what_was_made_while_somebody_took_over_is_named_for_a_person_to_remove(table: Table):
    table.world.faults["applied a"].append(lambda: taken_over(table))
    with pytest.raises(RefusedError) as refused:
        table.start(playbook(step("a")))
    assert "grace" in refused.value.what
    assert "a (things.make) was applied after that" in refused.value.what
    assert "what it made: name a." in refused.value.what
    assert "canary" not in refused.value.what
    assert "remove what nobody uses" in refused.value.next_step


def test_who_cannot_open_what_was_confirmed_evicts_nobody(table: Table):
    table.exposure = LEAKED
    table.world.faults["apply a"].append(lambda: (_ for _ in ()).throw(InterruptedRunError("Stopped.")))
    table.start(playbook(step("a")))
    before = len(table.journal.events("r1"))
    engine = table.engine()
    engine.seals = Seals(table.journal, Secret(base64.b64encode(b"x" * 32).decode()))
    with pytest.raises(RespondError):
        engine.resume("r1", take_over=True, operator=OPERATOR)
    assert len(table.journal.events("r1")) == before


def test_a_run_in_the_hands_of_somebody_alive_is_not_resumed_unasked(table: Table, monkeypatch):
    table.world.faults["apply a"].append(lambda: (_ for _ in ()).throw(InterruptedRunError("Stopped.")))
    table.start(playbook(step("a")))
    other = replace(Holder.current(), pid=1, user="grace")
    table.journal.take_up("r1", other, {"operator": {}})
    monkeypatch.setattr(Holder, "alive", lambda _self: True)
    events = len(table.journal.events("r1"))
    with pytest.raises(RefusedError, match="grace") as refused:
        table.resume()
    assert "--take-over" in refused.value.next_step
    assert len(table.journal.events("r1")) == events
    state = table.engine().resume("r1", take_over=True, operator=OPERATOR)
    assert state.outcome == "succeeded"


def test_a_run_of_a_name_that_is_there_is_refused_before_anything_is_done(table: Table):
    table.start(playbook(step("a")))
    with pytest.raises(RefusedError, match="r1"):
        table.start(playbook(step("b")))
    assert "b" not in table.world.things


def test_what_is_told_while_waiting_holds_no_secret(table: Table):
    def leak() -> None:
        secret = next(iter(table.world.things.values()))["secret"]
        raise TransientError("things", "Make", f"could not store {secret}").after(0.0)

    table.world.faults["applied a"].append(leak)
    watcher = Watcher()
    table.world.faults["apply a"].append(lambda: None)
    table.start(playbook(step("a", given={"using": None}), step("b", "a")), watcher)
    assert watcher.said
    assert table.state().outcome == "succeeded"


class Followed(Make):
    """Waits for somebody, and asks the journal nothing meanwhile."""

    deadline = 7200.0

    def __init__(self) -> None:
        self.stopped = False

    def apply(self, call: Call, given: Input) -> Any:  # noqa: ARG002
        call.connections.get(object).ask("apply", "a")
        try:
            call.wait(WAIT)
        except InterruptedRunError:
            self.stopped = True
            raise
        raise AssertionError


def test_who_is_taken_over_while_a_step_waits_for_hours_stops_waiting_and_says_why(table: Table, monkeypatch):
    monkeypatch.setattr(engine_play, "LISTEN", 0.05)
    followed = Followed()
    table.actions = {**Actions("fakes"), "things.make": followed}
    table.world.faults["apply a"].append(lambda: taken_over(table))
    with pytest.raises(RefusedError, match="Somebody took over this run: grace"):
        table.start(playbook(step("a")))
    assert followed.stopped


def test_who_is_taken_over_while_nothing_is_under_way_stops_too(table: Table, monkeypatch):
    monkeypatch.setattr(engine_play, "LISTEN", 0.05)
    waiting = Ticking(table)
    stopping = threading.Event()

    def wait(seconds: float) -> bool:
        waiting.wait(seconds)
        taken_over(table)
        return False

    monkeypatch.setattr(stopping, "wait", wait)
    with pytest.raises(RefusedError, match="took over"):
        table.start(playbook(step("a"), step("b", "a", wait="1h")), stopping=stopping)
    assert waiting.waited == [0.05]
    assert "b" not in table.world.things


def test_a_journal_that_cannot_be_read_for_a_moment_is_no_take_over(table: Table, monkeypatch):
    monkeypatch.setattr(engine_play, "LISTEN", 0.01)
    looked = threading.Event()

    def cannot(_self: Any) -> None:
        looked.set()
        raise UnavailableError("The journal is locked.")

    check = Writer.check
    table.world.faults["applied a"].append(
        lambda: (monkeypatch.setattr(Writer, "check", cannot), looked.wait(WAIT))
    )
    table.world.faults["verify a"].append(lambda: monkeypatch.setattr(Writer, "check", check))
    assert table.start(playbook(step("a"))).outcome == "succeeded"
    assert looked.is_set()
