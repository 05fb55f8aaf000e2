"""A run of which all is known that it is about: its plan is shown, confirmed, and played."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from responder.cli import superseding
from responder.cli.confirm import confirm
from responder.cli.desk import Desk, consoles
from responder.cli.operator import operator
from responder.cli.plan_screen import plan_screen
from responder.cli.playing import Stage, fresh_run, load_playbook, plan
from responder.engine import Order
from responder.errors import Exit
from responder.journal.store import utcnow

if TYPE_CHECKING:
    from rich.console import Console

    from responder.action import Connections
    from responder.exposure import Exposure
    from responder.inventory import Inventory


@dataclass(frozen=True)
class Prepared:
    """`about` says what the run is about, by read-only calls; None where there is nothing to do."""

    playbook: str
    about: "Callable[[Connections, datetime], Exposure | None]"
    options: Mapping[str, str | None]
    nothing: str  # what is said then
    dry_run: bool
    yes: bool
    strategy: str = ""  # the playbook's default where none is chosen
    before_rotations: bool = False  # those under way of the same end, as for a leak

    def play(self, desk: Desk, inventory: "Inventory") -> int:
        """Gives the exit code."""
        desk.start_logging()
        with desk.journal(new=True, read_only=self.dry_run) as journal, desk.connections() as connections:
            out, err = consoles()
            began_at = utcnow()
            name, text, playbook = load_playbook(self.playbook)
            with err.status("Looking at what is there …"):
                exposure = self.about(connections, began_at)
                if exposure is None:
                    out.print(self.nothing)
                    return Exit.DONE
                order = Order(
                    run=fresh_run(),
                    playbook_name=name,
                    playbook_text=text,
                    exposure=exposure,
                    options=self.options,
                    strategy=self.strategy or playbook.default_strategy,
                    began_at=began_at,
                    confirmed_at=began_at,
                    confirmed_by="",
                    operator=operator(connections),
                )
                planned = plan(playbook, order, connections)
            about = {name for one in exposure.leaked() for name in (one.credential, one.identifier)}
            ended = superseding.rotations(journal, about) if self.before_rotations else []
            for line in superseding.told(ended):
                out.print(line, style="bold yellow", markup=False)
            meaning = playbook.strategies[order.strategy]
            out.print(plan_screen(planned, order.strategy, meaning, whole=desk.verbose))
            if self.dry_run:
                tell_what_is_left(out, exposure.access.by_hand)
                out.print("Nothing was changed: --dry-run stops here.")
                return Exit.DONE
            stage = Stage.set_up(desk, journal, connections, resuming=False)
            touched, guarded = exposure.environments(), inventory.guarded_environments
            confirmed_by = "--yes" if self.yes else confirm(touched, guarded)
            confirmed = replace(order, confirmed_at=utcnow(), confirmed_by=confirmed_by)
            superseding.end_all(stage.engine, ended, dict(order.operator))
            return stage.play(lambda engine: engine.start(confirmed), order.run)


def tell_what_is_left(out: "Console", by_hand: Sequence[str]) -> None:
    """What is to be typed is not wrapped, so that it can be copied."""
    if by_hand:
        out.print("Left to you:", style="bold")
    for number, one in enumerate(by_hand, 1):
        first, *typed = one.splitlines()
        out.print(f"{number}. {first}", markup=False, soft_wrap=not typed)
        for line in typed:
            out.print(f"   {line}", markup=False, soft_wrap=True)
