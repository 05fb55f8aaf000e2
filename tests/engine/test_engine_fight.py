"""Somebody undoes containment while it is being done: it is done again at once, and the record says so."""

# ruff: noqa: ARG002

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from contained import LEAKED, contain, door, doors, house, leaked, undone, watch
from fakes.doors.actions import DoorInput, Shut
from fakes.world import World
from table import BEGAN, Table, Ticking, Watcher, playbook

from responder.action import Actions, Call, Done, Input, NotDone, Nothing, Plan, Reversible
from responder.engine import Stranger, Watch


def opening(table: Table, name: str):
    def strike() -> None:
        table.world.things[name]["state"] = "open"

    return strike


def test_what_a_later_look_finds_undone_is_recorded_with_the_step_that_had_proven_it(table: Table):
    house(table, "a", "b")
    table.world.faults["probe a"] += [lambda: None, lambda: None, opening(table, "a")]
    table.start(playbook(door("a"), door("b"), door("again", "a", door="a")))

    steps = table.state().steps
    [found] = steps["again"].reopened
    assert (found.step, found.why) == ("a", "a is open")
    assert steps["a"].reopened == []
    assert steps["b"].reopened == []
    assert doors(table) == {"a": "shut", "b": "shut"}


def test_what_held_was_undone_by_nobody(table: Table):
    house(table, "a")
    table.start(playbook(door("a"), door("again", "a", door="a")))
    assert [one.reopened for one in table.state().steps.values()] == [[], []]


def test_another_thing_that_is_done_for_the_first_time_was_undone_by_nobody(table: Table):
    house(table, "a", "b")
    table.start(playbook(door("a"), door("b", "a"), door("wall", "a", door="a", uses="doors.brick")))
    assert not any(one.reopened for one in table.state().steps.values())


class Slow(Shut):
    """Shuts at once and is proven late, as a service that is slow to agree with itself."""

    contested = True
    settle = 10.0
    deadline = 120.0

    def verify(self, call: Call, given: DoorInput, output: Nothing):
        found = self.probe(call, given)
        late = call.connections.get(World).made["shut a"] < 2
        if isinstance(found, Done) and late:
            return NotDone("a is shut, and not yet for all", {"state": "shut"})
        return found


def test_what_took_effect_and_is_as_before_again_is_done_again_at_once(table: Table):
    house(table, "a")
    table.actions = {**Actions("fakes"), "doors.shut": Slow()}
    table.world.faults["probe a"] += [lambda: None, lambda: None, opening(table, "a")]
    stopping = Ticking(table)

    state = table.start(playbook(door("a")), stopping=stopping)

    assert state.outcome == "succeeded"
    assert sum(stopping.waited) < Slow.settle / 4
    [found] = state.steps["a"].reopened
    assert (found.step, found.why) == ("a", "a is open")
    assert table.kinds("a").count("step.intended") == 2


def test_one_stale_answer_is_no_intruder(table: Table):
    class Stale(Slow):
        def verify(self, call: Call, given: DoorInput, output: Nothing):
            proofs.append("")
            states = {1: "shut", 2: "open"}
            if len(proofs) <= 2:
                return NotDone("not for all", {"state": states[len(proofs)]})
            return self.probe(call, given) if len(proofs) > 3 else NotDone("not for all", {"state": "shut"})

        def probe(self, call: Call, given: DoorInput):
            found = super().probe(call, given)
            late = isinstance(found, Done) and len(proofs) < 4
            return NotDone("a is shut, and not yet for all", {"state": "shut"}) if late else found

    proofs: list[str] = []
    house(table, "a")
    table.actions = {**Actions("fakes"), "doors.shut": Stale()}
    state = table.start(playbook(door("a")), stopping=Ticking(table))
    assert state.outcome == "succeeded"
    assert table.kinds("a").count("step.intended") == 2
    assert state.steps["a"].reopened == []


def test_what_has_not_taken_effect_yet_is_waited_for(table: Table):
    class Later(Slow):
        def verify(self, call: Call, given: DoorInput, output: Nothing):
            looks = call.connections.get(World).asked.count("probe a")
            found = self.probe(call, given)
            return found if looks > 3 else NotDone("a is open", {"state": "open"})

    house(table, "a")
    table.actions = {**Actions("fakes"), "doors.shut": Later()}
    state = table.start(playbook(door("a")), stopping=Ticking(table))
    assert state.steps["a"].reopened == []
    assert table.kinds("a").count("step.intended") == 1


class Since(Input):
    user: str
    since: datetime
    moments = frozenset({"since"})


