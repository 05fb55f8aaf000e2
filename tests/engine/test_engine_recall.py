"""What an undo and a watch find again of steps that are over, nested values and earlier versions included."""

from dataclasses import replace
from datetime import timedelta

import pytest
from contained import LEAKED, contain, door, doors, house, leaked, planned, stop_before, undone, watch
from fakes.doors.actions import Shut
from fakes.world import Crash
from nested import FindListed, ListForGood, ListForNow, ShutWithAll
from table import Table, Ticking, playbook

from responder.action import Actions, Done, NotDone, Nothing
from responder.engine import Watch
from responder.engine.recall import made_identifiers, ours
from responder.errors import DeniedError, InterruptedRunError, UnreachableError
from responder.exposure import LeakedAccessKey
from responder.journal import EventKind, Holder, Journal
from responder.secret import Secret


def bunch(table: Table) -> ShutWithAll:
    """Adds the action to the table's, and leaves the run unfinished, so that its secrets are still there."""
    action = ShutWithAll()
    table.actions = {**Actions("fakes"), "doors.shut": action}
    table.exposure = LEAKED
    house(table, "front", "b")
    table.world.faults["brick b"].append(raising(DeniedError("doors", "brick", "no")))
    secret = "${{ each.secret }}"
    given = {"door": "${{ each.credential }}", "keys": {"one": secret, "two": "in clear"}, "others": [secret]}
    table.start(playbook({**leaked("shut"), "with": given}, door("b", uses="doors.brick")))
    assert doors(table) == {"front": "shut", "b": "open"}
    action.heard.clear()
    return action


def raising(error: BaseException):
    def strike() -> None:
        raise error

    return strike


IN_CLEAR = [LEAKED.access_keys[0].secret.reveal(), "in clear", LEAKED.access_keys[0].secret.reveal()]


def test_secrets_in_mappings_and_lists_are_had_back_for_an_undo(table: Table):
    action = bunch(table)
    undone(table, "AKIAFRONT")
    assert doors(table)["front"] == "open"
    assert action.heard
    assert all(heard == IN_CLEAR for heard in action.heard)


def test_secrets_in_mappings_and_lists_are_had_back_for_a_watch(table: Table):
    action = bunch(table)
    watch(table)
    assert action.heard == [IN_CLEAR]


def test_an_input_whose_nested_secrets_were_shredded_is_said_to_be_beyond_a_look(table: Table):
    bunch(table)
    assert table.resume().outcome == "succeeded"
    kept = Watch(table.engine(), "r1", lambda _leaked, _ours: (), table.clock.advance)
    assert kept.unseen == {"Shut shut (front)": "it takes a secret that was shredded when the run ended"}


def listing(name: str = "made"):
    return {"id": name, "title": name, "phase": "rotate", "uses": "doors.list", "with": {}}


def test_whatever_a_run_made_is_no_stranger_wherever_in_its_output_it_stands(table: Table):
    table.exposure = LEAKED
    table.actions = {**Actions("fakes"), "doors.list": ListForGood()}
    house(table, "front")
    contain(table, leaked("shut"), listing())
    heard = []
    watch(table, strangers=lambda _leaked, ours: heard.append(ours) or ())
    [ours] = heard
    assert {"in-a-list", "in-a-mapping", "AKIAFRONT", "AKIAOTHER"} <= ours
    assert Secret("canary-list-abcdefgh").fingerprint not in ours


def test_what_a_step_found_to_be_there_already_is_not_taken_for_what_the_run_made(table: Table):
    table.actions = {**Actions("fakes"), "doors.list": FindListed()}
    contain(table, listing())
    assert "in-a-list" not in ours(table.journal, table.clock.now)


def test_what_was_made_and_could_not_be_proven_is_ours_too(table: Table):
    action = ListForGood()
    action.verify = lambda *_: NotDone("not listed yet")
    action.settle = 0.0
    table.actions = {**Actions("fakes"), "doors.list": action}
    table.start(playbook(listing()))
    assert table.state().steps["made"].status == "failed"
    assert "in-a-list" in ours(table.journal, table.clock.now)


def test_what_is_ours_is_read_at_once_and_no_run_for_itself_however_many_there_are(table: Table, monkeypatch):
    table.exposure = LEAKED
    table.actions = {**Actions("fakes"), "doors.list": ListForGood()}
    house(table, "front")
    contain(table, leaked("shut"), listing())

    def one_by_one(*_: object):
        raise AssertionError

    monkeypatch.setattr(Journal, "iterate", one_by_one)
    assert {"in-a-list", "in-a-mapping"} <= ours(table.journal, table.clock.now)
    assert made_identifiers(table.journal) <= ours(table.journal, table.clock.now)


def test_our_requests_are_known_from_the_time_that_is_asked_for(table: Table):
    began = table.clock.now
    table.actions = {**Actions("fakes"), "doors.list": ListForGood()}
    contain(table, listing())
    writer = table.journal.take_up("r1", Holder.current(), {"operator": {}})
    data = {"result": "held", "detail": "", "strangers": [], "requests": [{"asked": "x:Y", "id": "req-1"}]}
    writer.append(EventKind.STEP_CHECKED, step="made", attempt=1, data=data)
    assert "req-1" in ours(table.journal, began)
    assert "req-1" not in ours(table.journal, table.clock.now + timedelta(days=2))


