"""A folder that does not outlive the process that made it, however that ends."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PREFIX: Final = "respond-fetched-"
# Waits for whoever started it to be gone, which a pipe tells even of a `kill -9`; ends what still writes into
# the folder, which is in its group; and removes it, until nothing has put anything back.
_KEEPER: Final = (
    "trap '' HUP INT TERM; read -r _; kill -TERM 0; "
    'while [ -e "$1" ]; do rm -rf "$1" || sleep 0.1; done 2>/dev/null'
)


@dataclass(frozen=True)
class Fleeting:
    """`group` is for the processes that write into it: they end with the folder."""

    path: Path
    group: int

    def stop(self) -> None:
        """End all that is in the group; its keeper stays."""
        with suppress(ProcessLookupError):
            os.killpg(self.group, signal.SIGTERM)


@contextmanager
def fleeting() -> Iterator[Fleeting]:
    """A new folder in TMPDIR, and without those that an earlier process left there when all power went."""
    path, lock = _locked_folder()
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", _KEEPER, "sh", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.defpath},
        process_group=0,
    )
    try:
        _clear_left()
        yield Fleeting(path, keeper.pid)
    finally:
        keeper.communicate()
        shutil.rmtree(path, ignore_errors=True)  # somebody may have killed the keeper
        os.close(lock)


def _locked_folder() -> tuple[Path, int]:
    """It gets its name once it is locked, so that nobody takes it for one that was left."""
    made = Path(tempfile.mkdtemp(prefix="respond-new-"))
    lock = os.open(made, os.O_RDONLY | os.O_CLOEXEC)
    _lock(lock)
    path = made.with_name(_PREFIX + made.name.removeprefix("respond-new-"))
    made.rename(path)
    return path, lock


def _clear_left() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # it is somebody else's, in use, or gone already
            found = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                _lock(found)
                shutil.rmtree(path)
            finally:
                os.close(found)


def _lock(folder: int) -> None:
    """For as long as the descriptor is open.

    Raises:
        BlockingIOError: another process has it.
    """
    import fcntl  # noqa: PLC0415  # not everywhere

    fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
