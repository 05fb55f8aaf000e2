"""A program of which containers' processes are forks: each runs the package's own entry point, imported once.

It reads orders from standard input, a line of JSON each, and ends with it. On standard output a process says
that it is born, and this program that one has ended.
"""

import contextlib
import json
import os
import runpy
import shutil
import signal
import sys
import threading
from types import FrameType
from typing import TypedDict

ENTRY_POINT = "modal._container_entrypoint"


class Order(TypedDict):
    """`env` is all of the new process's environment; `directory` is removed if the sandbox dies before it."""

    id: int
    root: str
    directory: str
    env: dict[str, str]


class Stem:
    def __init__(self) -> None:
        self._orders: dict[int, int] = {}  # by process
        signal.signal(signal.SIGCHLD, self._bury)

    def grow(self) -> Order | None:
        """Fork as ordered until orders end; gives the order in each new process, and None in this one."""
        for line in sys.stdin.buffer:
            order: Order = json.loads(line)
            signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD,))
            process = os.fork()
            if process == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            else:
                self._orders[process] = order["id"]
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGCHLD,))
            if process == 0:
                return order
        return None

    def _bury(self, _number: int, _frame: FrameType | None) -> None:
        while self._orders:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                return
            kill_group(process)  # what the body started ends with its container
            tell(id=self._orders.pop(process), code=os.waitstatus_to_exitcode(status))


def tell(**what: int) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")  # short, so that no two get mixed up


def kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def be_container(order: Order, lifeline: int) -> None:
    os.setsid()
    tell(id=order["id"], pid=os.getpid())
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):  # a body may print what it was given
        os.dup2(nowhere, stream)
    os.close(nowhere)
    os.chdir(order["root"])
    os.environ.clear()
    os.environ.update(order["env"])
    threading.Thread(target=_die_with_the_sandbox, args=(lifeline, order["directory"]), daemon=True).start()
    sys.argv = sys.argv[:1]
    sys.path.insert(0, order["root"])
    runpy.run_module(ENTRY_POINT, run_name="__main__", alter_sys=True)


def _die_with_the_sandbox(lifeline: int, directory: str) -> None:
    """Nothing is ever written to the pipe: reading ends when its other end closes, by a SIGKILL too."""
    os.read(lifeline, 1)
    shutil.rmtree(directory, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    __import__(ENTRY_POINT)
    del sys.modules[ENTRY_POINT]  # what it imports stays, and it is run as a program
    ordered = Stem().grow()
    if ordered is not None:
        be_container(ordered, int(sys.argv[1]))
