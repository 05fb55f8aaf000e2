"""`respond audit`: the journal as evidence."""

import click

from responder.cli.audit_checkpoint import checkpoint, key
from responder.cli.audit_export import export
from responder.cli.audit_log import log
from responder.cli.audit_verify import verify


@click.group()
def audit() -> None:
    """Read, verify, sign and export the journal."""


for command in (log, verify, checkpoint, key, export):
    audit.add_command(command)
