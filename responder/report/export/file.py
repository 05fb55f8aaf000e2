"""Writing an export into a file of its own."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from responder.errors import RefusedError, UnavailableError

__all__ = ["write_new"]


def write_new(path: Path, lines: Iterable[str]) -> None:
    """Write lines, each with a line end, into a new file that only this user may read; whole or not at all.

    Raises:
        RefusedError: there is a file of this name: it may be somebody's evidence.
        UnavailableError: it cannot be written.
    """
    draft = path.with_name(f"{path.name}.part")
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # the name is ours from here on
    except FileExistsError:
        raise RefusedError(
            f"{path} exists already.", next_step="Name another file, or move that one away."
        ) from None
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        _fill(draft, lines)
        draft.replace(path)
    except BaseException as error:
        for ours in (draft, path):
            with suppress(OSError):
                ours.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(path, error) from error
        raise


def _fill(draft: Path, lines: Iterable[str]) -> None:
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())


def _unwritable(path: Path, error: OSError) -> UnavailableError:
    return UnavailableError(
        f"{path} cannot be written: {(error.strerror or str(error)).lower()}.",
        next_step="Name a file in a folder that you may write to, with room on its disk.",
    )
