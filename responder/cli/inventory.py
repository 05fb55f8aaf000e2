"""`respond inventory`: which credentials exist, and where they are."""

import click

from responder.cli.inventory_check import check
from responder.cli.inventory_discover import discover
from responder.cli.inventory_graph import graph
from responder.cli.inventory_show import example, show


@click.group()
def inventory() -> None:
    """Write, show and check which credentials exist and where they are."""


for command in (discover, show, graph, check, example):
    inventory.add_command(command)
