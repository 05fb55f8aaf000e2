"""Which process keeps a SQLite file locked, as Linux tells it (proc_locks(5)); elsewhere nobody can say."""

import pwd
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_KIND, _PROCESS, _FILE = 3, 4, 5  # columns of a lock: "1: POSIX ADVISORY WRITE 4711 08:01:131 120 120"


def who_locks(path: Path) -> list[str]:
    """Those that hold a lock to write: "process 4711 (sqlite3) of ada". Empty where it cannot be told."""
    inodes = {str(inode) for inode in _inodes(path)}
    try:
        locks = [line.split() for line in (_PROC / "locks").read_text().splitlines()]
    except OSError:
        return []
    holders = {
        lock[_PROCESS]
        for lock in locks
        if len(lock) > _FILE and lock[_KIND] == "WRITE" and lock[_FILE].rpartition(":")[2] in inodes
    }
    return [_named(process) for process in sorted(holders)]


def _inodes(path: Path) -> Iterator[int]:
    """Of the file, and of what SQLite locks in its place once it has a write-ahead log."""
    for file in (path, path.with_name(f"{path.name}-shm")):
        with suppress(OSError):
            yield file.stat().st_ino


def _named(process: str) -> str:
    """Without its arguments, in which people write what they should not."""
    about = _PROC / process
    try:
        name, uid = (about / "comm").read_text().strip(), about.stat().st_uid
    except OSError:  # it has ended, or is of another pid namespace
        return f"process {process}"
    try:
        return f"process {process} ({name}) of {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"process {process} ({name}) of user {uid}"
