"""`respond audit`: the journal as evidence."""

from pathlib import Path

import click

from responder.cli.audit_export import export
from responder.cli.desk import Desk
from responder.errors import TamperedError


@click.group()
def audit() -> None:
    """Read and verify the journal."""


audit.add_command(export)


@audit.command()
@click.option("--journal", "path", type=click.Path(path_type=Path), help="A copy of a journal, anywhere.")
@click.option(
    "--known",
    multiple=True,
    metavar="HASH",
    help="A head that you noted down earlier: it must be there. Without one, a tail that was cut with care "
    "looks like a journal that is shorter.",
)
@click.pass_obj
def verify(desk: Desk, path: Path | None, known: tuple[str, ...]) -> None:
    """Check that the journal is what was written: every event, and each one's tie to the one before.

    It needs only the journal: no credential, no network. The file is opened read-only.
    """
    from responder.journal import Broken  # noqa: PLC0415  # not for --help
    from responder.journal.audit import verify as verified  # noqa: PLC0415

    where = path or desk.journal_path
    found = verified(where, known)
    if isinstance(found.chain, Broken):
        raise TamperedError(
            f"{where}: event {found.chain.seq}: {found.chain.why}.",
            state=f"{found.chain.seq - 1} events before it are as they were written.",
            next_step="Keep this file as evidence, and compare with a copy or a checkpoint from elsewhere.",
        )
    for gap in found.unguarded:
        click.echo(f"{where}: {gap}", err=True)
    if found.unguarded:
        raise TamperedError(
            f"{where}: the events are unbroken, but the file no longer keeps them from being changed.",
            state=f"{found.chain.events} events verify.",
            next_step="Find out who changed the database, and start a new journal.",
        )
    click.echo(f"{where}: {found.chain.events} events, unbroken. Head: {found.chain.head}")
