"""What GitHub has elsewhere: archives behind redirects, large files of gists."""

import urllib.parse
from typing import Final

from responder.errors import RejectedError
from responder.providers.github.connection import LOOPBACK, TIMEOUT

LARGEST: Final = 128 * 1024 * 1024  # bytes


def download(address: str, asked: str) -> bytes:
    """What is there. It needs no token, and must not get one.

    Args:
        address: that GitHub gave.
        asked: the path that it gave it for, for people: the address itself is a secret.

    Raises:
        RejectedError: it is no https address, it is refused, or there is more than `LARGEST`.
    """
    import requests  # noqa: PLC0415

    operation, parts = f"GET {asked}", urllib.parse.urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise RejectedError("github", operation, "It led to no https address.")
    with requests.get(address, timeout=TIMEOUT, stream=True) as answer:
        if not answer.ok:
            raise RejectedError("github", operation, f"It cannot be had ({answer.status_code}).")
        data = bytearray()
        for piece in answer.iter_content(1 << 20):
            data += piece
            if len(data) > LARGEST:
                raise RejectedError("github", operation, f"It is larger than {LARGEST >> 20} MB.")
    return bytes(data)
