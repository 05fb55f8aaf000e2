"""Signed notes, as https://c2sp.org/signed-note (v1) has them: a text, and Ed25519 signatures under it.

A note is text that ends a line, an empty line, and a line a signature: an em dash, the key's name, and base64
of the key's id and the signature over the text. Other tools read and verify these.

Keys are written as Go's golang.org/x/mod/sumdb/note writes them: `NAME+ID+BASE64` for who verifies, and the
same after `PRIVATE+KEY+` for who signs. A note's text has no control character but the end of a line, and an
event's bytes begin with a domain that has one, so that neither can ever be taken for the other.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from responder.errors import InputError, TamperedError
from responder.secret import Secret

__all__ = ["ForgedNoteError", "Note", "NoteError", "Signature", "Signer", "Verifier"]

_ED25519: Final = b"\x01"
_KEY_BYTES: Final = 32
_ID_BYTES: Final = 4
_SIGNATURE_BYTES: Final = 64
_PRIVATE: Final = "PRIVATE+KEY+"
_DASH: Final = "\u2014 "
_LONGEST: Final = 100_000  # bytes; the specification wants at least 16 signatures read
_NAME: Final = re.compile(r"[^\s+]+")


class NoteError(InputError):
    """It is not a signed note, or not a key, or does not say what it should."""

    code = "note"


class ForgedNoteError(TamperedError):
    """It bears the name of the key, and the key did not sign it."""

    code = "forged-note"


@dataclass(frozen=True)
class Verifier:
    """A public key and its name."""

    name: str
    key: bytes

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """From NAME+ID+BASE64.

        Raises:
            NoteError: it is not that.
        """
        parts = text.strip().split("+", 2)
        if len(parts) != 3:  # noqa: PLR2004  # name, id, key
            raise _no_key("it has not three parts with a + between")
        name, key_id, encoded = parts
        if not _NAME.fullmatch(name):
            raise _no_key("its name is empty or has a space in it")
        verifier = cls(name, _key_of(encoded))
        if verifier.id.hex() != key_id:
            raise _no_key(f"its id is {key_id}, and that of such a key is {verifier.id.hex()}")
        return verifier

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.key).decode()}"


@dataclass(frozen=True)
class Signer:
    """A private key; `verifier` is its public half."""

    verifier: Verifier
    seed: Secret = field(repr=False)  # base64 of 32 bytes

    @classmethod
    def fresh(cls, name: str, seed: bytes) -> "Signer":
        """A key of 32 random bytes, under a name that is made fit: no spaces, no +."""
        from nacl.bindings import crypto_sign_seed_keypair  # noqa: PLC0415  # for a quick start

        fitting = re.sub(r"[\s+]+", "-", name)
        public, _ = crypto_sign_seed_keypair(seed)
        return cls(Verifier(fitting, public), Secret(base64.b64encode(seed).decode()))

    @classmethod
    def parse(cls, text: Secret) -> "Signer":
        """From PRIVATE+KEY+NAME+ID+BASE64.

        Raises:
            NoteError: it is not that; the message does not repeat it.
        """
        written = text.reveal().strip()
        parts = written.removeprefix(_PRIVATE).split("+", 2)
        if not written.startswith(_PRIVATE) or len(parts) != 3:  # noqa: PLR2004  # name, id, key
            raise _no_key(f"it does not begin with {_PRIVATE} and go on with three parts")
        signer = cls.fresh(parts[0], _key_of(parts[2]))
        if signer.written.reveal() != written:
            raise _no_key("its id is not that of its name and key")
        return signer

    @property
    def written(self) -> Secret:
        tagged = base64.b64encode(_ED25519 + base64.b64decode(self.seed.reveal())).decode()
        return Secret(f"{_PRIVATE}{self.verifier.name}+{self.verifier.id.hex()}+{tagged}")

    def sign(self, text: str) -> str:
        """The whole note; `text` ends a line.

        Raises:
            NoteError: no note can have such a text.
        """
        from nacl.bindings import crypto_sign, crypto_sign_seed_keypair  # noqa: PLC0415

        _, private = crypto_sign_seed_keypair(base64.b64decode(self.seed.reveal()))
        raw = crypto_sign(text.encode(), private)[:_SIGNATURE_BYTES]
        encoded = base64.b64encode(self.verifier.id + raw).decode()
        note = f"{text}\n{_DASH}{self.verifier.name} {encoded}\n"
        if Note.parse(note).text != text:
            raise NoteError("A note's text ends a line and holds no other control character.")
        return note


@dataclass(frozen=True)
class Signature:
    name: str
    key_id: bytes
    raw: bytes


@dataclass(frozen=True)
class Note:
    """What was read; nobody has verified it yet."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, note: str | bytes) -> "Note":
        """Strictly.

        Raises:
            NoteError: in which way it is not a signed note.
        """
        raw = note.encode("utf-8", "surrogateescape") if isinstance(note, str) else note
        if len(raw) > _LONGEST:
            raise NoteError(f"This is no signed note: it is longer than {_LONGEST} bytes.")
        try:
            written = raw.decode()
        except UnicodeDecodeError as error:
            raise NoteError("This is no signed note: it is not UTF-8.") from error
        if any(character < " " and character != "\n" for character in written):
            raise NoteError("This is no signed note: it holds a control character.")
        text, between, below = written.rpartition("\n\n")
        if not between:
            raise NoteError("This is no signed note: no empty line parts a text from its signatures.")
        if not below.endswith("\n"):
            raise NoteError("This is no signed note: its last line has no end.")
        return cls(text + "\n", tuple(_signature(line) for line in below[:-1].split("\n")))

    def signed_by(self, verifier: Verifier) -> bool:
        """False where that key has not signed it.

        Raises:
            ForgedNoteError: a signature says that it is that key's, and is not.
        """
        claimed = [one for one in self.signatures if (one.name, one.key_id) == (verifier.name, verifier.id)]
        for one in claimed:
            if not _verifies(verifier.key, self.text, one.raw):
                raise ForgedNoteError(
                    f"The signature of {verifier.name} is not over this text.",
                    next_step="Keep it as evidence: the text was altered, or the signature made up.",
                )
        return bool(claimed)


