"""From notes found beside a journal, or anchored elsewhere, to what they vouch for."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from responder.errors import RespondError
from responder.journal.chain import Mark
from responder.journal.checkpoint import Checkpoint, kept, read
from responder.journal.note import ForgedNoteError, Note, NoteError, Verifier

__all__ = ["Found", "Vouched", "in_folder", "read_notes", "weigh"]


@dataclass(frozen=True)
class Found:
    """A note, and where it was found, for people.

    `size` is the number of events that its place says it is of. `open_to_all` is a place where others may
    write, so that what no key signed there says nothing; so do checkpoints of another journal there than the
    one called `origin`.
    """

    source: str
    note: str | bytes
    size: int | None = None
    open_to_all: bool = False
    origin: str = ""


@dataclass(frozen=True)
class Vouched:
    """What notes say. `wrong` are those that are not as they were written; `signed` those by a key."""

    marks: tuple[Mark, ...] = ()
    wrong: tuple[str, ...] = ()
    signed: int = 0


def in_folder(folder: Path) -> list[Found]:
    """The checkpoints in a folder.

    Raises:
        UnavailableError: one cannot be read.
    """
    return [Found(str(path), read(path), _size(path)) for path in kept(folder)]


def read_notes(paths: Iterable[Path]) -> list[Found]:
    """Checkpoints given by name; the name says nothing.

    Raises:
        UnavailableError: one cannot be read.
    """
    return [Found(str(path), read(path)) for path in paths]


def weigh(found: Iterable[Found], keys: Collection[Verifier]) -> Vouched:
    """What they vouch for. Without keys no signature is checked, and what is open to all is left out."""
    marks: list[Mark] = []
    wrong: list[str] = []
    for one in found:
        if one.open_to_all and not keys:
            continue
        try:
            checkpoint = _checkpoint(one, keys)
        except RespondError as error:
            if not one.open_to_all:
                wrong.append(f"{one.source}: {error.what}")
            continue
        if one.origin in ("", checkpoint.origin):
            marks.append(Mark(checkpoint.size, checkpoint.hash, one.source, checkpoint.origin))
    return Vouched(tuple(marks), tuple(wrong), len(marks) if keys else 0)


def _checkpoint(one: Found, keys: Collection[Verifier]) -> Checkpoint:
    note = Note.parse(one.note)
    signed = [note.signed_by(key) for key in keys]  # each is asked: one that is forged spoils the note
    if keys and not any(signed):
        raise NoteError(f"It is not signed by {' or '.join(key.name for key in keys)}.")
    checkpoint = Checkpoint.parse(note.text)
    if one.size not in (None, checkpoint.size):
        raise ForgedNoteError(f"It is of {checkpoint.size} events, and its name says {one.size}.")
    return checkpoint


def _size(path: Path) -> int:
    """What the name says; -1, which no checkpoint is of, where it says nothing."""
    return int(path.stem) if path.stem.isdecimal() else -1
