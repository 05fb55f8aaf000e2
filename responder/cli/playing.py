"""Playing a run in front of a person: the live screen, Ctrl-C, the end screen, the exit code."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from responder.cli.audit_checkpoint import at_the_end_of_a_run
from responder.cli.desk import Desk, consoles
from responder.cli.screen import end_screen, screen_of
from responder.errors import Exit
from responder.report.summary import summarise

if TYPE_CHECKING:
    from responder.action import Connections
    from responder.cli.screen import Screen
    from responder.engine import Engine, RunState
    from responder.journal import Journal
    from responder.report.summary import Summary


@dataclass(frozen=True)
class Stage:
    """All that a run needs, made before anybody confirms it: afterwards nothing is to be waited for."""

    desk: Desk
    journal: "Journal"
    connections: "Connections"
    screen: "Screen"
    engine: "Engine"

    @classmethod
    def set_up(cls, desk: Desk, journal: "Journal", connections: "Connections", *, resuming: bool) -> "Stage":
        screen = screen_of(desk, consoles()[1])
        engine = desk.engine(journal, connections, screen, key_exists=resuming)
        return cls(desk, journal, connections, screen, engine)

    def play(self, begin: "Callable[[Engine], RunState]", run: str) -> int:
        """Play to the end or until nothing more can be done; gives the exit code."""
        out, _ = consoles()
        self.desk.tell("run", f"Run {run}: killed at any moment, it goes on with `respond resume {run}`.")
        with self.screen:
            state = begin(self.engine)
        summary = summarise(state)
        out.print(end_screen(summary))
        at_the_end_of_a_run(self.desk, self.journal, self.connections)
        return exit_code(summary)


def exit_code(summary: "Summary") -> Exit:
    over = summary.outcome in ("succeeded", "undone")
    return Exit.DONE if over and summary.contained else Exit.INCOMPLETE