class Deny(Reversible[Since, Nothing]):
    """As sessions are denied: all that were got until a time, and more of it may be wanted later."""

    name = "doors.deny"
    permissions = ()
    settle = 0.0
    deadline = 0.6

    def plan(self, call: Call, given: Since) -> Plan:
        raise NotImplementedError

    def probe(self, call: Call, given: Since):
        world = call.connections.get(World)
        world.ask("deny-probe", given.user)
        denied = world.things["denied"].get("until", "")
        if denied and datetime.fromisoformat(denied) >= max(given.since, call.alive_until or given.since):
            return Done(Nothing(), f"denied until {denied}")
        return NotDone(f"denied until {denied or 'never'}", {"until": denied}, outgrown=bool(denied))

    def apply(self, call: Call, given: Since) -> Nothing:
        since = call.alive_until or given.since
        until = max(call.clock(), given.since, since) + timedelta(seconds=60)
        call.connections.get(World).things["denied"]["until"] = until.isoformat()
        return Nothing()

    def undo(self, call: Call, given: Since, output: Nothing) -> None:
        call.connections.get(World).things["denied"]["until"] = ""


def deny(name: str, *needs: str, since: str = "${{ run.confirmed_at }}") -> dict[str, Any]:
    step = leaked(name, *needs, uses="doors.deny")
    return {**step, "with": {"user": "${{ each.credential }}", "since": since}}


@pytest.fixture
def sessions(table: Table) -> Table:
    table.actions = {**Actions("fakes"), "doors.deny": Deny()}
    table.exposure = LEAKED
    house(table, "front")
    table.world.things["denied"] = {}
    return table


def test_what_is_only_wanted_for_longer_was_undone_by_nobody(sessions: Table):
    later = (BEGAN + timedelta(hours=1)).isoformat()
    sessions.start(playbook(deny("deny"), deny("again", "deny", since=later)))
    steps = sessions.state().steps
    assert steps["again[front]"].applied
    assert steps["again[front]"].reopened == []


def test_what_was_got_while_it_lived_again_is_denied_too_and_once(sessions: Table):
    contain(sessions, leaked("shut"), deny("deny", "shut"))
    sessions.clock.advance(3600)
    opening(sessions, "front")()
    before = sessions.clock.now
    looked = threading.Event()  # the sessions are looked at before the key is found alive
    sessions.world.faults["deny-probe front"].append(looked.set)
    sessions.world.faults["probe front"].append(lambda: looked.wait(60))

    watched = watch(sessions, patience=60)

    looks = sessions.state().steps
    [found] = looks["shut[front]"].looks
    assert found.result == "re-applied"
    assert [one.result for one in looks["deny[front]"].looks] == ["held", "held"]
    assert "Renewed" in looks["deny[front]"].looks[-1].detail
    assert datetime.fromisoformat(sessions.world.things["denied"]["until"]) > max(before, found.at)
    assert watched.results == {"re-applied", "held"}

    until = sessions.world.things["denied"]["until"]
    watch(sessions)
    assert sessions.world.things["denied"]["until"] == until


def test_a_watch_that_died_before_it_denied_what_was_got_meanwhile_does_so_the_next_time(sessions: Table):
    contain(sessions, leaked("shut"), deny("deny", "shut"))
    sessions.clock.advance(3600)
    opening(sessions, "front")()
    until = sessions.world.things["denied"]["until"]

    def die() -> None:
        raise KeyboardInterrupt

    sessions.world.faults["deny-probe front"] += [lambda: None, die]
    with pytest.raises(KeyboardInterrupt):
        watch(sessions)
    assert sessions.world.things["denied"]["until"] == until

    watch(sessions)

    assert sessions.world.things["denied"]["until"] > until


def test_looks_at_the_same_since_another_time_are_one_thing_to_watch_and_to_undo(sessions: Table):
    later = (BEGAN + timedelta(hours=1)).isoformat()
    contain(sessions, leaked("shut"), deny("deny"), deny("again", "deny", since=later))
    sessions.world.things["denied"]["until"] = (BEGAN + timedelta(minutes=30)).isoformat()

    watch(sessions)

    steps = sessions.state().steps
    assert len(steps["deny[front]"].looks) == 1
    assert steps["again[front]"].looks == []
    assert sessions.world.things["denied"]["until"] > later  # as the last of them had asked for

    assert undone(sessions, "AKIAFRONT").outcome == "undone"
    assert sessions.kinds("again[front]")[-1] == "step.undone"
    assert sessions.kinds("deny[front]").count("step.undo_intended") == 1
    assert sessions.kinds("again[front]").count("step.undo_intended") == 0


def test_only_the_look_at_the_same_credential_waits_for_strangers(sessions: Table):
    house(sessions, "a")
    contain(sessions, leaked("shut"), door("a"))
    others = threading.Event()
    waited = []

    def strangers(_leaked, _ours) -> list[Stranger]:
        waited.append(others.wait(10))
        return []

    class Told(Watcher):
        def event(self, event) -> None:
            if event.kind == "step.checked" and event.step == "a":
                others.set()

    Watch(sessions.engine(Told()), "r1", strangers, sessions.clock.advance).keep([], operator={})
    assert waited == [True]


def test_a_slow_answer_about_strangers_keeps_no_look_waiting(sessions: Table):
    contain(sessions, leaked("shut"))
    looked = threading.Event()
    sessions.world.faults["probe front"].append(looked.set)
    first = []

    def strangers(_leaked, _ours) -> list[Stranger]:
        first.append(looked.wait(10))
        return []

    assert watch(sessions, strangers=strangers).all_held
    assert first == [True]
