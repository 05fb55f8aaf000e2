"""`respond undo`: it was a false alarm."""

from typing import TYPE_CHECKING

import click

from responder.cli.audit_checkpoint import at_the_end_of_a_run
from responder.cli.confirm import confirm
from responder.cli.desk import Desk, consoles
from responder.cli.operator import operator
from responder.errors import Exit, InputError, RefusedError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from responder.engine import Engine, RunState, Undoing
    from responder.journal import Journal


@click.command()
@click.argument("run")
@click.option(
    "--re-enable",
    multiple=True,
    metavar="AKIA… | ak-…",
    help="A leaked credential that may live again; may be repeated. All others stay contained.",
)
@click.option("--take-over", is_flag=True, help="Even if another process may be at it: that one will stop.")
@click.option("--yes", is_flag=True, help="Do not ask. For automation.")
@click.pass_obj
def undo(desk: Desk, run: str, *, re_enable: tuple[str, ...], take_over: bool, yes: bool) -> int:
    """Give back what RUN's containment took, newest first: it was a false alarm.

    Shows first what will be given back, and what cannot be. A credential that is known to be leaked lives
    again only where --re-enable names it. Each undo is proven at the service, and RUN is over then. What was
    rotated stays. Killed at any moment, the same command goes on.
    """
    from responder.cli.end_screen import end_screen  # noqa: PLC0415  # rich: not for --help
    from responder.cli.live import PlainScreen  # noqa: PLC0415  # rich: not for --help
    from responder.engine import plan_undo  # noqa: PLC0415
    from responder.engine import undo as undone_by  # noqa: PLC0415
    from responder.engine.hands import available  # noqa: PLC0415
    from responder.report.summary import summarise  # noqa: PLC0415

    desk.start_logging()
    out, err = consoles()
    screen = PlainScreen(err)
    with desk.journal() as journal, desk.connections() as connections:
        state = _known(journal, run)
        available(journal, run, take_over=take_over, by="undo")
        engine = desk.engine(journal, connections, screen)
        named = {*re_enable, *(state.re_enabled if state.undoing else ())}
        with err.status("Looking at what can be given back …"):
            planned = plan_undo(engine, run, state, named)
        out.print(_screen(run, planned))
        if not _anything(state, planned):
            out.print("All that could be given back is given back already.")
            return Exit.DONE
        confirmed_by = "--yes" if yes else _confirmed(desk, engine, run, state)
        after = undone_by(
            engine,
            run,
            planned,
            operator=operator(connections),
            confirmed_by=confirmed_by,
            take_over=take_over,
        )
        out.print(end_screen(summarise(after)))
        at_the_end_of_a_run(desk, journal, connections)
    steps = [after.step(step) for one in planned.reversals for step in one.steps]
    return Exit.DONE if all(step.status == "undone" for step in steps) else Exit.INCOMPLETE


def _known(journal: "Journal", run: str) -> "RunState":
    from responder.engine import fold  # noqa: PLC0415

    state = fold(run, journal.events(run))
    if not state.started:
        raise InputError(f"There is no run {run}.", next_step="`respond runs` lists them.")
    return state


def _anything(state: "RunState", planned: "Undoing") -> bool:
    """Whether there is anything to do; closing a run that was not over is something.

    Raises:
        RefusedError: there is only what a person must name, or nothing that could be given back.
    """
    if planned.reversals:
        return True
    if planned.unnamed:
        names = " ".join(f"--re-enable {name}" for name in planned.unnamed)
        raise RefusedError(
            "All of it belongs to credentials that are known to be leaked: they stay contained.",
            next_step=f"To let them live again, name them: `respond undo {state.run} {names}`.",
        )
    if not state.outcome or state.undoing:
        return True
    if planned.undone:
        return False
    raise RefusedError(
        f"Run {state.run} has done nothing that could be given back.",
        next_step=f"`respond show {state.run}` shows what it did.",
    )


def _confirmed(desk: Desk, engine: "Engine", run: str, state: "RunState") -> str:
    from responder.inventory import Inventory, NoInventoryError  # noqa: PLC0415

    try:
        inventory = desk.load_inventory()
    except NoInventoryError:
        inventory = Inventory()
    return confirm(engine.order(run, state).exposure.environments(), inventory.guarded_environments)


def _screen(run: str, planned: "Undoing") -> "RenderableType":
    from rich.console import Group  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from responder.secret import redact  # noqa: PLC0415

    back, stays = Table.grid(padding=(0, 1)), Table.grid(padding=(0, 1))
    for table in (back, stays):
        table.add_column(justify="right", width=4)
        table.add_column(overflow="fold")
    for number, one in enumerate(planned.reversals, 1):
        lets_live = f": gives back to {' and '.join(one.enables)}" if one.enables else ""
        back.add_row(f"{number}.", f"{one.title}{lets_live}")
    for title in planned.undone:
        back.add_row("-", Text(f"{title}: given back already", style="dim"))
    for stay in planned.stays:
        stays.add_row("-", Text.assemble(f"{stay.title}: ", (redact(stay.why), "yellow")))
    head = Text(f"Undo of run {run}, newest first", style="bold")
    return (
        Group(head, back, Text("Stays as it is", style="bold"), stays) if planned.stays else Group(head, back)
    )
