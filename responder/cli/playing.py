"""Playing a run in front of a person: the live screen, Ctrl-C, the end screen, the exit code."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from responder.cli.desk import Desk, consoles
from responder.cli.screen import LiveScreen, PlainScreen, end_screen
from responder.errors import Exit
from responder.report.summary import summarise

if TYPE_CHECKING:
    from responder.action import Connections
    from responder.engine import Engine, RunState
    from responder.journal import Journal


def play(
    desk: Desk,
    journal: "Journal",
    connections: "Connections",
    begin: "Callable[[Engine], RunState]",
    run: str,
) -> int:
    """Play to the end or until nothing more can be done; gives the exit code."""
    out, err = consoles()
    err.print(f"Run {run}: killed at any moment, it goes on with `respond resume {run}`.", style="dim")
    screen = LiveScreen(err) if err.is_terminal and not desk.verbose else PlainScreen(err)
    with screen:
        state = begin(desk.engine(journal, connections, screen))
    out.print(end_screen(summarise(state)))
    return Exit.DONE if state.outcome == "succeeded" else Exit.INCOMPLETE
