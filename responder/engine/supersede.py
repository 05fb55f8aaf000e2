"""The end of a rotation whose credential has leaked meanwhile: the run that contains the leak comes first."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from responder.action import Json
from responder.engine.ending import end
from responder.engine.hands import take_up
from responder.engine.state import RunState, fold

if TYPE_CHECKING:
    from responder.engine.run import Engine

SUPERSEDED: Final = "superseded"


def supersede(engine: "Engine", run: str, *, operator: Mapping[str, str]) -> RunState:
    """Take the run over, even from a process that is at it, and end it where it stands.

    What it has made is for who calls to contain: its secrets are shredded here.

    Raises:
        RefusedError: somebody else took it up at the same instant.
        UnavailableError: the journal cannot be written.
    """
    data: dict[str, Json] = {"version": engine.version, "operator": dict(operator)}
    writer = take_up(engine.journal, run, data, take_over=True, by="leak")
    return end(fold(run, engine.journal.events(run)), engine.seals, writer.append, SUPERSEDED)
