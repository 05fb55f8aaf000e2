"""Checkpoints where whoever can write the journal cannot follow: how they get there, and are found again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from responder.action import Connections
from responder.errors import InputError, RespondError
from responder.inventory import Audit, Inventory
from responder.journal.checkpoint import Checkpoint
from responder.journal.vouching import Found

__all__ = ["Anchored", "NotAnchored", "configured", "find", "place"]


@dataclass(frozen=True)
class Anchored:
    where: str


@dataclass(frozen=True)
class NotAnchored:
    """`where` was meant to have it."""

    where: str
    why: str


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
        yield _placed(f"s3://{audit.s3_bucket}", lambda: _in_s3(connections, audit, checkpoint, note, now))
    if audit.github_issue:
        issue = f"{audit.github_repository}#{audit.github_issue}"
        yield _placed(issue, lambda: _on_github(connections, audit, checkpoint, note))


def find(connections: Connections, audit: Audit, origin: str) -> Iterator[Found]:
    """What is anchored of the journal called `origin`, and whatever else stands in an issue open to others.

    Raises:
        ProviderError: an anchor cannot be read.
    """
    if audit.s3_bucket:
        from responder.providers.aws import anchor as aws  # noqa: PLC0415  # not where only GitHub is used

        for where, raw in aws.notes(connections, audit.s3_bucket, origin):
            yield Found(where, raw, open_to_all=True)
    if audit.github_issue and audit.github_repository:
        from responder.providers.github import anchor as github  # noqa: PLC0415

        for where, text in github.notes(connections, audit.github_repository, audit.github_issue):
            yield Found(where, text, open_to_all=True, origin=origin)


def _placed(where: str, put: Callable[[], str]) -> Anchored | NotAnchored:
    try:
        return Anchored(put())
    except RespondError as error:
        return NotAnchored(where, f"{error.what} {error.next_step}".strip())


def _in_s3(connections: Connections, audit: Audit, checkpoint: Checkpoint, note: str, now: datetime) -> str:
    from responder.providers.aws import anchor  # noqa: PLC0415

    until = now.replace(microsecond=0) + timedelta(days=audit.retain_days)
    return anchor.place(connections, audit.s3_bucket, checkpoint.origin, checkpoint.size, note, until)


def _on_github(connections: Connections, audit: Audit, checkpoint: Checkpoint, note: str) -> str:
    from responder.providers.github import anchor  # noqa: PLC0415

    said = f"Checkpoint of the journal `{checkpoint.origin}` at {checkpoint.size} events."
    return anchor.place(connections, audit.github_repository or "", audit.github_issue or 0, said, note)
