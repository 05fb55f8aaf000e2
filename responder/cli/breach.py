"""`respond run breach`."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from responder.cli.desk import Desk, consoles
from responder.cli.moment import moment

if TYPE_CHECKING:
    from responder.action import Connections
    from responder.breach import Platform, Stock
    from responder.exposure import Exposure

STRATEGIES = ("rotate-first", "contain-first")


def _moment(_context: object, _option: object, text: str | None) -> datetime | None:
    return moment(text) if text else None


@click.command()
@click.option(
    "--platform", type=click.Choice(["github", "modal"]), required=True, help="The one that was broken into."
)
@click.option(
    "--since",
    metavar="TIME",
    callback=_moment,
    help="When that was, 2026-01-31 or 2026-01-31T03:00, in UTC; the record says since when all was exposed.",
)
@click.option(
    "--until",
    metavar="TIME",
    callback=_moment,
    help="When it was safe again: what was made after that is left alone.",
)
@click.option(
    "--strategy",
    type=click.Choice(STRATEGIES),
    default=STRATEGIES[0],
    help="rotate-first (the default) keeps workloads up; contain-first kills every credential at once.",
)
@click.option(
    "--redeploy",
    type=click.Choice(["workflow", "direct"]),
    default="workflow",
    help="By the repository's own workflow, or from here when that way is broken or not to be trusted.",
)
@click.option(
    "--delete-key",
    metavar="AKIA…",
    help="The key to delete where a user already has two; several, of several users, with commas.",
)
@click.option("--dry-run", is_flag=True, help="Show what is exposed and the plan, and stop there.")
@click.option("--yes", is_flag=True, help="Do not ask. For automation.")
@click.pass_obj
def breach(
    desk: Desk,
    platform: "Platform",
    since: datetime | None,
    until: datetime | None,
    strategy: str,
    redeploy: str,
    delete_key: str | None,
    *,
    dry_run: bool,
    yes: bool,
) -> int:
    """A platform that holds our secrets was broken into: all that is placed on it is replaced, in one run.

    Which credentials those are stands in respond.toml: the places at GitHub and the Modal Secrets of each.
    What else is there is named, to be rotated by hand. A fresh one goes everywhere the old one was, on every
    platform; each workload is redeployed once, when it has all of its own. What fails holds up nothing else:
    `respond resume` takes it up.
    """
    from responder.breach import Breach, take_stock  # noqa: PLC0415  # not for --help
    from responder.cli.prepared import Prepared  # noqa: PLC0415

    inventory = desk.load_inventory()
    about = Breach(platform, since, until, delete_key or "")
    nothing = f"All that respond.toml places at {platform} was made after it was safe again: nothing to do."

    def exposed(connections: "Connections", now: datetime) -> "Exposure | None":
        stock = take_stock(connections, inventory, about)
        if not stock.exposed:
            return None
        _tell(stock, dry_run=dry_run)
        return stock.exposure(inventory, about, now)

    options = {"redeploy": redeploy, "delete_key": delete_key}
    prepared = Prepared(
        "breach", exposed, options, nothing, dry_run, yes, strategy=strategy, before_rotations=True
    )
    return prepared.play(desk, inventory)


def _tell(stock: "Stock", *, dry_run: bool) -> None:
    """What is not replaced, and why. A dry run tells at its end what is left to people."""
    from responder.cli.crowd import several  # noqa: PLC0415  # rich: not for --help

    out, _ = consoles()

    def line(text: str, **how: Any) -> None:  # noqa: ANN401  # rich's
        out.print(text, markup=False, soft_wrap=True, **how)

    if stock.later:
        line(f"Made after it was safe again, and left alone: {', '.join(stock.later)}.")
    if stock.left_out:
        line("Exposed too, and NOT replaced by this run:", style="bold yellow")
    for one in stock.left_out:
        line(f"  {one.credential.name}: {one.why}", style="yellow")
    if stock.by_hand and not dry_run:
        line("Exposed too, and in no inventory: to be rotated BY HAND.", style="bold yellow")
        shown, more = several(stock.by_hand)
        for what in shown:
            line(f"  {what}", style="yellow")
        if more:
            line(f"  and {more} more, which are told at the end", style="yellow")
