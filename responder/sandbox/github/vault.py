"""Where secrets and variables are kept: one vault a repository and one an environment."""

import base64
import binascii
import re
from dataclasses import dataclass, field

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from responder.sandbox.github.errors import not_found, unprocessable

NAME = re.compile(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*")
MOST_BYTES = 48 * 1024  # https://docs.github.com/actions/reference/security/secrets#limits-for-secrets


@dataclass
class Entry:
    value: str = field(repr=False)
    created_at: float
    updated_at: float


@dataclass
class Vault:
    """Secrets under a key pair of their own; names are upper case, as GitHub keeps them."""

    key_id: str
    private_key: bytes = field(repr=False, default_factory=lambda: bytes(PrivateKey.generate()))
    secrets: dict[str, Entry] = field(default_factory=dict)
    variables: dict[str, Entry] = field(default_factory=dict)

    def public_key(self) -> str:
        return base64.b64encode(bytes(PrivateKey(self.private_key).public_key)).decode()

    def unseal(self, key_id: str, encrypted_value: str) -> str:
        """What a client sealed for this vault.

        Raises:
            ApiError: 422; the key is not this vault's, or the box does not open with it.
        """
        if key_id != self.key_id:
            raise unprocessable(f"Validation Failed: key_id {key_id!r} is not the current public key's")
        try:
            sealed = base64.b64decode(encrypted_value, validate=True)
            value = SealedBox(PrivateKey(self.private_key)).decrypt(sealed)
        except (binascii.Error, CryptoError) as error:
            raise unprocessable("Validation Failed: encrypted_value does not open with this key") from error
        if len(value) > MOST_BYTES:
            raise unprocessable("Validation Failed: a secret is at most 48 KB")
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise unprocessable("Validation Failed: the value is not UTF-8") from error


def put(entries: dict[str, Entry], name: str, value: str, now: float) -> bool:
    """Create or replace; true when it is new."""
    key = checked(name)
    present = entries.get(key)
    entries[key] = Entry(value, present.created_at if present else now, now)
    return present is None


def entry(entries: dict[str, Entry], name: str) -> Entry:
    if name.upper() not in entries:
        raise not_found()
    return entries[name.upper()]


def checked(name: str) -> str:
    key = name.upper()
    if not NAME.fullmatch(key):
        raise unprocessable(
            f"Name {name!r} is invalid: letters, digits and underscores, no digit first, no GITHUB_ prefix."
        )
    return key
