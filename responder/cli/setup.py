"""`respond run setup`."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from responder.cli.desk import Desk
from responder.errors import InputError

if TYPE_CHECKING:
    from responder.action import Connections
    from responder.exposure import Exposure

NOTHING: Final = "All that respond.toml describes is there: nothing to do. `respond check` proves it."


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
    from responder.cli.prepared import Prepared  # noqa: PLC0415
    from responder.discover import Survey  # noqa: PLC0415

    inventory = desk.load_inventory()
    named = _by_environment(files, wanting.environments_of(inventory))
    asked = wanting.Asked(wanting.read_values(named), reviewers)

    def about(connections: "Connections", now: datetime) -> "Exposure | None":
        discovered = Survey(connections, inventory.repositories).result()
        lacking = wanting.wanted(connections, inventory, discovered, asked, now)
        return None if lacking.baseline.is_met else lacking

    return Prepared("setup", about, {}, NOTHING, dry_run, yes).play(desk, inventory)


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
        if environment in found:
            raise InputError(
                f"--dotenv names two files for {environment}.", next_step="One file for each environment."
            )
        found[environment] = Path(path).expanduser()
    return found
