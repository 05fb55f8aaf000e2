"""`respond review`: what was done with what leaked, looked at again; and the removal of what was left."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from responder.cli.audit_checkpoint import at_the_end_of_a_run
from responder.cli.confirm import confirm
from responder.cli.desk import Desk, consoles
from responder.cli.operator import operator
from responder.errors import Exit, InputError

if TYPE_CHECKING:
    from responder.action import Connections
    from responder.engine import Order
    from responder.journal import Journal
    from responder.review.sweep import Swept


@click.command()
@click.argument("run")
@click.option("--all", "show_all", is_flag=True, help="All that was ever seen, not only what is new.")
@click.option(
    "--remove",
    "subjects",
    multiple=True,
    metavar="SUBJECT",
    help="Delete this, as the reviews saw it: a key's id, a user's name. Again for more.",
)
@click.option("--yes", is_flag=True, help="With --remove: do not ask. For automation.")
@click.option("--take-over", is_flag=True, help="Even if another process may be at it: that one will stop.")
@click.pass_obj
def review(
    desk: Desk, run: str, *, show_all: bool, subjects: Sequence[str], yes: bool, take_over: bool
) -> int:
    """Look again at what was done with what leaked in RUN, and show what is new.

    Nothing is changed by looking, and each look is recorded. CloudTrail shows what happened up to 15 minutes
    late: look again after that, and in the days to come. Exit code 4 when there is anything new to look at,
    or something could not be read; what a service shows to nobody of your plan or rights counts once.

    With --remove, delete what you name of what was seen, as a run of its own: it is planned, confirmed and
    proven like any other.
    """
    desk.start_logging()
    with desk.journal() as journal, desk.connections() as connections:
        if run not in journal.runs():
            raise InputError(f"There is no run {run}.", next_step="`respond runs` lists them.")
        if subjects:
            return _remove(desk, journal, connections, run, subjects, yes=yes)
        return _look(desk, journal, connections, run, show_all=show_all, take_over=take_over)


def _look(
    desk: Desk,
    journal: "Journal",
    connections: "Connections",
    run: str,
    *,
    show_all: bool,
    take_over: bool,
) -> int:
    from responder.cli.live import NoScreen  # noqa: PLC0415  # rich: not for --help
    from responder.review.sweep import sweep  # noqa: PLC0415

    _, err = consoles()
    engine = desk.engine(journal, connections, NoScreen(), key_exists=True)
    with err.status("Asking the services what was done …"):
        swept = sweep(engine, run, operator=operator(connections), take_over=take_over)
    _tell(run, swept, show_all=show_all)
    at_the_end_of_a_run(desk, journal, connections)
    return Exit.DONE if swept.clean else Exit.INCOMPLETE


def _tell(run: str, swept: "Swept", *, show_all: bool) -> None:
    from responder.cli.review_screen import removal_hint, traces_screen, unread_screen  # noqa: PLC0415
    from responder.report.words import counted  # noqa: PLC0415

    out, _ = consoles()
    worth = sum(one.to_look_at for one in swept.new)
    shown = swept.seen.traces if show_all else swept.new
    out.print(traces_screen(shown))
    out.print(unread_screen(swept.seen))
    before = len(swept.seen.to_look_at) - worth
    verb = "is" if before == 1 else "are"
    of_old = f" {counted(before, 'thing')} seen before {verb} still open." if before else ""
    out.print(removal_hint(run, shown))
    out.print(f"{counted(worth, 'new thing') if worth else 'Nothing new'} to look at.{of_old}")


def _remove(
    desk: Desk,
    journal: "Journal",
    connections: "Connections",
    run: str,
    subjects: Sequence[str],
    *,
    yes: bool,
) -> int:
    from responder.cli.plan_screen import plan_screen  # noqa: PLC0415
    from responder.cli.playing import Stage, load_playbook, plan  # noqa: PLC0415
    from responder.cli.review_screen import traces_screen  # noqa: PLC0415
    from responder.journal.store import utcnow  # noqa: PLC0415
    from responder.review.eviction import PLAYBOOK  # noqa: PLC0415

    out, err = consoles()
    order = _order(desk, journal, connections, run, subjects)
    _, _, loaded = load_playbook(PLAYBOOK)
    out.print(traces_screen(order.exposure.traces))
    with err.status("Planning …"):
        planned = plan(loaded, order, connections)
    out.print(plan_screen(planned, order.strategy, loaded.strategies[order.strategy]))
    stage = Stage.set_up(desk, journal, connections, resuming=False)
    confirmed_by = "--yes" if yes else confirm((), ())
    confirmed = replace(order, confirmed_at=utcnow(), confirmed_by=confirmed_by)
    return stage.play(lambda engine: engine.start(confirmed), order.run)


def _order(
    desk: Desk, journal: "Journal", connections: "Connections", run: str, subjects: Sequence[str]
) -> "Order":
    from responder.cli.material import inventory_or_none  # noqa: PLC0415
    from responder.cli.playing import fresh_run, load_playbook  # noqa: PLC0415
    from responder.engine import Order, fold  # noqa: PLC0415
    from responder.engine.recall import made_identifiers  # noqa: PLC0415
    from responder.journal.store import utcnow  # noqa: PLC0415
    from responder.review.eviction import PLAYBOOK, to_remove  # noqa: PLC0415
    from responder.review.reading import seen  # noqa: PLC0415

    _, err = consoles()
    now = utcnow()
    inventory = inventory_or_none(desk, err, "What it would know to be yours is not known.")
    known = {*inventory.names, *made_identifiers(journal)}
    name, text, loaded = load_playbook(PLAYBOOK)
    return Order(
        run=fresh_run(),
        playbook_name=name,
        playbook_text=text,
        exposure=to_remove(run, seen(fold(run, journal.events(run))), subjects, known, now),
        options={},
        strategy=loaded.default_strategy,
        began_at=now,
        confirmed_at=now,
        confirmed_by="",
        operator=operator(connections),
    )
