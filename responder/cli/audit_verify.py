"""`respond audit verify`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from responder.cli.desk import Desk
from responder.errors import InputError, TamperedError, UnavailableError

if TYPE_CHECKING:
    from responder.anchors import NotAnchored
    from responder.inventory import Audit
    from responder.journal import Verified
    from responder.journal.audit import Audit as Found
    from responder.journal.note import Verifier
    from responder.journal.vouching import Vouched


@dataclass(frozen=True)
class _Question:
    """What is to be verified, and by what."""

    file: Path
    exported: bool
    ours: bool  # this machine's own journal
    checkpoints: Sequence[Path]
    anchor: bool


@click.command()
@click.option("--journal", "path", type=click.Path(path_type=Path), help="A copy of a journal, anywhere.")
@click.option("--export", "exported", type=click.Path(path_type=Path), help="A whole export as JSON Lines.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="NAME+ID+BASE64",
    help="The public key that checkpoints must be signed with, as `respond audit key` printed it. For this "
    "machine's own journal it is known.",
)
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A checkpoint that you were given earlier. Those in the folder `checkpoints` beside the file are "
    "found.",
)
@click.option("--anchor", is_flag=True, help="Fetch the checkpoints that are anchored outside, too.")
@click.option("--known", multiple=True, metavar="HASH", help="The hash of an event: it must be there.")
@click.pass_obj
def verify(
    desk: Desk,
    path: Path | None,
    exported: Path | None,
    keys: tuple[str, ...],
    checkpoints: tuple[Path, ...],
    known: tuple[str, ...],
    *,
    anchor: bool,
) -> None:
    """Check that the journal is what was written: every event, and each one's tie to the one before.

    It needs only the file and, to know who wrote it, the public key: no credential, no network (but for
    --anchor). The file is opened read-only. A tail that was cut, or a chain that was computed anew, shows by
    the checkpoints that were signed before; where those were removed too, by an anchored one.
    """
    from responder.journal import audit as of_journal  # noqa: PLC0415  # not for --help
    from responder.journal import exported as of_export  # noqa: PLC0415
    from responder.journal.checkpoint import folder_of  # noqa: PLC0415
    from responder.journal.vouching import Vouched, in_folder, read_notes, weigh  # noqa: PLC0415

    if path and exported:
        raise InputError(
            "Both a journal and an export were given.",
            next_step="Give one of the two, --journal or --export.",
        )
    asked = _Question(
        exported or path or desk.journal_file(), bool(exported), not (path or exported), checkpoints, anchor
    )
    trusted = _keys(desk, asked, keys)
    places = _places(desk, trusted) if anchor else None
    beside = weigh([*in_folder(folder_of(asked.file)), *read_notes(asked.checkpoints)], trusted)
    look = of_export.verify if asked.exported else of_journal.verify
    chain = _untampered(asked.file, look(asked.file, known, beside.marks), beside)
    _refuse_empty(asked.file, chain)
    outside = Vouched()
    silent: tuple[NotAnchored, ...] = ()
    if places:
        click.echo(f"{_unbroken(asked.file, chain)} Asking where its checkpoints are anchored …", err=True)
        outside, silent = _outside(desk, asked, places, trusted)
        chain = _untampered(asked.file, look(asked.file, known, (*beside.marks, *outside.marks)), beside)
    if not silent:
        _refuse_unvouched(asked, trusted if keys else (), beside, outside)
    _say(asked.file, chain, trusted, beside, outside)
    _refuse_silent(silent)


def _keys(desk: Desk, asked: _Question, given: Sequence[str]) -> "tuple[Verifier, ...]":
    from responder.journal.checkpoint import verifier  # noqa: PLC0415
    from responder.journal.note import Verifier  # noqa: PLC0415

    if given:
        return tuple(map(Verifier.parse, given))
    own = verifier(desk.folder, os.environ) if asked.ours else None
    return (own,) if own else ()


def _places(desk: Desk, keys: "tuple[Verifier, ...]") -> "Audit":
    from responder import anchors  # noqa: PLC0415

    if not keys:
        raise InputError(
            "Others can write where checkpoints are anchored: which are ours is told by a key alone.",
            next_step="Add --key with what `respond audit key` printed.",
        )
    return anchors.configured(desk.load_inventory())


def _outside(
    desk: Desk, asked: _Question, places: "Audit", keys: "tuple[Verifier, ...]"
) -> "tuple[Vouched, tuple[NotAnchored, ...]]":
    """What the anchored checkpoints vouch for, and which anchors could not be asked."""
    from responder import anchors  # noqa: PLC0415
    from responder.journal import audit, exported  # noqa: PLC0415
    from responder.journal.chain import origin_of  # noqa: PLC0415
    from responder.journal.vouching import weigh  # noqa: PLC0415

    first = (exported if asked.exported else audit).first_hash(asked.file)
    with desk.connections() as connections:
        sought = anchors.find(connections, places, origin_of(first))
    return weigh(sought.found, keys), sought.silent


def _untampered(where: Path, found: "Found", beside: "Vouched") -> "Verified":
    from responder.journal import Broken  # noqa: PLC0415

    chain = found.chain
    if isinstance(chain, Broken):
        raise TamperedError(
            f"{where}: first wrong at event {chain.seq}: {chain.why}.",
            state=f"{chain.seq - 1} events before it are as they were written."
            if chain.seq > 1
            else "Of no event can it be said that it is as it was written.",
            next_step="Keep this file as evidence, and compare with a copy or a checkpoint from elsewhere.",
        )
    for wrong in (*beside.wrong, *found.unguarded):
        click.echo(f"{where}: {wrong}", err=True)
    unbroken = f"{chain.events} events are unbroken."
    if beside.wrong:
        raise TamperedError(
            f"{where}: a checkpoint is not as it was written. {beside.wrong[0]}",
            state=unbroken,
            next_step="Keep it as evidence; --anchor, or one from elsewhere, tells what was signed.",
        )
    if found.unguarded:
        raise TamperedError(
            f"{where}: the events are unbroken, but the database around them was changed: "
            f"{found.unguarded[0]}.",
            state=f"{chain.events} events verify; what other commands show of this file may not be all.",
            next_step="Find out who changed the database, and start a new journal.",
        )
    if chain.backdated:
        raise TamperedError(
            f"{where}: {chain.backdated}.",
            state=unbroken,
            next_step="Ask who sets that machine's clock, and compare with the providers' logs: the events "
            "have their request ids.",
        )
    return chain


def _refuse_empty(where: Path, chain: "Verified") -> None:
    """That nothing is wrong with nothing is no finding."""
    if not chain.events:
        raise InputError(
            f"{where} holds no event: there is nothing to verify.",
            state="Whether there never was one, or all were removed, the file itself cannot tell.",
            next_step="Check that it is the file you were to be given. A checkpoint from elsewhere "
            "(--checkpoint), or the hash of an event (--known), shows whether there was more.",
        )


def _refuse_unvouched(
    asked: _Question, wanted: "tuple[Verifier, ...]", beside: "Vouched", outside: "Vouched"
) -> None:
    """Whoever asked by whom it was signed is not to take an unsigned journal for a signed one."""
    lacking = "anchored " if asked.anchor and not outside.signed else ""
    if lacking or (wanted and not beside.signed + outside.signed):
        raise UnavailableError(
            f"{asked.file}: its events are unbroken, but no {lacking}checkpoint of it was found that the key "
            "signed.",
            state="Whether these are the events that were written cannot be told.",
            next_step="Give the checkpoint that you have with --checkpoint, or the key that signed then.",
        )


def _unbroken(where: Path, chain: "Verified") -> str:
    return f"{where}: {chain.events} event{'s' if chain.events > 1 else ''}, unbroken."


def _say(
    where: Path,
    chain: "Verified",
    keys: "tuple[Verifier, ...]",
    beside: "Vouched",
    outside: "Vouched",
) -> None:
    click.echo(f"{_unbroken(where, chain)} Head: {chain.head}")
    marks = (*beside.marks, *outside.marks)
    if not marks:
        click.echo("No checkpoint vouches for it: a tail that was cut with care would not show.", err=True)
        return
    upto = max(mark.size for mark in marks)
    who = f"signed by {', '.join(key.name for key in keys)}" if keys else "of whom is not known: give --key"
    anchored = f", {len(outside.marks)} of them anchored outside" if outside.marks else ""
    number = f"{len(marks)} checkpoint{'s' if len(marks) > 1 else ''}"
    click.echo(f"Vouched for up to event {upto} by {number} {who}{anchored}.")
    if upto < chain.events:
        click.echo(f"Nothing outside vouches for the {chain.events - upto} events after it.", err=True)


def _refuse_silent(silent: "tuple[NotAnchored, ...]") -> None:
    for one in silent:
        raise UnavailableError(
            f"The anchor {one.where} could not be asked: {one.why}",
            state="What was found without it is told above. It does not show whether the end was cut off "
            "together with every checkpoint here.",
            next_step="Mend that, then type the same command again.",
        )
