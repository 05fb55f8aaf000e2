"""The keys of this user and machine, kept apart from the journal: the one that seals are made under first.

In this order: the environment's variable (RESPOND_SEAL_KEY); a file that is there; the machine's keyring; a
new file.
"""

import base64
import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from responder.errors import UnavailableError
from responder.journal.seal import KEY_BYTES, key_bytes
from responder.secret import Secret

VARIABLE: Final = "RESPOND_SEAL_KEY"
_SERVICE: Final = "respond"
_PATIENCE: Final = 3.0  # seconds for a keyring that may be waiting for somebody to unlock it


class NoKeyError(UnavailableError):
    """No key is there, and none was to be made."""


@dataclass(frozen=True)
class Keeping:
    """Where one key is kept and what it must look like; `checked` raises InputError where it does not."""

    what: str  # for people: "seal key"
    file: str
    entry: str  # of the keyring
    variable: str
    form: str  # for people: "base64 of 32 bytes"
    fresh: Callable[[], Secret]
    checked: Callable[[Secret], Secret]

    def path(self, state_dir: Path) -> Path:
        """In a folder of its own: a journal can be handed to an auditor, or backed up, without the key."""
        return state_dir / "keys" / self.file

    def key(self, state_dir: Path, environ: Mapping[str, str], *, existing_only: bool = False) -> Secret:
        """The key, made on first use. Processes that race for it get the same one.

        A keyring that does not answer may keep one: whoever needs the key of what is sealed already must ask
        for an existing one, or a new file would take its place for good.

        Args:
            state_dir: the journal's folder.
            environ: may hold the key.
            existing_only: make none.

        Raises:
            InputError: the key that is there is not of its form.
            UnavailableError: the file cannot be read or made, or others may read it.
            NoKeyError: there is no key, and an existing one was asked for.
        """
        path = self.path(state_dir)
        if key := self._given(environ):
            return key
        if existing_only:
            if key := self._read(path):
                return key
            answer = self._keyring(make=False)
            if answer.key:
                return answer.key
            raise self._absent(path, answer)
        with _alone(self, path.parent):
            if key := self._read(path):
                return key
            answer = self._keyring(make=False)
            if answer.empty:
                answer = self._keyring(make=True)
            return answer.key or self._make(path)

    def existing(self, state_dir: Path, environ: Mapping[str, str]) -> Secret | None:
        """The key, if there is one; nothing is made or written.

        Raises:
            InputError: the key that is there is not of its form.
            UnavailableError: the file cannot be read or made, or others may read it.
        """
        return self._given(environ) or self._read(self.path(state_dir)) or self._keyring(make=False).key

    def _given(self, environ: Mapping[str, str]) -> Secret | None:
        given = environ.get(self.variable)
        return self.checked(Secret(given.strip())) if given else None

    def _read(self, path: Path) -> Secret | None:
        try:
            if path.stat().st_mode & 0o077:
                raise UnavailableError(
                    f"Others may read the {self.what} {path}.",
                    next_step=f"Type `chmod 600 {path}`, and ask yourself who has read it.",
                )
            text = path.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeError) as error:
            raise _unusable(self, path, error) from error
        if not text:
            raise UnavailableError(
                f"The {self.what} {path} is empty.",
                next_step="Put it back from a copy, or remove it: what was made with it is lost then.",
            )
        return self.checked(Secret(text))

    def _make(self, path: Path) -> Secret:
        key = self.fresh()
        draft = path.with_suffix(".new")  # whole when it gets its name: a crash leaves no half key
        try:
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(key.reveal() + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
            draft.unlink()
            _keep_names(path.parent)
        except OSError as error:
            raise _unusable(self, path, error) from error
        return key

    def _absent(self, path: Path, answer: "_Answer") -> NoKeyError:
        return NoKeyError(
            f"The {self.what} is not to be found: {self.variable} is not set, there is no file {path}, and "
            f"this machine's keyring {answer.said}.",
            state="No new one was made: it could not open what was sealed before.",
            next_step=f"Unlock the keyring, put the file back from a copy, or set {self.variable}.",
        )

    def _keyring(self, *, make: bool) -> "_Answer":
        """What the keyring says within a few seconds.

        A keyring may wait for a password box on a screen that nobody sees, so it is asked from a thread that
        is left alone when it takes too long.
        """
        answers: list[_Answer] = []
        asking = threading.Thread(target=_ask, args=(self, answers), kwargs={"make": make}, daemon=True)
        asking.start()
        asking.join(_PATIENCE)
        answer = answers[0] if answers else _Answer(f"did not answer within {_PATIENCE:g} s")
        if answer.key:
            self.checked(answer.key)
        return answer


@dataclass(frozen=True)
class _Answer:
    said: str  # for people, after "the keyring"
    key: Secret | None = None
    empty: bool = False  # it was asked, and keeps none


def _checked_seal_key(key: Secret) -> Secret:
    key_bytes(key)
    return key


def _fresh_seal_key() -> Secret:
    return Secret(base64.b64encode(os.urandom(KEY_BYTES)).decode())


SEAL_KEY: Final = Keeping(
    what="seal key",
    file="seal.key",
    entry="seal-key",
    variable=VARIABLE,
    form="base64 of 32 bytes",
    fresh=_fresh_seal_key,
    checked=_checked_seal_key,
)


def master_key(state_dir: Path, environ: Mapping[str, str], *, existing_only: bool = False) -> Secret:
    """The key that seals are made under; as `Keeping.key`."""
    return SEAL_KEY.key(state_dir, environ, existing_only=existing_only)


@contextmanager
def _alone(keeping: Keeping, folder: Path) -> Iterator[None]:
    """One process at a time: neither the keyring nor a file's birth is one step."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise _unusable(keeping, folder, error) from error
    try:
        _lock(keeping, descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(keeping: Keeping, descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:  # a file system without locks
        raise _unusable(keeping, folder, error) from error


def _keep_names(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ask(keeping: Keeping, answers: list[_Answer], *, make: bool) -> None:
    import keyring  # noqa: PLC0415  # its plug-ins take long to find

    backend = keyring.get_keyring()
    try:
        kept = backend.get_password(_SERVICE, keeping.entry)
        if kept is None and make:
            backend.set_password(_SERVICE, keeping.entry, keeping.fresh().reveal())
            kept = backend.get_password(_SERVICE, keeping.entry)
    except Exception as error:  # noqa: BLE001  # a plug-in of others: locked, refused, gone, or broken
        answers.append(_Answer(f"refuses ({type(error).__name__})"))
        return
    # keyring's stand-ins for a keyring that is not there forget what they are given
    answers.append(_Answer("has it", Secret(kept)) if kept else _Answer("keeps none", empty=True))


def _unusable(keeping: Keeping, path: Path, error: Exception) -> UnavailableError:
    return UnavailableError(
        f"The {keeping.what} {path} cannot be had: {getattr(error, 'strerror', None) or error}.",
        next_step=f"Mend the file's or folder's permissions, or set {keeping.variable} to {keeping.form}.",
    )
