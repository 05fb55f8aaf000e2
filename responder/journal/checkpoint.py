"""Checkpoints: the head of the chain, signed, as https://c2sp.org/tlog-checkpoint (v1) has it.

A checkpoint is a signed note of three lines: the journal's origin, the number of its events, and a root hash.
What the specification calls a tree is a chain here: the root of a chain of that many events is the hash of
the last of them, which every event before it is in. So a tool that reads checkpoints can read, compare and
verify these; a proof that one holds another is the chain between them.

The key's name is not the origin, as the specification would rather have it: one key of a person's machine
signs for each journal there, and is noted down before there is any.
"""

import base64
import binascii
import getpass
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from responder.errors import InputError, TamperedError, UnavailableError
from responder.journal.beside import folder_of, kept
from responder.journal.chain import origin_of
from responder.journal.keys import Keeping
from responder.journal.note import Note, NoteError, Signer, Verifier
from responder.secret import Secret

if TYPE_CHECKING:
    from responder.journal.store import Journal

__all__ = ["AUDIT_KEY", "Checkpoint", "folder_of", "keep", "kept", "read", "sign", "signer", "verifier"]

_HASH_BYTES: Final = 32
_LINES: Final = 3
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class Checkpoint:
    """That the journal called `origin` had `size` events, the last of them with this hash (hexadecimal)."""

    origin: str
    size: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """From the text of a note.

        Raises:
            NoteError: in which way it is none.
        """
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < _LINES or not all(lines):
            raise NoteError("This is no checkpoint: it has not three lines with something in each.")
        if len(lines) > _LINES:
            raise NoteError("This is no checkpoint of ours: it has more than three lines.")
        origin, size, root = lines
        if not _NUMBER.fullmatch(size):
            raise NoteError(f"This is no checkpoint: its second line, {size[:20]!r}, is no number of events.")
        try:
            raw = base64.b64decode(root, validate=True)
        except (binascii.Error, ValueError) as error:
            raise NoteError("This is no checkpoint: its third line is not base64.") from error
        if len(raw) != _HASH_BYTES or base64.b64encode(raw).decode() != root:
            raise NoteError(f"This is no checkpoint: its third line is not {_HASH_BYTES} bytes in base64.")
        return cls(origin, int(size), raw.hex())

    @property
    def text(self) -> str:
        root = base64.b64encode(bytes.fromhex(self.hash)).decode()
        return f"{self.origin}\n{self.size}\n{root}\n"


def sign(journal: "Journal", by: Signer) -> tuple[Checkpoint, str]:
    """The checkpoint of the journal's head, and its note. The events themselves are not verified again.

    Raises:
        InputError: the journal is empty.
        TamperedError: it does not hold what an earlier checkpoint beside it says, so nothing is signed.
    """
    head = journal.head()
    if head is None:
        raise InputError("The journal has no event yet: there is nothing to sign.")
    (first,) = next(iter(journal.database.rows("SELECT hash FROM events WHERE seq = 1")), ("",))
    made = Checkpoint(origin_of(first), head.seq, head.hash)
    _agree(journal, made)
    return made, by.sign(made.text)


def _agree(journal: "Journal", made: Checkpoint) -> None:
    """Two checkpoints of one journal are never to disagree, whoever wrote to it in between."""
    for path in reversed(list(kept(folder_of(journal.database.path)))):
        last = Checkpoint.parse(Note.parse(read(path)).text)
        found = journal.database.rows("SELECT hash FROM events WHERE seq = ?", (last.size,))
        if last.origin != made.origin or found != [(last.hash,)]:
            raise TamperedError(
                f"The journal does not hold what {path} tells of: event {last.size} of {last.origin}.",
                state="No checkpoint was signed.",
                next_step="Type `respond audit verify` to see how far the journal can be trusted.",
            )
        return


def keep(folder: Path, checkpoint: Checkpoint, note: str) -> Path:
    """The note in a file of its own, on the disk when this returns. One that is there is never replaced.

    Raises:
        UnavailableError: it cannot be written.
    """
    path = folder / f"{checkpoint.size:012d}.note"
    draft = path.with_suffix(f".{os.getpid()}")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with draft.open("w", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # whole when it gets its name, and only if nothing has it
        except FileExistsError:
            return path
        finally:
            draft.unlink()
    except OSError as error:
        raise UnavailableError(
            f"The checkpoint {path} cannot be written: {(error.strerror or str(error)).lower()}.",
            state="The journal is as it was.",
            next_step="Make its folder writable, then type `respond audit checkpoint`.",
        ) from error
    return path


def read(path: Path) -> bytes:
    """A checkpoint's file.

    Raises:
        UnavailableError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnavailableError(
            f"The checkpoint {path} cannot be read: {(error.strerror or str(error)).lower()}.",
            next_step="Check the path and its permissions.",
        ) from error


def signer(state_dir: Path, environ: Mapping[str, str]) -> Signer:
    """The key of this user and machine, made on first use.

    Raises:
        InputError: the key that is there is not of its form.
        UnavailableError: it cannot be read or made, or others may read it.
    """
    return Signer.parse(AUDIT_KEY.key(state_dir, environ))


def verifier(state_dir: Path, environ: Mapping[str, str]) -> Verifier | None:
    """Its public half, if there is such a key; nothing is made.

    Raises:
        InputError: the key that is there is not of its form.
        UnavailableError: it cannot be read, or others may read it.
    """
    found = AUDIT_KEY.existing(state_dir, environ)
    return Signer.parse(found).verifier if found else None


def _fresh() -> Secret:
    return Signer.fresh(
        f"respond/{getpass.getuser()}@{socket.gethostname()}", os.urandom(_HASH_BYTES)
    ).written


def _checked(key: Secret) -> Secret:
    Signer.parse(key)
    return key


AUDIT_KEY: Final = Keeping(
    what="audit key",
    file="audit.key",
    entry="audit-key",
    variable="RESPOND_AUDIT_KEY",
    form="a key as PRIVATE+KEY+NAME+ID+BASE64",
    fresh=_fresh,
    checked=_checked,
)
