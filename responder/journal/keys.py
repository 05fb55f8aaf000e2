"""The master key that seals are made under, kept apart from the journal.

In this order: the environment's RESPOND_SEAL_KEY; a file that is there; the machine's keyring; a new file.
"""

import base64
import fcntl
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from responder.errors import UnavailableError
from responder.journal.seal import KEY_BYTES, key_bytes
from responder.secret import Secret

VARIABLE: Final = "RESPOND_SEAL_KEY"
_SERVICE: Final = "respond"
_ENTRY: Final = "seal-key"
_PATIENCE: Final = 3.0  # seconds for a keyring that may be waiting for somebody to unlock it


def key_file(state_dir: Path) -> Path:
    """In a folder of its own: a journal can be handed to an auditor, or backed up, without the key."""
    return state_dir / "keys" / "seal.key"


def master_key(state_dir: Path, environ: Mapping[str, str]) -> Secret:
    """The key of this user and machine, made on first use. Processes that race for it get the same one.

    Raises:
        InputError: the key that is there is not base64 of 32 bytes.
        UnavailableError: the file cannot be read or made, or others may read it.
    """
    if given := environ.get(VARIABLE):
        return _checked(Secret(given.strip()))
    path = key_file(state_dir)
    with _alone(path.parent):
        return _read(path) or _from_keyring() or _make(path)


def _checked(key: Secret) -> Secret:
    key_bytes(key)
    return key


def _read(path: Path) -> Secret | None:
    try:
        if path.stat().st_mode & 0o077:
            raise UnavailableError(
                f"Others may read the seal key {path}.",
                next_step=f"Type `chmod 600 {path}`, and ask yourself who has read it.",
            )
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as error:
        raise _unusable(path, error) from error
    if not text:
        raise UnavailableError(
            f"The seal key {path} is empty.",
            next_step="Put it back from a copy, or remove it: what was sealed under it is lost then.",
        )
    return _checked(Secret(text))


def _make(path: Path) -> Secret:
    key = _fresh()
    draft = path.with_suffix(".new")  # whole when it gets its name: a crash leaves no half key
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key.reveal() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
        draft.unlink()
        _keep_names(path.parent)
    except OSError as error:
        raise _unusable(path, error) from error
    return key


def _fresh() -> Secret:
    return Secret(base64.b64encode(os.urandom(KEY_BYTES)).decode())


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time: neither the keyring nor a file's birth is one step."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:  # a file system without locks
        raise _unusable(folder, error) from error


def _keep_names(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _from_keyring() -> Secret | None:
    """The keyring's key, made on first use; None without a keyring that answers in time.

    A keyring may wait for a password box on a screen that nobody sees, so it is asked from a thread that is
    left alone when it takes too long.
    """
    answers: list[Secret] = []
    asking = threading.Thread(target=_ask, args=(answers,), daemon=True, name="keyring")
    asking.start()
    asking.join(_PATIENCE)
    return _checked(answers[0]) if answers else None


def _ask(answers: list[Secret]) -> None:
    import keyring  # noqa: PLC0415  # its plug-ins take long to find
    from keyring.errors import KeyringError  # noqa: PLC0415

    backend = keyring.get_keyring()
    try:
        kept = backend.get_password(_SERVICE, _ENTRY)
        if kept is None:
            backend.set_password(_SERVICE, _ENTRY, _fresh().reveal())
            kept = backend.get_password(_SERVICE, _ENTRY)
    except (KeyringError, OSError):  # locked, refused by the user, its service is gone
        return
    if kept:  # keyring's stand-ins for a keyring that is not there forget what they are given
        answers.append(Secret(kept))


def _unusable(path: Path, error: Exception) -> UnavailableError:
    return UnavailableError(
        f"The seal key {path} cannot be had: {getattr(error, 'strerror', None) or error}.",
        next_step=f"Mend the file's or folder's permissions, or set {VARIABLE} to base64 of 32 bytes.",
    )
