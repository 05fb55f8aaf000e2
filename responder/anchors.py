"""Checkpoints where whoever can write the journal cannot follow: how they get there, and are found again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from responder.action import Connections
from responder.errors import InputError, RespondError
from responder.inventory import Audit, Inventory
from responder.journal.checkpoint import Checkpoint
from responder.journal.vouching import Found

__all__ = ["Anchored", "NotAnchored", "Sought", "configured", "find", "place"]


@dataclass(frozen=True)
class Anchored:
    where: str


@dataclass(frozen=True)
class NotAnchored:
    """`where` was meant to have it, or was asked what it has."""

    where: str
    why: str


@dataclass(frozen=True)
class Sought:
    """What was found at the anchors, and which of them could not be asked."""

    found: tuple[Found, ...]
    silent: tuple[NotAnchored, ...]


def configured(inventory: Inventory) -> Audit:
    """The places that the inventory names.

    Raises:
        InputError: it names none.
    """
    if inventory.audit.s3_bucket or inventory.audit.github_issue:
        return inventory.audit
    raise InputError(
        "The inventory names no place to anchor checkpoints at.",
        state="The journal is as it was.",
        next_step="Add [audit] with s3_bucket, or github_issue, to respond.toml.",
    )


def place(
    connections: Connections, audit: Audit, checkpoint: Checkpoint, note: str, now: datetime
) -> Iterator[Anchored | NotAnchored]:
    """Put the checkpoint everywhere that the inventory names; one that fails does not keep another back."""
    if audit.s3_bucket:
        yield _placed(_bucket(audit), lambda: _in_s3(connections, audit, checkpoint, note, now))
    if audit.github_issue:
        yield _placed(_issue(audit), lambda: _on_github(connections, audit, checkpoint, note))


def find(connections: Connections, audit: Audit, origin: str) -> Sought:
    """What is anchored of the journal called `origin`, and whatever else stands in an issue open to others.

    Each anchor is asked on its own: one that cannot be asked hides nothing of another.
    """
    found: list[Found] = []
    silent = []
    for where, ask in _places(connections, audit, origin):
        try:
            found += ask()
        except RespondError as error:
            silent.append(NotAnchored(where, _words(error)))
    return Sought(tuple(found), tuple(silent))


def _places(
    connections: Connections, audit: Audit, origin: str
) -> Iterator[tuple[str, Callable[[], list[Found]]]]:
    def in_s3() -> list[Found]:
        from responder.providers.aws import anchor  # noqa: PLC0415  # not where only GitHub is used

        notes = anchor.notes(connections, audit.s3_bucket, origin)
        return [Found(where, raw, open_to_all=True) for where, raw in notes]

    def on_github() -> list[Found]:
        from responder.providers.github import anchor  # noqa: PLC0415

        notes = anchor.notes(connections, audit.github_repository or "", audit.github_issue or 0)
        return [Found(where, text, open_to_all=True, origin=origin) for where, text in notes]

    if audit.s3_bucket:
        yield _bucket(audit), in_s3
    if audit.github_issue:
        yield _issue(audit), on_github


def _bucket(audit: Audit) -> str:
    return f"s3://{audit.s3_bucket}"


def _issue(audit: Audit) -> str:
    return f"{audit.github_repository}#{audit.github_issue}"


def _words(error: RespondError) -> str:
    return f"{error.what} {error.next_step}".strip()


def _placed(where: str, put: Callable[[], str]) -> Anchored | NotAnchored:
    try:
        return Anchored(put())
    except RespondError as error:
        return NotAnchored(where, _words(error))


def _in_s3(connections: Connections, audit: Audit, checkpoint: Checkpoint, note: str, now: datetime) -> str:
    from responder.providers.aws import anchor  # noqa: PLC0415

    until = now.replace(microsecond=0) + timedelta(days=audit.retain_days)
    return anchor.place(connections, audit.s3_bucket, checkpoint.origin, checkpoint.size, note, until)


def _on_github(connections: Connections, audit: Audit, checkpoint: Checkpoint, note: str) -> str:
    from responder.providers.github import anchor  # noqa: PLC0415

    said = f"Checkpoint of the journal `{checkpoint.origin}` at {checkpoint.size} events."
    return anchor.place(connections, audit.github_repository or "", audit.github_issue or 0, said, note)
