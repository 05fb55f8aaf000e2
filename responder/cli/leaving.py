"""`respond run offboard` and `respond run device-loss`."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from responder.cli.desk import Desk
from responder.cli.moment import moment
from responder.errors import InputError

if TYPE_CHECKING:
    from responder.action import Connections
    from responder.exposure import Exposure
    from responder.inventory import Inventory, Person

_member = click.option("--member", required=True, metavar="NAME", help="As in [people.NAME] of respond.toml.")
_dry_run = click.option("--dry-run", is_flag=True, help="Show what is theirs and the plan, and stop there.")
_yes = click.option("--yes", is_flag=True, help="Do not ask. For automation.")


@click.command()
@_member
@click.option(
    "--reviewer", metavar="LOGIN", help="Who approves deployments in their place, where nobody else does."
)
@click.option(
    "--redeploy",
    type=click.Choice(["workflow", "direct"]),
    default="workflow",
    help="By the repository's own workflow, or from here when that way is broken.",
)
@_dry_run
@_yes
@click.pass_obj
def offboard(
    desk: Desk, member: str, reviewer: str | None, redeploy: str, *, dry_run: bool, yes: bool
) -> int:
    """A person leaves: what they hold stops working, and CI's tokens, which they may have seen, are replaced.

    Who they are at Modal, GitHub and AWS is said in respond.toml: [people.NAME] with modal, github and
    iam_users. At the end stands what no program may do.
    """
    from responder.cli.prepared import Prepared  # noqa: PLC0415  # not for --help
    from responder.leaving import held, offboarding  # noqa: PLC0415

    inventory = desk.load_inventory()

    def about(connections: "Connections", now: datetime) -> "Exposure":
        found = held(connections, inventory, _person(inventory, member))
        return offboarding(connections, inventory, found, now)

    options = {"reviewer": reviewer, "redeploy": redeploy}
    return Prepared("offboard", about, options, "", dry_run, yes).play(desk, inventory)


@click.command("device-loss")
@_member
@click.option(
    "--since", "since", type=moment, required=True, help="When it was lost: 2026-01-31T18:00, in UTC."
)
@_dry_run
@_yes
@click.pass_obj
def device_loss(desk: Desk, member: str, since: datetime, *, dry_run: bool, yes: bool) -> int:
    """A laptop is gone: what lived in ~/.modal.toml, ~/.aws, gh and the keyring is treated as exposed.

    All of it that can be killed from here is killed first. The person keeps what they may do, and at the end
    stands their way back in.
    """
    from responder.cli.prepared import Prepared  # noqa: PLC0415  # not for --help
    from responder.leaving import device_loss as exposed  # noqa: PLC0415
    from responder.leaving import held  # noqa: PLC0415

    inventory = desk.load_inventory()

    def about(connections: "Connections", now: datetime) -> "Exposure":
        return exposed(inventory, held(connections, inventory, _person(inventory, member)), since, now)

    return Prepared("device-loss", about, {}, "", dry_run, yes).play(desk, inventory)


def _person(inventory: "Inventory", name: str) -> "Person":
    """Never guessed: the same name may be somebody else's at another service.

    Raises:
        InputError: the inventory does not say who that is.
    """
    if name in inventory.people:
        return inventory.people[name]
    raise InputError(
        f"respond.toml does not say who {name} is at Modal, GitHub and AWS.",
        next_step=f"Add [people.{name}] to it, with modal, github and iam_users where these differ.",
    )
