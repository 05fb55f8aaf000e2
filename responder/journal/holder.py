"""Who holds a run: a process, on a host, of a user. And whether it still lives."""

import getpass
import os
import socket
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from responder.errors import TamperedError

if TYPE_CHECKING:
    from responder.action import Json

_PROC = Path("/proc")
_STATE, _STARTED = 0, 19  # fields 3 and 22 of proc_pid_stat(5), counted after the command's name


@dataclass(frozen=True)
class Holder:
    """A process that writes to a run.

    `started` tells the process from a later one with the same number; it is compared, never shown: on Linux
    the boot, the pid namespace and the ticks since boot, elsewhere what `ps` says.
    """

    host: str
    pid: int
    started: str
    user: str

    @classmethod
    def current(cls) -> "Holder":
        pid = os.getpid()
        return cls(socket.gethostname(), pid, _started(pid) or "", _user())

    def alive(self) -> bool | None:
        """Whether the process lives; None when that cannot be told from here."""
        if self.host != socket.gethostname():
            return None
        if self.started.count(" ") == 2 and _PROC.is_dir():  # noqa: PLR2004  # boot, namespace, ticks
            boot, namespace, _ = self.started.split(" ")
            if boot == _boot() and namespace != _namespace():
                return None  # a container with our name: its process numbers are not ours
        return _started(self.pid) == self.started

    def to_json(self) -> "dict[str, Json]":
        return asdict(self)

    @classmethod
    def from_json(cls, value: "Json") -> "Holder":
        match value:
            case {"host": str(host), "pid": int(pid), "started": str(started), "user": str(user)}:
                return cls(host, pid, started, user)
        raise TamperedError(
            "The journal does not say who holds the run.",
            next_step="Type `respond audit verify` to see how far the journal can be trusted.",
        )

    def __str__(self) -> str:
        return f"{self.user} on {self.host} (process {self.pid})"


def _started(pid: int) -> str | None:
    """When the process started, to be compared; None when there is no such process, or only its corpse."""
    if not _PROC.is_dir():
        return _started_by_ps(pid)
    try:
        # The command's name is in parentheses and may hold spaces and parentheses itself.
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if fields[_STATE] in "ZXx":
        return None
    return f"{_boot()} {_namespace()} {fields[_STARTED]}"


def _started_by_ps(pid: int) -> str | None:
    environ = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}  # no secret of ours
    asked = subprocess.run(
        ["ps", "-o", "state=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
        timeout=5,
    )
    state, _, started = asked.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else " ".join(started.split())


def _boot() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def _namespace() -> str:
    return str((_PROC / "self/ns/pid").readlink())


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry in the user database
        return f"uid {os.getuid()}"
