"""`respond audit checkpoint` and `respond audit key`; and the checkpoint at the end of a run."""

import os
from typing import TYPE_CHECKING

import click

from responder.cli.desk import Desk
from responder.errors import RespondError, UnavailableError

if TYPE_CHECKING:
    from responder.action import Connections
    from responder.journal import Journal
    from responder.journal.checkpoint import Checkpoint


@click.command()
@click.option("--anchor", is_flag=True, help="Put it where [audit] in the inventory says, too.")
@click.pass_obj
def checkpoint(desk: Desk, *, anchor: bool) -> None:
    """Sign the head of the journal, keep the signed note beside it, and print it.

    Every run ends with one, anchored where the inventory says. A note is in the C2SP checkpoint form: give it
    to whoever is to hold you to it.
    """
    from responder import anchors  # noqa: PLC0415  # not for --help
    from responder.journal.store import utcnow  # noqa: PLC0415

    with desk.journal(read_only=True) as journal:
        made, note = _taken(desk, journal)
    click.echo(note, nl=False)
    if not anchor:
        return
    audit = anchors.configured(desk.load_inventory())
    failed = []
    with desk.connections() as connections:
        for placed in anchors.place(connections, audit, made, note, utcnow()):
            if isinstance(placed, anchors.Anchored):
                click.echo(f"Anchored: {placed.where}", err=True)
            else:
                failed.append(placed)
    if failed:
        raise UnavailableError(
            f"Not anchored at {failed[0].where}: {failed[0].why}",
            state="The checkpoint is signed, and kept beside the journal.",
            next_step="Mend that, then type `respond audit checkpoint --anchor` again.",
        )


@click.command()
@click.pass_obj
def key(desk: Desk) -> None:
    """Print the public key that checkpoints are signed with, NAME+ID+BASE64; made on first use.

    Note it down where nobody who can write the journal can change it: `respond audit verify --key` needs it.
    The private half is in this machine's keyring, else in a file of yours alone; RESPOND_AUDIT_KEY gives
    another.
    """
    from responder.journal.checkpoint import signer  # noqa: PLC0415  # not for --help

    click.echo(signer(desk.folder, os.environ).verifier)


def at_the_end_of_a_run(desk: Desk, journal: "Journal", connections: "Connections") -> None:
    """Sign and anchor what was just recorded. Whatever fails is told: the run itself is over."""
    from responder import anchors  # noqa: PLC0415
    from responder.inventory import NoInventoryError  # noqa: PLC0415
    from responder.journal.store import utcnow  # noqa: PLC0415

    try:
        made, note = _taken(desk, journal)
        audit = desk.load_inventory().audit
        for placed in anchors.place(connections, audit, made, note, utcnow()):
            if isinstance(placed, anchors.Anchored):
                desk.tell("audit.anchored", f"Checkpoint of {made.size} events: {placed.where}")
            else:
                text = f"The checkpoint is not anchored at {placed.where}: {placed.why}"
                again = "`respond audit checkpoint --anchor` tries again."
                desk.tell("audit.not_anchored", f"{text} {again}", warning=True)
    except NoInventoryError:
        return
    except RespondError as error:
        text = f"{error.what} {error.next_step}".strip()
        desk.tell("audit.no_checkpoint", f"There is no checkpoint of this run: {text}", warning=True)


def _taken(desk: Desk, journal: "Journal") -> "tuple[Checkpoint, str]":
    from responder.journal.checkpoint import folder_of, keep, sign, signer  # noqa: PLC0415

    made, note = sign(journal, signer(desk.folder, os.environ))
    keep(folder_of(desk.journal_path), made, note)
    return made, note