def test_an_output_that_holds_a_shredded_secret_in_a_list_is_not_undone_on_a_guess(table: Table):
    table.actions = {**Actions("fakes"), "doors.list": ListForNow()}
    contain(table, listing())
    [stays] = planned(table).stays
    assert "shredded" in stays.why


def test_a_spare_key_of_the_same_credential_stays_contained_when_only_the_other_is_named(table: Table):
    first = LEAKED.access_keys[0]
    spare: LeakedAccessKey = first.model_copy(update={"identifier": "AKIASPARE", "spare": True})
    table.exposure = LEAKED.model_copy(update={"access_keys": (first, spare)})
    house(table, "AKIAFRONT", "AKIASPARE")
    step = leaked("shut")
    contain(table, {**step, "with": {"door": "${{ each.identifier }}"}})
    assert doors(table) == {"AKIAFRONT": "shut", "AKIASPARE": "shut"}

    assert undone(table, "AKIAFRONT").outcome == "partly undone"
    assert doors(table) == {"AKIAFRONT": "open", "AKIASPARE": "shut"}

    assert undone(table, "AKIASPARE").outcome == "undone"
    assert doors(table) == {"AKIAFRONT": "open", "AKIASPARE": "open"}


def test_a_success_of_an_earlier_version_that_does_not_say_what_it_did_it_to_is_named_and_not_guessed(
    table: Table,
):
    house(table, "a", "b")
    stop_before(table, "probe a")
    with pytest.raises(Crash):
        table.start(playbook(door("a"), door("b", "a")))
    writer = table.journal.take_up("r1", Holder.current(), {"operator": {}})
    data = {"action": "doors.shut", "output": {}, "evidence": "a is shut", "applied": False}
    writer.append(EventKind.STEP_SUCCEEDED, step="a", attempt=1, data=data)
    writer.append(EventKind.STEP_SUCCEEDED, step="b", attempt=1, data={**data, "input": {"door": "b"}})
    kept = Watch(table.engine(), "r1", lambda _leaked, _ours: (), table.clock.advance)
    assert kept.unseen == {"Shut a": "the journal does not say what it was done to"}
    kept.keep((), operator={})
    assert {step: len(it.looks) for step, it in table.state().steps.items()} == {"a": 0, "b": 1}


def test_what_is_not_done_yet_is_named_by_a_watch_and_the_rest_is_looked_at(table: Table):
    house(table, "a", "b")
    table.world.faults["shut a"].append(raising(DeniedError("doors", "shut", "no")))
    table.start(playbook(door("a"), door("b")))
    kept = Watch(table.engine(), "r1", lambda _leaked, _ours: (), table.clock.advance)
    assert kept.unseen == {"Shut a": "it is not done yet; `respond resume r1` goes on with it"}
    kept.keep((), operator={})
    assert {step: len(it.looks) for step, it in table.state().steps.items()} == {"a": 0, "b": 1}


def test_a_look_asks_again_while_the_service_does_not_answer_and_gives_up_in_time(table: Table):
    house(table, "a")
    contain(table, door("a"))
    stopping = Ticking(table)
    down = raising(UnreachableError("doors", "probe", "no route"))
    table.world.faults["probe a"] += [down, down]
    engine = replace(table.engine(stopping=stopping), patience=5.0)
    Watch(engine, "r1", lambda _leaked, _ours: (), table.clock.advance).keep((), operator={})
    table.world.faults["probe a"] += [down] * 20
    Watch(engine, "r1", lambda _leaked, _ours: (), table.clock.advance).keep((), operator={})
    assert [look.result for look in table.state().steps["a"].looks] == ["held", "unknown"]
    assert stopping.waited == [1.0] * (2 + 5)


def test_an_undo_that_takes_a_while_to_show_is_waited_for(table: Table, monkeypatch):
    monkeypatch.setattr(Shut, "settle", 20.0)
    house(table, "a")
    contain(table, door("a"))
    real, asked = Shut.probe, []

    def late(self, call, given):
        asked.append(given.door)
        return Done(Nothing(), "a is shut") if len(asked) == 2 else real(self, call, given)

    monkeypatch.setattr(Shut, "probe", late)
    assert undone(table).outcome == "undone"
    assert len(asked) == 3
    assert table.state().steps["a"].evidence == "a is open"


def test_ctrl_c_in_the_pause_before_an_undo_is_tried_again_stops_and_claims_nothing(
    table: Table, monkeypatch
):
    house(table, "a")
    contain(table, door("a"))
    table.world.faults["undo a"].append(raising(InterruptedRunError("Stopped on request.")))
    with pytest.raises(InterruptedRunError):
        undone(table)
    assert table.kinds("a")[-1] == "step.undo_intended"
    assert undone(table).outcome == "undone"
    assert table.clock.now - table.state().started_at < timedelta(minutes=1)
