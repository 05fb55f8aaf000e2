"""Verifying and exporting a journal of a million events, beside `sha256sum` on the same bytes as the limit.

    python benchmarks/audit.py [EVENTS]

The events are those of a rotation as a drill records it: 57 a run, about 570 bytes of data each. Every
command runs in a process of its own: its seconds, those that it computed (compared, as they depend less
on what else the machine does) and its peak memory are what the kernel says.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import rfc8785

from responder.journal import EventKind, Journal
from responder.journal.events import GENESIS, stamp
from responder.journal.written import preimage

RESPOND = (sys.executable, "-m", "responder")
A_RUN = 57  # events
STARTED = rfc8785.dumps({"version": "1", "playbook": {"name": "leak.yaml", "text": "- id: a step\n" * 1500}})
EVIDENCE = (
    "iam:ListAccessKeys: AKIAIOSFODNN7EXAMPLE is Inactive (request Dj7PymIXmVzetlppcdbZbvq8VevnIoQimnzwT); "
    "sts:GetCallerIdentity answers InvalidClientTokenId"
)
START = datetime(2026, 1, 31, 3, tzinfo=UTC)


def main(events: int) -> None:
    with tempfile.TemporaryDirectory(prefix="respond-benchmark-") as folder:
        home = Path(folder) / "home"
        journal, export = home / "journal" / "journal.db", Path(folder) / "events.jsonl"
        fill(journal, events)
        size = journal.stat().st_size
        print(f"{events:,} events, {size / 1e6:,.0f} MB as a journal")
        limit = measured("sha256sum of the journal", "sha256sum", str(journal))
        ours = (*RESPOND, "--home", str(home), "audit")
        compare(limit, measured("verify the journal", *ours, "verify"), events)
        seconds = measured("export as JSON Lines", *ours, "export", "--format", "jsonl", "-o", str(export))
        limit = measured(
            f"sha256sum of the export ({export.stat().st_size / 1e6:,.0f} MB)", "sha256sum", str(export)
        )
        compare(limit, seconds, events)
        compare(limit, measured("verify the export", *ours, "verify", "--export", str(export)), events)


def compare(limit: float, seconds: float, events: int) -> None:
    print(f"{'':<40}   {seconds / events * 1e6:6.1f} us an event, {seconds / limit:.0f} times sha256sum")


def measured(what: str, *command: str) -> float:
    environ = {**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environ)
    _, status, used = os.wait4(process.pid, 0)
    seconds, computed = time.perf_counter() - began, used.ru_utime + used.ru_stime
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{command} ended with {process.returncode}"
    print(
        f"{what:<40} {seconds:6.1f} s, {computed:6.1f} s computing, {used.ru_maxrss / 1024:4.0f} MB at most"
    )
    return computed


def fill(path: Path, events: int) -> None:
    """As the journal itself would, without its look for secrets in each event, which takes the most time."""
    Journal.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows(events))
        connection.commit()


def rows(events: int) -> Iterator[tuple[object, ...]]:
    last = GENESIS
    for seq in range(1, events + 1):
        run, number = divmod(seq - 1, A_RUN)
        at = stamp(START + timedelta(seconds=seq))
        if number == 0:
            step, kind, data = "", EventKind.RUN_STARTED.value, STARTED.decode()
        else:
            step, kind = f"step-{number}", EventKind.STEP_SUCCEEDED.value
            data = rfc8785.dumps(
                {"action": "aws.deactivate_access_key", "applied": True, "evidence": EVIDENCE, "output": {}}
            ).decode()
        fields = (seq, f"run{run}", step, 1, kind, at, data, last)
        last = sha256(preimage(*fields)).hexdigest()
        yield (*fields, last)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
