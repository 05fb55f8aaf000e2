"""`respond run setup`."""

import os
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from responder.cli.desk import Desk, consoles
from responder.errors import InputError

if TYPE_CHECKING:
    from responder.action import Connections
    from responder.exposure import Exposure
    from responder.inventory import Inventory

NOTHING: Final = "All that respond.toml describes is there: nothing to do. `respond check` proves it."
_BEGIN: Final = (
    "Where nothing is yet: respond run setup --repository OWNER/NAME --dotenv dev=FILE --dotenv prod=FILE "
    "--reviewer LOGIN. Where something is, draft it from that: respond inventory discover"
)


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
@click.option(
    "--repository",
    metavar="OWNER/NAME",
    help="Where no respond.toml is yet: write one, for this repository and the environments of --dotenv.",
)
@click.option(
    "--ci",
    default="",
    metavar="REQUIREMENT",
    help="Write rotate.yml and check.yml too, and make their environments. They install respond from this: "
    "git+https://HOST/OWNER/respond@COMMIT.",
)
@click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The checkout that files are written into; otherwise the one here, if respond.toml is in it.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan, and stop there.")
@click.option("--yes", is_flag=True, help="Do not ask. For automation.")
@click.pass_obj
def setup(
    desk: Desk,
    files: tuple[str, ...],
    reviewers: tuple[str, ...],
    repository: str | None,
    ci: str,
    project: Path | None,
    *,
    dry_run: bool,
    yes: bool,
) -> int:
    """Make what respond.toml describes: environments, identities, secrets, protection, the workflow.

    What is there already stays as it is, and a second start changes nothing. Without a respond.toml, one is
    written with --repository; where credentials are in use already, begin with `respond inventory discover`.
    Name in --dotenv, for each environment, the file that has what its Modal Secret is to hold. Its AWS key is
    made here, and no file needs it.
    """
    from responder import setup as wanting  # noqa: PLC0415  # not for --help
    from responder.cli.prepared import Prepared, tell_what_is_left  # noqa: PLC0415
    from responder.discover import Survey  # noqa: PLC0415

    folder = wanting.toplevel(Path.cwd()) or Path.cwd() if project is None else project.absolute()
    named = _by_environment(files)
    inventory, drafted = _inventory(desk, repository, tuple(named), folder)
    _refuse_unknown(named, wanting.environments_of(inventory))
    has_it = inventory.path is not None and inventory.path.resolve().is_relative_to(folder.resolve())
    place = wanting.Project(folder if project or has_it else None, drafted, ci)
    asked = wanting.Asked(wanting.read_values(named), reviewers, place)
    left: list[str] = []

    def about(connections: "Connections", now: datetime) -> "Exposure | None":
        discovered = Survey(connections, inventory.repositories).result()
        lacking = wanting.wanted(connections, inventory, discovered, asked, now)
        left.extend(lacking.access.by_hand if lacking.baseline.is_met else ())
        return None if lacking.baseline.is_met else lacking

    code = Prepared("setup", about, {}, NOTHING, dry_run, yes).play(desk, inventory)
    tell_what_is_left(consoles()[0], left)
    return code


def _inventory(
    desk: Desk, repository: str | None, environments: tuple[str, ...], folder: Path
) -> "tuple[Inventory, str]":
    """And its text, where it is still to be written."""
    from responder.inventory import FILE_NAME, VARIABLE, Inventory, NoInventoryError  # noqa: PLC0415
    from responder.setup.draft import drafted  # noqa: PLC0415

    try:
        inventory = desk.load_inventory()
    except NoInventoryError as error:
        if desk.inventory or os.environ.get(VARIABLE):  # it is named, and is not there
            raise
        if not repository:
            raise NoInventoryError(error.what, next_step=_BEGIN) from None
        text = drafted(repository, environments, folder, partial(_default_branch, desk))
        return Inventory.read(folder / FILE_NAME, text), text
    if repository and repository != inventory.repository:
        raise InputError(
            f"{inventory.path} is there, and its repository is {inventory.repository or 'none'}.",
            next_step="Leave --repository out, or change it in that file.",
        )
    return inventory, ""


def _default_branch(desk: Desk, repository: str) -> str:
    from responder.providers.github.branches import default_branch  # noqa: PLC0415

    with desk.connections() as connections, consoles()[1].status("Asking GitHub …"):
        return default_branch(connections, repository)


def _by_environment(files: tuple[str, ...]) -> Mapping[str, Path]:
    found: dict[str, Path] = {}
    for given in files:
        environment, equals, path = given.partition("=")
        if not (environment and equals and path):
            raise InputError(f"--dotenv {given}: which environment?", next_step="--dotenv prod=~/prod.env")
        if environment in found:
            raise InputError(
                f"--dotenv names two files for {environment}.", next_step="One file for each environment."
            )
        found[environment] = Path(path).expanduser()
    return found


def _refuse_unknown(named: Mapping[str, Path], known: tuple[str, ...]) -> None:
    for environment in named:
        if environment not in known:
            raise InputError(
                f"respond.toml names no environment {environment}.", next_step=f"It names {', '.join(known)}."
            )
