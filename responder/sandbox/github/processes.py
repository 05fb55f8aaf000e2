"""The shells of all runs, so that a run can be cut off at any time and nothing outlives the plane."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from responder.sandbox.github.runs import Cancelled

STRAGGLER = 2.0  # seconds


class Processes:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: dict[int, subprocess.Popen[str]] = {}
        self._killed: set[int] = set()

    def run(
        self,
        run_id: int,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        directory: Path,
        timeout: float,
        line: Callable[[str], None],
    ) -> int:
        """Run to the end, each line of output going to `line`; gives the exit code.

        Whatever the command left running is killed before this returns.

        Raises:
            Cancelled: the run was killed, before or meanwhile.
            subprocess.TimeoutExpired: it took longer than `timeout` seconds.
        """
        with self._lock:
            if run_id in self._killed:
                raise Cancelled
            process = subprocess.Popen(
                argv,
                env=dict(env),
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._live[run_id] = process
        reader = threading.Thread(target=_read, args=(process, line), daemon=True)
        reader.start()
        try:
            code = process.wait(timeout)
        finally:
            _kill(process)
            process.wait()
            # What left the process group may hold the pipe open; nobody waits for its output.
            reader.join(STRAGGLER)
            with self._lock:
                del self._live[run_id]
        with self._lock:
            if run_id in self._killed:
                raise Cancelled
        return code

    def kill(self, run_id: int) -> None:
        """For good: a later step of the run does not start."""
        with self._lock:
            self._killed.add(run_id)
            if run_id in self._live:
                _kill(self._live[run_id])

    def forget(self) -> None:
        """Those killed so far have ended, and their ids may come again."""
        with self._lock:
            self._killed.clear()


def _read(process: subprocess.Popen[str], line: Callable[[str], None]) -> None:
    if process.stdout is not None:
        with process.stdout:
            for text in process.stdout:
                line(text.rstrip("\n"))


def _kill(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
