"""`respond watch`: containment is looked at again, held, and every look is in the journal."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from contained import LEAKED, STRANGER, contain, door, doors, house, leaked, stop_before, undone, watch
from fakes.world import Crash
from table import BEGAN, Table, Watcher, playbook

from responder.engine import schedule
from responder.engine.watch import PATIENCE
from responder.errors import DeniedError, RefusedError, UnreachableError
from responder.journal import EventKind, Holder


def fail(error: Exception):
    def strike() -> None:
        raise error

    return strike


def looks(table: Table, step: str) -> list[str]:
    return [one.result for one in table.state().steps[step].looks]


def looked_at(table: Table) -> list[timedelta]:
    """How long after the containment, to the second."""
    events = [e for e in table.journal.events("r1") if e.kind is EventKind.STEP_CHECKED]
    return [timedelta(seconds=round((e.at - BEGAN).total_seconds())) for e in events]


def test_it_looks_now_and_at_each_time_after_the_containment(table: Table):
    house(table, "a")
    contain(table, door("a"))

    watched = watch(table, 1, 30)

    assert looked_at(table) == [timedelta(0), timedelta(minutes=1), timedelta(minutes=30)]
    assert watched.looks == 3
    assert watched.all_held
    assert looks(table, "a") == ["held", "held", "held"]


def test_times_that_have_passed_are_one_look_now(table: Table):
    house(table, "a")
    contain(table, door("a"))
    table.clock.advance(3600)
    assert watch(table, 1, 30).looks == 1
    assert looked_at(table) == [timedelta(hours=1)]


def test_a_look_changes_nothing_that_holds(table: Table):
    house(table, "a")
    contain(table, door("a"))
    before = table.state().steps["a"]
    watch(table, 1)
    after = table.state().steps["a"]
    assert table.world.made["shut a"] == 1
    assert replace(after, looks=[]) == replace(before, looks=[])
    assert table.state().outcome == "succeeded"


def test_what_was_undone_is_contained_again_by_the_same_contract_and_said_to_be(table: Table):
    house(table, "a")
    contain(table, door("a"))
    table.world.things["a"]["state"] = "open"

    watched = watch(table)

    assert doors(table) == {"a": "shut"}
    assert table.kinds("a")[-4:] == ["step.intended", "step.applied", "step.succeeded", "step.checked"]
    [look] = table.state().steps["a"].looks
    assert look.result == "re-applied"
    assert "a is open" in look.detail
    assert "a is shut" in look.detail
    assert not watched.all_held


def test_who_undid_it_once_is_expected_again_within_a_minute(table: Table):
    house(table, "a")
    contain(table, door("a"))
    table.world.things["a"]["state"] = "open"
    watch(table, 30)
    minute = timedelta(minutes=1)
    assert looked_at(table) == [timedelta(0), minute, 30 * minute]
    assert looks(table, "a") == ["re-applied", "held", "held"]


def test_what_cannot_be_contained_again_is_lost_and_tried_at_the_next_look(table: Table):
    house(table, "a")
    contain(table, door("a"))
    table.world.things["a"]["state"] = "open"
    table.world.faults["shut a"].append(fail(DeniedError("doors", "shut", "not you")))

    watched = watch(table, 30)

    assert looks(table, "a") == ["lost", "re-applied", "held", "held"]
    assert "not you" in table.state().steps["a"].looks[0].detail
    assert doors(table) == {"a": "shut"}
    assert not watched.all_held


def test_a_service_that_does_not_answer_is_unknown_and_keeps_no_other_from_being_asked(table: Table):
    house(table, "a", "b")
    contain(table, door("a"), door("b"))
    table.world.things["b"]["state"] = "open"
    table.world.faults["probe a"] += [fail(UnreachableError("doors", "probe", "no route"))] * 2

    watched = watch(table)

    assert looks(table, "a") == ["unknown"]
    assert looks(table, "b") == ["re-applied"]
    assert table.kinds("a").count("step.intended") == 1
    assert not watched.all_held


@pytest.fixture
def never():
    """What nobody gets an answer from before the test is over."""
    over = threading.Event()
    yield over.wait
    over.set()


def test_a_service_that_says_nothing_at_all_is_unknown_after_ten_seconds(table: Table, never):
    house(table, "a")
    contain(table, door("a"))
    table.world.faults["probe a"].append(never)

    watched = watch(table, patience=0.1)

    assert PATIENCE == 10
    [look] = table.state().steps["a"].looks
    assert look.result == "unknown"
    assert "No answer within" in look.detail
    assert not watched.all_held


def test_nobody_waits_for_ever_to_be_told_of_strangers(table: Table, never):
    table.exposure = LEAKED
    house(table, "front")
    contain(table, leaked("shut"))

    assert not watch(table, strangers=lambda _leaked, _ours: never(), patience=0.1).all_held
    assert len(looks(table, "shut[front]")) == 1


def test_a_watch_that_was_killed_while_it_contained_again_is_taken_up_by_the_next(table: Table):
    house(table, "a")
    contain(table, door("a"))
    table.world.things["a"]["state"] = "open"
    stop_before(table, "shut-done a")
    with pytest.raises(Crash):
        watch(table)
    assert table.state().steps["a"].status == "intended"

    watch(table)

    assert looks(table, "a") == ["re-applied"]
    assert table.world.made["shut a"] == 2  # by the run, and by the watch that was killed
    assert table.state().steps["a"].status == "succeeded"


def test_the_same_is_looked_at_once_however_many_steps_did_it(table: Table):
    house(table, "a")
    contain(table, door("a"), door("again", "a", door="a"))
    watch(table)
    assert looks(table, "a") == ["held"]
    assert looks(table, "again") == []


def test_a_run_that_is_over_is_looked_at_without_secrets_and_the_evidence_says_so(table: Table):
    table.exposure = LEAKED
    house(table, "front")
    contain(table, leaked("shut"))
    assert "; tried" in table.state().steps["shut[front]"].evidence

    watch(table)

    [look] = table.state().steps["shut[front]"].looks
    assert look.detail == "front is shut; no secret to try it with"


def test_what_was_found_contained_at_the_start_is_watched_too(table: Table):
    table.world.things["a"] = {"state": "shut"}
    contain(table, door("a"))
    table.world.things["a"]["state"] = "open"
    watch(table)
    assert doors(table) == {"a": "shut"}


def test_what_only_its_secret_can_ask_about_is_named_and_not_guessed(table: Table):
    from responder.engine import Watch  # noqa: PLC0415

    table.exposure = LEAKED
    house(table, "front", "a")
    contain(table, leaked("revoke", uses="doors.revoke"), door("a"))

    kept = Watch(table.engine(), "r1", lambda _leaked, _ours: (), table.clock.advance)

    assert kept.unseen == {"Shut revoke (front)": "it takes a secret that was shredded when the run ended"}


def test_a_stranger_beside_a_leaked_credential_is_told_recorded_and_left_alone(table: Table):
    table.exposure = LEAKED
    house(table, "front")
    contain(table, leaked("shut"), door("key", uses="doors.cut_key", phase="rotate", door="front"))
    asked = []

    def strangers(item, ours):
        asked.append((item["user"], ours))
        return [STRANGER]

    watched = watch(table, strangers=strangers)

    [(user, ours)] = asked
    assert user == "house"
    assert {"AKIAFRONT", "AKIAOTHER", "key-front"} <= ours
    assert watched.strangers == {"AKIAINTRUDER": STRANGER}
    assert not watched.all_held
    [event] = [e for e in table.journal.events("r1") if e.kind is EventKind.STEP_CHECKED]
    assert event.data["strangers"][0]["identifier"] == "AKIAINTRUDER"
    assert event.data["result"] == "held"


def test_where_strangers_cannot_be_asked_for_the_watch_does_not_claim_that_there_are_none(table: Table):
    table.exposure = LEAKED
    house(table, "front")
    contain(table, leaked("shut"))

    def strangers(_item, _ours):
        raise UnreachableError("doors", "list", "no route")

    assert not watch(table, strangers=strangers).all_held
    assert looks(table, "shut[front]") == ["held"]


def test_what_an_undo_gave_back_is_not_taken_again(table: Table):
    table.exposure = LEAKED
    house(table, "front", "a")
    contain(table, leaked("shut"), leaked("again", "shut"), door("a"))
    assert undone(table, "AKIAFRONT").outcome == "undone"
    with pytest.raises(RefusedError, match="undone"):
        watch(table)


def test_of_a_run_that_was_undone_in_part_only_the_rest_is_held(table: Table):
    table.exposure = LEAKED
    house(table, "front", "a")
    contain(table, leaked("shut"), door("a"), door("a_again", "a", door="a"))
    assert undone(table).outcome == "partly undone"
    watch(table)
    assert doors(table) == {"front": "shut", "a": "open"}
    assert looks(table, "shut[front]") == ["held"]


def test_a_run_that_contained_nothing_has_nothing_to_watch(table: Table):
    house(table, "a")
    contain(table, door("a", phase="rotate"))
    with pytest.raises(RefusedError, match="nothing"):
        watch(table)


def test_whoever_takes_the_run_from_a_watch_ends_it(table: Table):
    house(table, "a")
    contain(table, door("a"))

    def somebody_else(_now) -> None:
        table.journal.take_up("r1", Holder.current(), {"operator": {}})

    with pytest.raises(RefusedError, match="took over"):
        watch(table, 1, waited=somebody_else)
    assert looks(table, "a") == ["held"]


def test_a_run_that_somebody_plays_is_not_watched_unasked(table: Table, monkeypatch):
    house(table, "a")
    contain(table, door("a"))
    table.journal.take_up("r1", replace(Holder.current(), pid=1, user="grace"), {"operator": {}})
    monkeypatch.setattr(Holder, "alive", lambda _self: True)
    with pytest.raises(RefusedError, match="grace") as refused:
        watch(table)
    assert "respond watch r1 --take-over" in refused.value.next_step
    assert watch(table, take_over=True).looks == 1


def test_a_run_that_stopped_half_way_is_watched_and_still_resumed(table: Table):
    house(table, "a", "b")
    table.world.faults["shut b"].append(fail(DeniedError("doors", "shut", "no")))
    assert not table.start(playbook(door("a"), door("b"))).outcome
    table.world.things["a"]["state"] = "open"

    watch(table)

    assert doors(table) == {"a": "shut", "b": "open"}
    assert table.resume(Watcher()).outcome == "succeeded"
    assert doors(table) == {"a": "shut", "b": "shut"}


@pytest.mark.parametrize(
    ("hours", "count", "last"), [(0.5, 2, 0.5), (1, 3, 1), (36, 11, 36), (5, 6, 5), (0.01, 1, 0.01)]
)
def test_looks_grow_rarer_and_the_last_is_at_the_very_end(hours: float, count: int, last: float):
    dues = schedule(timedelta(hours=hours))
    assert len(dues) == count
    assert dues[-1] == timedelta(hours=last)
    assert list(dues) == sorted(set(dues))