def _signature(line: str) -> Signature:
    if not line.startswith(_DASH):
        raise NoteError(
            "This is no signed note: a signature's line does not begin with an em dash and a space."
        )
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not space or not _NAME.fullmatch(name):
        raise NoteError("This is no signed note: a signature has no name, or one with a space or + in it.")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"This is no signed note: the signature of {name} is not base64.") from error
    if base64.b64encode(raw).decode() != encoded:  # the last character's unused bits
        raise NoteError(f"This is no signed note: the signature of {name} is not base64 in its one form.")
    if len(raw) <= _ID_BYTES:
        raise NoteError(f"This is no signed note: the signature of {name} is cut off.")
    return Signature(name, raw[:_ID_BYTES], raw[_ID_BYTES:])


def _verifies(key: bytes, text: str, signature: bytes) -> bool:
    from nacl.bindings import crypto_sign_open  # noqa: PLC0415
    from nacl.exceptions import CryptoError  # noqa: PLC0415

    if len(signature) != _SIGNATURE_BYTES:
        return False
    try:
        crypto_sign_open(signature + text.encode(), key)
    except (CryptoError, ValueError):
        return False
    return True


def _key_of(encoded: str) -> bytes:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise _no_key("its last part is not base64") from None
    if raw[:1] != _ED25519:
        raise _no_key("it is not of Ed25519")
    if len(raw) != 1 + _KEY_BYTES:
        raise _no_key(f"it has not {_KEY_BYTES} bytes")
    return raw[1:]


def _no_key(why: str) -> NoteError:
    return NoteError(
        f"This is no key for signed notes: {why}.",
        next_step="`respond audit key` prints the public one, NAME+ID+BASE64, on the machine that signs.",
    )
