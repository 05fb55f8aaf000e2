"""`respond run setup`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from responder.cli.desk import Desk, consoles
from responder.errors import Exit, InputError

if TYPE_CHECKING:
    from responder.action import Connections
    from responder.exposure import Exposure
    from responder.inventory import Inventory
    from responder.journal import Journal
    from responder.setup import Asked

PLAYBOOK: Final = "setup"


@click.command()
@click.option(
    "--dotenv",
    "files",
    multiple=True,
    metavar="ENVIRONMENT=FILE",
    help="The values of an environment's Modal Secret: a file outside the repository. Once for each.",
)
@click.option(
    "--reviewer", "reviewers", multiple=True, metavar="LOGIN", help="Who must approve deployments to prod."
)
@click.option("--dry-run", is_flag=True, help="Show the plan, and stop there.")
@click.option("--yes", is_flag=True, help="Do not ask. For automation.")
@click.pass_obj
def setup(desk: Desk, files: tuple[str, ...], reviewers: tuple[str, ...], *, dry_run: bool, yes: bool) -> int:
    """Make what respond.toml describes: environments, identities, secrets, protection.

    What is there already stays as it is, and a second start changes nothing. Begin with
    `respond inventory discover`, or with a copy of the example; then name in --dotenv, for each environment,
    the file that has what its Modal Secret is to hold. Its AWS key is made here, and no file needs it.
    """
    from responder import setup as wanting  # noqa: PLC0415  # not for --help

    inventory = desk.load_inventory()
    named = _by_environment(files, wanting.environments_of(inventory))
    asked = wanting.Asked(wanting.read_values(named), reviewers)
    desk.start_logging()
    with desk.journal(new=True) as journal, desk.connections() as connections:
        return _play(desk, journal, connections, inventory, asked, dry_run=dry_run, yes=yes)


def _by_environment(files: tuple[str, ...], known: tuple[str, ...]) -> Mapping[str, Path]:
    found: dict[str, Path] = {}
    for given in files:
        environment, equals, path = given.partition("=")
        if not (equals and path):
            raise InputError(f"--dotenv {given}: which environment?", next_step="--dotenv prod=~/prod.env")
        if environment not in known:
            raise InputError(
                f"respond.toml names no environment {environment}.", next_step=f"It names {', '.join(known)}."
            )
        found[environment] = Path(path).expanduser()
    return found


def _play(
    desk: Desk,
    journal: "Journal",
    connections: "Connections",
    inventory: "Inventory",
    asked: "Asked",
    *,
    dry_run: bool,
    yes: bool,
) -> int:
    from responder.cli.confirm import confirm  # noqa: PLC0415
    from responder.cli.operator import operator  # noqa: PLC0415
    from responder.cli.playing import Stage, fresh_run, load_playbook, plan  # noqa: PLC0415
    from responder.cli.screen import plan_screen  # noqa: PLC0415
    from responder.engine import Order  # noqa: PLC0415
    from responder.journal.store import utcnow  # noqa: PLC0415

    out, err = consoles()
    began_at = utcnow()
    name, text, playbook = load_playbook(PLAYBOOK)
    with err.status("Looking at what is there …"):
        exposure = _lacking(connections, inventory, asked)
        if exposure.baseline.is_met:
            out.print("All that respond.toml describes is there: nothing to do. `respond check` proves it.")
            return Exit.DONE
        order = Order(
            run=fresh_run(),
            playbook_name=name,
            playbook_text=text,
            exposure=exposure,
            options={},
            strategy=playbook.default_strategy,
            began_at=began_at,
            confirmed_at=began_at,
            confirmed_by="",
            operator=operator(connections),
        )
        planned = plan(playbook, order, connections)
    out.print(plan_screen(planned, order.strategy, playbook.strategies[order.strategy]))
    if dry_run:
        out.print("Nothing was changed: --dry-run stops here.")
        return Exit.DONE
    stage = Stage.set_up(desk, journal, connections, resuming=False)
    confirmed_by = "--yes" if yes else confirm(exposure.environments(), inventory.guarded_environments)
    confirmed = replace(order, confirmed_at=utcnow(), confirmed_by=confirmed_by)
    return stage.play(lambda engine: engine.start(confirmed), order.run)


def _lacking(connections: "Connections", inventory: "Inventory", asked: "Asked") -> "Exposure":
    from responder.discover import Survey  # noqa: PLC0415
    from responder.journal.store import utcnow  # noqa: PLC0415
    from responder.setup import wanted  # noqa: PLC0415

    discovered = Survey(connections, inventory.repositories).result()
    return wanted(connections, inventory, discovered, asked, utcnow())
