"""`respond run`: playbooks that nobody starts in a hurry."""

import click

from responder.cli.setup import setup


@click.group()
def run() -> None:
    """Play a playbook: make the guide's baseline, and what else is done with time to think."""


run.add_command(setup)
