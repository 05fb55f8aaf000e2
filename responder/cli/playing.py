"""Playing a run in front of a person: its plan, the live screen, Ctrl-C, the end screen, the exit code."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from responder.action import Actions
from responder.cli.audit_checkpoint import at_the_end_of_a_run
from responder.cli.desk import Desk, consoles
from responder.cli.end_screen import end_screen
from responder.cli.live import screen_of
from responder.cli.review_screen import at_the_end
from responder.engine import plan_steps
from responder.errors import Exit
from responder.journal.store import utcnow
from responder.playbook import expand, load, read
from responder.report.summary import summarise
from responder.review.reading import review_steps, seen

if TYPE_CHECKING:
    from responder.action import Connections
    from responder.cli.live import Screen
    from responder.engine import Engine, Order, PlannedStep, RunState
    from responder.journal import Journal
    from responder.playbook import Playbook
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
        state = self.perform(begin, run)
        summary = summarise(state)
        out.print(end_screen(summary))
        if review_steps(state):
            out.print(at_the_end(run, seen(state)))
        at_the_end_of_a_run(self.desk, self.journal, self.connections)
        return exit_code(summary)

    def perform(self, begin: "Callable[[Engine], RunState]", run: str) -> "RunState":
        """As `play`, and whoever calls says how it ended."""
        self.desk.tell("run", f"Run {run}: killed at any moment, it goes on with `respond resume {run}`.")
        with self.screen:
            return begin(self.engine)


def exit_code(summary: "Summary") -> Exit:
    over = summary.outcome in ("succeeded", "undone")
    return Exit.DONE if over and summary.contained else Exit.INCOMPLETE


def load_playbook(name_or_path: str) -> "tuple[str, str, Playbook]":
    """Its file's name, its text, and what that says."""
    name, text = read(name_or_path)
    return name, text, load(name, text, Actions())


def fresh_run() -> str:
    """A name for a run that nobody has."""
    return "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(8))


def plan(playbook: "Playbook", order: "Order", connections: "Connections") -> "Sequence[PlannedStep]":
    """What the run would do, by read-only calls."""
    return plan_steps(expand(playbook, order.setting), order.setting, Actions(), connections, utcnow)
