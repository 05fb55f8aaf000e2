"""Two people respond to the same leak: the second is told who is on it, and never do both act."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from contained import LEAKED, door, house, leaked
from table import BEGAN, Clock, Table, playbook

from responder.engine import already_on_it
from responder.errors import DeniedError, RefusedError
from responder.exposure import Exposure, Unidentified
from responder.found import Kind
from responder.journal import EventKind, Holder

WAIT = 10.0
TEXT = playbook(leaked("shut"), door("other"))


def fail(error: Exception):
    def strike() -> None:
        raise error

    return strike


@pytest.fixture
def stopped(table: Table) -> Table:
    """A run that could not do one of its two steps."""
    table.exposure = LEAKED
    house(table, "front", "other")
    table.world.faults["shut front"].append(fail(DeniedError("doors", "shut", "no")))
    table.start(TEXT)
    return table


def second(table: Table, run: str = "r2"):
    return table.engine().start(table.order(TEXT, run=run))


def test_of_two_who_start_at_the_same_instant_exactly_one_acts(table: Table):
    table.exposure = LEAKED
    house(table, "front", "other")
    together = threading.Barrier(8, timeout=WAIT)
    tables = [Table(table.path, world=table.world, clock=Clock(), exposure=LEAKED) for _ in range(8)]
    table.world.faults["shut front"].append(fail(DeniedError("doors", "shut", "no")))  # so that it stays open

    def start(number: int) -> str:
        together.wait()
        try:
            second(tables[number], f"r{number}")
        except RefusedError as refused:
            return refused.what
        return "acted"

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(start, range(8)))
    for one in tables:
        one.journal.close()

    assert said.count("acted") == 1
    [run] = table.journal.runs()
    assert all(f"Run {run} is about AKIAFRONT" in one for one in said if one != "acted")
    assert table.world.made["shut other"] == 1


def test_the_second_is_told_who_is_on_it_since_when_and_how_far(stopped: Table):
    with pytest.raises(RefusedError) as refused:
        second(stopped)
    told = refused.value.what
    assert str(Holder.current()) in told
    assert f"since {BEGAN:%Y-%m-%d %H:%M:%S} UTC" in told
    assert "could not do: Shut shut (front); 1 of 2 steps are over" in told
    assert "respond show r1 --follow" in refused.value.next_step
    assert "respond resume r1 --take-over" in refused.value.next_step


def test_the_second_is_told_at_which_step_the_first_is(table: Table):
    table.exposure = LEAKED
    house(table, "front", "other")
    there, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        there.set()
        go_on.wait(WAIT)

    table.world.faults["shut front"].append(hang)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(table.start, playbook(leaked("shut")))
        assert there.wait(WAIT)
        with pytest.raises(RefusedError, match=r"At: Shut shut \(front\); 0 of 1 steps"):
            second(table)
        go_on.set()
        assert first.result(WAIT).outcome == "succeeded"


def test_the_second_is_told_when_nobody_is_on_it_any_more(stopped: Table, monkeypatch):
    monkeypatch.setattr(Holder, "alive", lambda _self: False)
    with pytest.raises(RefusedError, match="process is gone") as refused:
        second(stopped)
    assert "`respond resume r1` goes on" in refused.value.next_step


def test_the_second_keeps_no_secret_of_a_run_that_never_was(stopped: Table):
    with pytest.raises(RefusedError):
        second(stopped)
    rows = stopped.journal.database.rows("SELECT run, wrapped IS NULL FROM data_keys ORDER BY run")
    assert rows == [("r1", 0), ("r2", 1)]
    assert stopped.journal.runs() == ["r1"]


def test_another_credential_is_nobody_elses_business(stopped: Table):
    house(stopped, "back")
    back = LEAKED.access_keys[0].model_copy(update={"credential": "back", "identifier": "AKIABACK"})
    stopped.exposure = LEAKED.model_copy(update={"access_keys": (back,)})
    assert second(stopped).outcome == "succeeded"


def test_two_keys_of_one_credential_are_one_credential(stopped: Table):
    newer = LEAKED.access_keys[0].model_copy(update={"identifier": "AKIANEWER"})
    stopped.exposure = LEAKED.model_copy(update={"access_keys": (newer,)})
    with pytest.raises(RefusedError, match="Run r1 is about front, since"):
        second(stopped)


def test_keys_that_the_inventory_does_not_know_have_no_name_in_common(stopped: Table):
    house(stopped, "back")
    newer = LEAKED.access_keys[0].model_copy(update={"identifier": "AKIANEWER", "known": False})
    stopped.exposure = LEAKED.model_copy(update={"access_keys": (newer,)})
    assert stopped.engine().start(stopped.order(playbook(door("back")), run="r2")).outcome


def test_a_credential_that_no_provider_knows_counts_too(stopped: Table):
    found = Unidentified(kind=Kind.AWS_ACCESS_KEY, identifier="AKIAFRONT")
    stopped.exposure = Exposure(source="a test", seen_at=BEGAN, unidentified=(found,))
    with pytest.raises(RefusedError, match="AKIAFRONT"):
        stopped.engine().start(stopped.order(playbook(door("other")), run="r2"))


def test_a_run_that_is_over_is_in_nobodys_way(stopped: Table):
    assert stopped.resume().outcome == "succeeded"
    assert second(stopped).outcome == "succeeded"


def test_of_two_who_find_the_first_dead_only_one_goes_on(stopped: Table, monkeypatch):
    dead = replace(Holder.current(), pid=1, user="grace")
    stopped.journal.take_up("r1", dead, {"operator": {}})
    alive = Holder.alive
    monkeypatch.setattr(Holder, "alive", lambda self: False if self.user == "grace" else alive(self))
    real, together = stopped.journal.holder, threading.Barrier(2, timeout=WAIT)

    def holder(run: str) -> Holder:
        found = real(run)
        if found == dead:
            together.wait()  # both have found it dead
        return found

    monkeypatch.setattr(stopped.journal, "holder", holder)

    def resume(_: int) -> str:
        try:
            return stopped.resume().outcome
        except RefusedError as refused:
            return refused.what.split(":")[0]

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(resume, range(2)))

    assert said == ["Somebody took over this run", "succeeded"]
    assert stopped.world.made["shut front"] == 1
    resumed = [e for e in stopped.journal.events("r1") if e.kind is EventKind.RUN_RESUMED]
    assert len(resumed) == 2  # grace's, and one of ours
    assert stopped.clock.now < BEGAN + timedelta(minutes=1)


def test_of_hundreds_that_two_runs_are_about_a_few_are_named(stopped: Table):
    told = already_on_it(stopped.journal, "r1", [f"AKIA{number:03}" for number in range(300)]).what
    assert "is about AKIA000, AKIA001, AKIA002, AKIA003, AKIA004, AKIA005 and 294 more, since" in told
