"""Secret values that a later step needs, kept in events as ciphertexts that one deletion makes unreadable.

Each run has a random data key, wrapped under the master key in a table beside the events. Shredding deletes
the wrapped key: the events stay as they are, and their sealed values can never be opened again.
XChaCha20-Poly1305 has nonces long enough to be drawn at random:
https://doc.libsodium.org/secret-key_cryptography/aead/chacha20-poly1305/xchacha20-poly1305_construction
"""

import base64
import binascii
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import rfc8785

from responder.errors import InputError, RefusedError, TamperedError, UnavailableError
from responder.journal.behind import not_behind
from responder.journal.store import Journal
from responder.secret import Secret

if TYPE_CHECKING:
    from responder.action import Json

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 24
_DATA_KEY: Final = "respond:data-key:v1"
_VALUE: Final = "respond:sealed:v1"


class Seals:
    """Seals and opens secret values of runs. May be used from any thread.

    Args:
        journal: whose database holds the wrapped keys.
        master_key: base64 of 32 bytes, as `keys.master_key` gives it.
    """

    def __init__(self, journal: Journal, master_key: Secret) -> None:
        self._database = journal.database
        self._master = key_bytes(master_key)
        self._master_name = master_key.fingerprint

    def prepare(self, run: str) -> None:
        """Make sure that values of the run can be sealed: before an effect whose secret is shown only once.

        Raises:
            RefusedError: the run's sealed values were shredded.
            UnavailableError: its key is under another master key; or the journal cannot be written.
        """
        self._data_key(run, create=True)

    def seal(self, run: str, label: str, secret: Secret) -> "dict[str, Json]":
        """The secret as it may stand in an event of the run, under this label only.

        Raises:
            RefusedError: the run's sealed values were shredded.
            UnavailableError: its key is under another master key; or the journal cannot be written.
        """
        context = _context(_VALUE, run, label, secret.fingerprint)
        sealed = _encrypt(self._data_key(run, create=True), secret.reveal().encode(), context)
        return {"sealed": sealed, "fingerprint": secret.fingerprint}

    def open(self, run: str, label: str, sealed: "Mapping[str, Json]") -> Secret:
        """The secret that `seal` was given for this run and label.

        Raises:
            TamperedError: the sealed value is not what `seal` gave, or stands in another place.
            UnavailableError: it was shredded, or its key is under another master key.
        """
        match dict(sealed):
            case {"sealed": str(text), "fingerprint": str(fingerprint), **rest} if not rest:
                try:
                    key = self._data_key(run, create=False)
                except RefusedError as shredded:
                    raise UnavailableError(
                        f"The sealed value {label} of run {run} was shredded; nothing can open it.",
                        next_step="Issue a fresh credential: start a new run.",
                    ) from shredded
                value = _decrypt(key, text, _context(_VALUE, run, label, fingerprint))
                if value is not None:
                    return Secret(value.decode())
        raise TamperedError(
            f"The sealed value {label} of run {run} is not what was sealed there.",
            next_step="Type `respond audit verify` to see how far the journal can be trusted.",
        )

    @not_behind
    def shred(self, run: str) -> None:
        """Delete the run's key, and what the disk's log keeps of it. May be repeated; nothing seals after it.

        Raises:
            UnavailableError: the key is deleted, but a reader keeps the log that may still hold its bytes.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO data_keys (run, master, wrapped) VALUES (?, '', NULL) "
                "ON CONFLICT (run) DO UPDATE SET wrapped = NULL",
                (run,),
            )
        if not self._database.forget_old_pages():
            raise UnavailableError(
                "Another process keeps reading the journal, so its log may still hold the deleted key.",
                state=f"The key of run {run} is deleted from the journal.",
                next_step="Close other `respond` commands; the last one to end empties the log.",
            )

    @not_behind
    def _data_key(self, run: str, *, create: bool) -> bytes:
        query, values = "SELECT master, wrapped FROM data_keys WHERE run = ?", (run,)
        rows = self._database.rows(query, values)
        if not rows and create:
            fresh = _encrypt(self._master, os.urandom(KEY_BYTES), _context(_DATA_KEY, run))
            with self._database.transaction() as connection:
                connection.execute(
                    "INSERT INTO data_keys (run, master, wrapped) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    (run, self._master_name, fresh),
                )
                rows = connection.execute(query, values).fetchall()  # another thread's, where it was first
        if not rows:
            raise UnavailableError(f"Nothing was ever sealed for run {run} in this journal.")
        master, wrapped = rows[0]
        if wrapped is None:
            raise RefusedError(
                f"The sealed values of run {run} were shredded; it keeps no secret any more.",
                next_step="Start a new run.",
            )
        key = _decrypt(self._master, wrapped, _context(_DATA_KEY, run))
        if key is None:
            raise UnavailableError(
                f"Run {run} was sealed under the master key {master}, not {self._master_name}.",
                next_step="Resume it as the user and on the machine that started it, or set "
                "RESPOND_SEAL_KEY to the key from there.",
            )
        return key


def key_bytes(master_key: Secret) -> bytes:
    """The 32 bytes of a master key.

    Raises:
        InputError: it is not base64 of 32 bytes.
    """
    try:
        raw = base64.b64decode(master_key.reveal(), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise InputError(
            "The seal key is not base64 of 32 bytes.",
            next_step="Make one with `openssl rand -base64 32`.",
        )
    return raw


def _context(domain: str, *parts: str) -> bytes:
    """What is authenticated with a ciphertext. Canonical JSON keeps "a", "bc" and "ab", "c" apart."""
    return rfc8785.dumps([domain, *parts])


def _encrypt(key: bytes, value: bytes, context: bytes) -> str:
    from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt  # noqa: PLC0415  # for a quick start

    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(
        nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(value, context, nonce, key)
    ).decode()


def _decrypt(key: bytes, text: str, context: bytes) -> bytes | None:
    """None when it is not a ciphertext of this key in this context."""
    from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt  # noqa: PLC0415
    from nacl.exceptions import CryptoError  # noqa: PLC0415

    try:
        raw = base64.b64decode(text, validate=True)
        nonce, ciphertext = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
        return crypto_aead_xchacha20poly1305_ietf_decrypt(ciphertext, context, nonce, key)
    except (CryptoError, ValueError, TypeError):
        return None
