"""Which step starts when."""

import threading

import pytest
from fakes.world import Crash
from table import Table, Watcher, playbook, secret_of, step

from responder.engine.play import MOST_AT_ONCE
from responder.exposure import Exposure, LeakedMemberToken
from responder.journal import Event


def test_steps_that_need_nothing_of_each_other_are_under_way_at_once(table: Table):
    names = [f"s{n}" for n in range(8)]
    together = threading.Barrier(len(names), timeout=60)
    for name in names:
        table.world.faults[f"apply {name}"].append(together.wait)
    state = table.start(playbook(*(step(name) for name in names)))
    assert state.outcome == "succeeded"
    assert set(table.world.things) == set(names)


def test_a_step_starts_only_when_all_that_it_needs_has_been_proven(table: Table):
    table.start(
        playbook(step("last", "left", "right"), step("left", "first"), step("right", "first"), step("first"))
    )
    asked = table.world.asked
    for before, after in [("first", "left"), ("first", "right"), ("left", "last"), ("right", "last")]:
        assert asked.index(f"verify {before}") < asked.index(f"before {after}")


def test_a_step_whose_condition_is_not_met_is_skipped_and_what_needs_it_goes_on(table: Table):
    table.start(playbook(step("never", **{"if": False}), step("after", "never")))
    assert table.statuses() == {"never": "skipped", "after": "succeeded"}
    assert set(table.world.things) == {"after"}


def test_no_step_is_held_up_by_the_record_of_the_skipped_ones(table: Table):
    watcher = Watcher()
    go_on = threading.Event()
    watcher._on_event = lambda event: go_on.wait(60) if event.kind == "step.skipped" else None
    table.world.faults["before first"].append(go_on.set)  # deadlocks where the skipped one comes first
    state = table.start(playbook(step("never", **{"if": False}), step("first")), watcher)
    assert state.outcome == "succeeded"
    assert go_on.is_set()


def test_for_each_runs_once_an_item_and_outputs_are_those_of_the_same_item(table: Table):
    tokens = tuple(
        LeakedMemberToken(credential=name, known=True, identifier=f"ak-{name}") for name in ("a", "b")
    )
    table.exposure = Exposure(source="a test", seen_at=table.clock.now, member_tokens=tokens)
    each = {"for_each": "${{ exposure.member_tokens }}"}
    table.start(
        playbook(
            step("make", given={"name": "${{ each.credential }}"}, **each),
            step(
                "use",
                "make",
                given={"name": "use-${{ each.credential }}", "using": "${{ steps.make.secret }}"},
                **each,
            ),
        )
    )
    assert set(table.statuses()) == {"make[a]", "make[b]", "use[a]", "use[b]"}
    for name in ("a", "b"):
        assert table.world.used[f"use-{name}"] == table.world.things[name]["secret"]


class Timer(threading.Event):
    """Waiting for the time takes no time here: the clock is moved."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._table = table
        self.slept: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        if timeout:
            self.slept.append(timeout)
            self._table.clock.advance(timeout)
        return self.is_set()


def test_a_pause_is_counted_from_the_end_of_what_the_step_needs(table: Table):
    timer = Timer(table)
    table.start(playbook(step("first"), step("later", "first", wait="10m")), stopping=timer)
    steps = table.state().steps
    assert 600 <= (steps["later"].started_at - steps["first"].finished_at).total_seconds() < 601
    assert 599 < sum(timer.slept) <= 600


def test_of_two_pauses_the_shorter_one_ends_first(table: Table):
    timer = Timer(table)
    text = playbook(step("first"), step("late", "first", wait="10m"), step("soon", "first", wait="5m"))
    table.start(text, stopping=timer)
    steps = table.state().steps
    assert 300 <= (steps["soon"].started_at - steps["first"].finished_at).total_seconds() < 301
    assert 600 <= (steps["late"].started_at - steps["first"].finished_at).total_seconds() < 601


def test_a_pause_goes_on_through_a_crash_and_is_not_begun_anew(table: Table):
    watcher = table.dying_after(2)  # while the first step's end is told
    with pytest.raises(Crash):
        table.start(playbook(step("first"), step("later", "first", wait="10m")), watcher)
    table.clock.advance(400)
    timer = Timer(table)
    assert table.resume(stopping=timer).outcome == "succeeded"
    assert 190 < sum(timer.slept) <= 200


def test_more_steps_than_threads_all_come_to_their_end(table: Table):
    state = table.start(playbook(*(step(f"s{n}", uses="things.note") for n in range(MOST_AT_ONCE * 2))))
    assert state.outcome == "succeeded"
    assert len(table.world.things) == MOST_AT_ONCE * 2


def test_where_not_all_may_go_on_at_once_what_stands_first_in_the_playbook_waits_for_no_queue(
    table: Table, monkeypatch
):
    monkeypatch.setattr("responder.engine.play.MOST_AT_ONCE", 1)
    others = [step(f"s{n}", uses="things.note") for n in range(5)]
    first = step("kill", "fresh", uses="things.note", phase="contain")
    table.start(playbook(first, step("fresh", uses="things.note"), *others))
    ended = [event.step for event in table.journal.events("r1") if event.kind == "step.succeeded"]
    assert ended == ["fresh", "kill", *(f"s{n}" for n in range(5))]


def test_a_step_never_starts_before_the_outputs_that_it_uses_are_at_hand(table: Table):
    begun = threading.Event()
    table.world.faults["before user"].append(begun.set)
    ended = threading.Event()
    table.world.faults["apply other"].append(ended.wait)  # ends, and wakes the engine, in the gap

    def linger(event: Event) -> None:
        if event.kind == "step.succeeded" and event.step == "maker":
            ended.set()
            begun.wait(0.3)  # recorded, and not yet handed over

    text = playbook(step("maker"), step("other"), step("user", "maker", given={"using": secret_of("maker")}))
    assert table.start(text, Watcher(linger)).outcome == "succeeded"
    assert table.world.used["user"] == table.world.things["maker"]["secret"]
