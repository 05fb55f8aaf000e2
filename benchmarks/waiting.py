"""Where a person waits: the help, and the first containing call after the confirmation.

Each figure stands beside what it cannot be faster than, measured in the same minute on the same machine.
"""

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

ROUNDS = 15
RESPOND = [sys.executable, "-m", "responder"]


def median_seconds(command: list[str]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def row(name: str, seconds: float, beside: str, floor: float) -> None:
    print(f"{name:48} {seconds * 1000:8.0f} ms   {seconds / floor:5.1f} x {beside}")


def cold_start() -> None:
    bare = median_seconds([sys.executable, "-c", "pass"])
    click = median_seconds([sys.executable, "-c", "import click"])
    row("an interpreter that does nothing", bare, "itself", bare)
    row("importing click", click, "a bare interpreter", bare)
    row("respond --help", median_seconds([*RESPOND, "--help"]), "a bare interpreter", bare)
    row("respond leak --help", median_seconds([*RESPOND, "leak", "--help"]), "a bare interpreter", bare)


def in_sandbox(measure: Callable[[dict[str, str], str, Path], Any]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        leak = Path(folder) / "prod.env"
        sandbox = subprocess.Popen(
            [*RESPOND, "sandbox", "up", "--port", "0", "--json", "--approve-after", "0", "--leak", str(leak)],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert sandbox.stdout is not None
            ready = json.loads(sandbox.stdout.readline())
            return measure({**os.environ, **ready["env"]}, ready["leak"], Path(folder) / "home")
        finally:
            sandbox.terminate()
            sandbox.wait()


def first_containing_call(env: dict[str, str], leak: str, home: Path) -> float:
    """Seconds from the confirmation to the moment that the first containing call is made, by the journal."""
    command = [*RESPOND, "--home", str(home), "leak", "--file", leak, "--yes"]
    subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rows = sqlite3.connect(home / "journal" / "journal.db").execute(
        "SELECT kind, at, data FROM events ORDER BY seq"
    )
    events = [(kind, datetime.fromisoformat(at), json.loads(data)) for kind, at, data in rows]
    confirmed = next(data["confirmed_at"] for kind, _, data in events if kind == "run.started")
    first = next(at for kind, at, _ in events if kind == "step.intended")
    return (first - datetime.fromisoformat(confirmed)).total_seconds()


def main() -> None:
    cold_start()
    waited = in_sandbox(first_containing_call)
    row("confirmation to the first containing call", waited, "the promised 0.5 s", 0.5)


if __name__ == "__main__":
    main()
