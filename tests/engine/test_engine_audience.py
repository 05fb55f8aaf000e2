"""Who watches a run, and what a log is written to, may break: containment goes on."""

import sys

import pytest
from contained import contain, door, doors, house, undone, watch
from table import Table, Watcher, playbook, step

from responder import logs


class Broken(Watcher):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def begin(self, state: object) -> None:  # noqa: ARG002
        raise self._error

    def event(self, event: object) -> None:  # noqa: ARG002
        raise self._error

    def progress(self, step: str, text: str) -> None:  # noqa: ARG002
        raise self._error


class ClosedStream:
    def write(self, _text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError

    def isatty(self) -> bool:
        return False


BREAKS = pytest.mark.parametrize(
    "error", [BrokenPipeError(), SystemExit(1), ValueError("I/O operation on closed file")], ids=repr
)


@BREAKS
def test_a_watcher_who_is_gone_stops_no_step(table: Table, error: BaseException):
    state = table.start(playbook(step("a"), step("b", "a"), step("c")), Broken(error))
    assert state.outcome == "succeeded"
    assert set(table.world.things) == {"a", "b", "c"}


@BREAKS
def test_a_watcher_who_is_gone_stops_no_undo(table: Table, error: BaseException):
    house(table, "a", "b")
    contain(table, door("a"), door("b", "a"))
    undone(table, watcher=Broken(error))
    assert doors(table) == {"a": "open", "b": "open"}


@pytest.fixture
def closed_log():
    logs.configure(stream=ClosedStream())
    yield
    logs.configure(stream=sys.stderr)


@pytest.mark.usefixtures("closed_log")
def test_a_log_that_cannot_be_written_stops_neither_run_nor_undo_nor_watch(table: Table):
    def mistake() -> None:
        raise ZeroDivisionError

    house(table, "a", "b")
    table.world.faults["shut b"].append(mistake)
    table.start(playbook(door("a"), door("b")))
    assert table.resume().outcome == "succeeded"
    table.world.things["a"]["state"] = "open"
    assert watch(table, 1).results == {"re-applied", "held"}
    undone(table)
    assert doors(table) == {"a": "open", "b": "open"}
