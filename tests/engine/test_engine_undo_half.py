"""What a step took by halves is given back whole."""

import pytest
from contained import contain, door, doors, house, stop_before, undone
from fakes.doors.actions import Cut
from fakes.world import Crash
from table import Table, playbook

from responder.action import NotDone
from responder.engine import UNDONE


def test_what_is_only_half_taken_is_not_called_given_back(table: Table):
    house(table, "a")
    contain(table, door("a"))
    table.world.things["a"]["state"] = "locked for some"  # which `probe` calls not done
    assert undone(table).outcome == UNDONE
    assert doors(table) == {"a": "open"}


def test_what_a_step_had_half_taken_when_it_was_killed_is_given_back(table: Table):
    house(table, "a")
    stop_before(table, "shut a")
    with pytest.raises(Crash):
        table.start(playbook(door("a")))
    table.world.things["a"]["state"] = "locked for some"
    assert undone(table).outcome == UNDONE
    assert doors(table) == {"a": "open"}


def test_what_a_killed_step_made_is_looked_for_even_where_the_probe_says_not_done(table: Table, monkeypatch):
    house(table, "a")
    stop_before(table, "cut a")
    with pytest.raises(Crash):
        table.start(playbook(door("key", uses="doors.cut_key", phase="rotate", door="a")))
    monkeypatch.setattr(Cut, "probe", lambda *_: NotDone("half a key is none"))
    assert undone(table).outcome == UNDONE
    assert "key-a" not in table.world.things


@pytest.mark.parametrize("again", ["shut a", ""], ids=["killed again", "done"])
def test_what_comes_back_is_what_the_first_of_several_intents_saw(table: Table, again: str):
    house(table, "a")
    stop_before(table, "shut a")
    with pytest.raises(Crash):
        table.start(playbook(door("a")))
    table.world.things["a"]["state"] = "locked for some"
    if again:
        stop_before(table, again)
        with pytest.raises(Crash):
            table.resume()
    else:
        assert table.resume().outcome == "succeeded"
    assert undone(table).outcome == UNDONE
    assert doors(table) == {"a": "open"}
