"""`respond run`: playbooks that nobody starts in a hurry."""

import click

from responder.cli.breach import breach
from responder.cli.leaving import device_loss, offboard
from responder.cli.setup import setup


@click.group()
def run() -> None:
    """Set up from nothing, let a person go, answer a lost device or a breach of a platform."""


for command in (setup, offboard, device_loss, breach):
    run.add_command(command)
