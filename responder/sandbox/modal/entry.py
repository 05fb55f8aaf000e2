"""What a container's process runs: the package's own entry point, and a watch over who started it."""

import os
import runpy
import shutil
import signal
import sys
import threading


def main(lifeline: int, directory: str) -> None:
    threading.Thread(target=_die_with_the_sandbox, args=(lifeline, directory), daemon=True).start()
    sys.argv = sys.argv[:1]
    runpy.run_module("modal._container_entrypoint", run_name="__main__", alter_sys=True)


def _die_with_the_sandbox(lifeline: int, directory: str) -> None:
    """Nothing is ever written to the pipe: reading ends when its other end closes, by a SIGKILL too."""
    os.read(lifeline, 1)
    shutil.rmtree(directory, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
