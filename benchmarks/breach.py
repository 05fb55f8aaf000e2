"""Hundreds of credentials replaced in one run, in the sandbox: seconds, memory, journal, how many at once.

python benchmarks/breach.py [KEYS] [TOKENS] [PLATFORM]

The services of the sandbox run in this process, on the same cores; `respond` is a process of its own. Pauses
between looks are as in the playbook. GitHub's pace is kept: after the first fifty writes of secrets, each of
the others takes two seconds.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "breach"))

from platform_estate import Estate, estate  # found there

from responder.journal import Journal

KILLS = ("deactivate_key[", "freeze_service_user[")
RESPOND = [sys.executable, "-m", "responder"]


def play(made: Estate, home: Path, *arguments: str) -> float:
    """Seconds. Ends the benchmark where it fails."""
    command = [*RESPOND, "--home", str(home), *arguments]
    began = time.perf_counter()
    ended = subprocess.run(
        command, env=made.environ, cwd=made.folder, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if ended.returncode:
        sys.exit(
            f"{' '.join(arguments)} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr[-2000:]}"
        )
    return seconds


def most_at_once(events: list[Any]) -> int:
    """Steps between their intent and their outcome, at the busiest instant."""
    changes: list[tuple[datetime, int]] = []
    under_way: set[str] = set()
    for event in events:
        if event.kind == "step.intended" and event.step not in under_way:
            under_way.add(event.step)
            changes.append((event.at, 1))
        elif event.kind in ("step.succeeded", "step.failed", "step.parked") and event.step in under_way:
            under_way.discard(event.step)
            changes.append((event.at, -1))
    now = most = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


def main(keys: int = 200, tokens: int = 50, platform: str = "github") -> None:
    with tempfile.TemporaryDirectory() as name, estate(Path(name), keys=keys, tokens=tokens) as made:
        (made.folder / "respond.toml").write_text("".join(made.lines))
        home = made.folder / "home"
        words = ("run", "breach", "--platform", platform)
        planned = play(made, home, *words, "--dry-run")
        played = play(made, home, *words, "--yes")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (
            1 if sys.platform != "darwin" else 1024
        )
        path = home / "journal" / "journal.db"
        with Journal.open(path, read_only=True) as journal:
            [run] = journal.runs()
            events = journal.events(run)
        size = path.stat().st_size
        shown = play(made, home, "show", run)
        verified = play(made, home, "audit", "verify")
    kinds = Counter(event.kind.value for event in events)
    started = events[0].data
    writes = len(started["exposure"]["github_environments"]) * 2
    confirmed = datetime.fromisoformat(started["confirmed_at"])
    first = next(event.at for event in events if event.kind == "step.applied")
    print(
        f"credentials             {len(started['exposure']['access_keys'])} keys, "
        f"{len(started['exposure']['service_users'])} tokens"
    )
    print(
        f"steps                   {sum(one['active'] for one in started['steps'])}, "
        f"{len(events)} events, {kinds['step.retried']} tried again"
    )
    print(f"plan                    {planned:8.1f} s (--dry-run, the whole command)")
    print(
        f"run                     {(events[-1].at - confirmed).total_seconds():8.1f} s from the confirmation"
    )
    print(f"first change            {(first - confirmed).total_seconds():8.1f} s from the confirmation")
    dead = [event.at for event in events if event.kind == "step.succeeded" and event.step.startswith(KILLS)]
    print(
        f"first old one dead      {(dead[0] - confirmed).total_seconds():8.1f} s from the confirmation, "
        f"the last {(dead[-1] - confirmed).total_seconds():.1f} s"
    )
    print(f"whole command           {played:8.1f} s, planning included")
    print(f"writes to GitHub        {writes:6}   which take {max(0, writes - 50) * 2} s at its pace")
    print(f"steps at once           {most_at_once(events):6}   at most")
    print(f"memory                  {peak / 1024:8.0f} MiB, the most that `respond` had")
    print(f"journal                 {size / 2**20:8.1f} MiB")
    print(f"respond show            {shown:8.1f} s")
    print(f"respond audit verify    {verified:8.1f} s")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(*(int(one) for one in given[:2]), *given[2:3])
