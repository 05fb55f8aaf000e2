"""Playing a run in front of a person: the live screen, Ctrl-C, the end screen, the exit code."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from responder.cli.audit_checkpoint import at_the_end_of_a_run
from responder.cli.desk import Desk, consoles
from responder.cli.screen import end_screen, screen_for
from responder.errors import Exit
from responder.report.summary import summarise

if TYPE_CHECKING:
    from responder.action import Connections
    from responder.engine import Engine, RunState
    from responder.journal import Journal
    from responder.report.summary import Summary


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
    with screen_for(err, plain=desk.verbose) as screen:
        state = begin(desk.engine(journal, connections, screen))
    summary = summarise(state)
    out.print(end_screen(summary))
    at_the_end_of_a_run(desk, journal, connections, err)
    return exit_code(summary)


def exit_code(summary: "Summary") -> Exit:
    over = summary.outcome in ("succeeded", "undone")
    return Exit.DONE if over and summary.contained else Exit.INCOMPLETE
