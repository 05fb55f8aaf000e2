"""`respond rotate`: replace what is due, without an outage."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from responder.cli.desk import Desk
from responder.errors import InputError, RespondError

if TYPE_CHECKING:
    from responder.inventory import Inventory


@click.command()
@click.argument("names", nargs=-1, metavar="[CREDENTIAL]…")
@click.option("--due", is_flag=True, help="Only what is older than its max_age; safe to start every hour.")
@click.option("--all", "everything", is_flag=True, help="All that a run can replace, however old.")
@click.option(
    "--redeploy",
    type=click.Choice(["workflow", "direct"]),
    default="workflow",
    help="By the repository's own workflow, or from here when that way is broken.",
)
@click.option("--delete-key", metavar="AKIA…", help="The key to delete where a user already has two.")
@click.option("--dry-run", is_flag=True, help="Show the plan, and stop there.")
@click.option("--yes", is_flag=True, help="Do not ask. For automation.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output, for a job.")
@click.pass_obj
def rotate(
    desk: Desk,
    names: Sequence[str],
    redeploy: str,
    delete_key: str | None,
    *,
    due: bool,
    everything: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Replace credentials of respond.toml without an outage: the old one works until the fresh one is proven.

    One run a credential: create, distribute, redeploy, prove, wait out the overlap, retire. With --due, a
    start that was killed goes on at the next one, and so does an overlap that is longer than a minute. For
    what has leaked there is `respond leak`.
    """
    from responder.cli.rotated import failure, tell  # noqa: PLC0415  # not for --help
    from responder.cli.rotating import Asked, play  # noqa: PLC0415
    from responder.journal.store import utcnow  # noqa: PLC0415

    try:
        _check(names, due=due, everything=everything)
        desk.start_logging()
        inventory = desk.load_inventory()
        chosen = _chosen(inventory, names, everything=everything)
        options = {"redeploy": redeploy, "delete_key": delete_key}
        asked = Asked(chosen, options, due=due, dry_run=dry_run, yes=yes, as_json=as_json)
        with desk.journal(new=True) as journal:
            return tell(desk, play(desk, journal, inventory, asked, utcnow()), as_json=as_json)
    except RespondError as error:
        if as_json:
            click.echo(failure(error))
        raise


def _check(names: Sequence[str], *, due: bool, everything: bool) -> None:
    if not (names or due or everything):
        raise InputError(
            "Nothing was named.",
            next_step="`respond rotate NAME` replaces one, `respond rotate --due` what is due; "
            "`respond inventory show` has the names.",
        )
    if everything and (names or due):
        raise InputError("--all goes with neither names nor --due.", next_step="Give one of these.")


def _chosen(inventory: "Inventory", names: Sequence[str], *, everything: bool) -> tuple[str, ...]:
    from responder.inventory.errors import nearest  # noqa: PLC0415
    from responder.rotation import REPLACEABLE, by_hand  # noqa: PLC0415

    known = inventory.credentials
    for name in names:
        if name not in known:
            raise InputError(
                f"There is no credential `{name}` in {inventory.path}.", next_step=nearest(name, known)
            )
        if known[name].kind not in REPLACEABLE:
            raise InputError(
                f"No run can make a fresh {known[name].kind}: {name} is replaced by hand.",
                next_step=f"To do so: {by_hand(known[name])}",
            )
    if names:
        return tuple(dict.fromkeys(names))
    limited = (one for one in known.values() if everything or one.max_age is not None)
    return tuple(one.name for one in limited if one.kind in REPLACEABLE)
