"""`respond inventory graph`: credential, where it is kept, what runs with it."""

import click

from responder.cli.desk import Desk, consoles
from responder.cli.reach import reach_trees
from responder.cli.surveying import surveyed, tell_unread


@click.command()
@click.pass_obj
def graph(desk: Desk) -> None:
    """Draw each credential with the places that hold it and what runs with it.

    Modal, AWS and GitHub are asked too: what only they know is marked with `!`.
    """
    from responder.beyond import of_inventory  # noqa: PLC0415  # not for --help

    desk.start_logging()
    inventory = desk.load_inventory()
    discovered = surveyed(desk, inventory, inventory.repositories)
    out, _ = consoles()
    widened = of_inventory(inventory, discovered)
    out.print(reach_trees(widened.reach, widened.unknown))
    if widened.unknown:
        out.print("! is not in the inventory; respond inventory check says what to do", style="dim")
    tell_unread(desk, discovered)
