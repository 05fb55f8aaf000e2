"""The bytes that a shared journal stores, beside those of writing it whole at every event.

    python benchmarks/shared_journal.py [EVENTS] [EVENTS-BEFORE]

The events are those of a rotation as a drill records it. Stored to memory: only bytes are counted.
"""

import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Self
from uuid import uuid4

from responder.action import Json
from responder.journal import Event, EventKind, Holder, Journal
from responder.journal.shared import SharedDatabase
from responder.journal.store import utcnow

STARTED: dict[str, Json] = {"playbook": {"name": "rotate.yaml", "text": "- id: a step\n" * 700}}
EVIDENCE = (
    "iam:ListAccessKeys: AKIAIOSFODNN7EXAMPLE is Inactive (request {}); "
    "sts:GetCallerIdentity answers InvalidClientTokenId (request {})"
)
A_RUN = 57  # events


class Memory:
    """An object that nobody else writes."""

    where = "memory"

    def __init__(self, stored: list[int]) -> None:
        self.stored = stored

    def beside(self, _suffix: str) -> Self:
        return type(self)(self.stored)

    def fetch(self) -> bytes | None:
        return None

    def store(self, content: bytes, *, patiently: bool = True) -> bool:  # noqa: ARG002  # as a `Remote`
        self.stored.append(len(content))
        return True

    def close(self) -> None: ...


def recorded(journal: Journal, events: int) -> Iterator[Event]:
    for run in range(-(-events // A_RUN)):
        writer = journal.begin(f"r{run}", Holder.current(), STARTED)
        yield journal.events(f"r{run}")[0]
        for step in range(1, min(A_RUN, events - run * A_RUN)):
            digest = sha256(f"{run} {step}".encode()).hexdigest()
            evidence = EVIDENCE.format(uuid4(), uuid4())
            data: dict[str, Json] = {"input": digest, "evidence": evidence, "applied": True, "output": {}}
            yield writer.append(EventKind.STEP_SUCCEEDED, step=f"step-{step}", attempt=1, data=data)


def main(events: int = 500, before: int = 0) -> None:
    stored: list[int] = []
    whole = 0
    database = SharedDatabase(Memory(stored), Path(), read_only=False, new=True)
    for number, _ in enumerate(recorded(Journal(database, utcnow), before + events), 1):
        if number == before:
            stored.clear()
        elif number > before:
            ((pages,),) = database.rows("PRAGMA page_count")
            whole += pages * 4096
    print(f"{events} events after {before}: {sum(stored) / 1e6:.1f} MB in {len(stored)} objects, of which")
    print(f"{len(stored) - events} were the whole file; written whole each time {whole / 1e6:.1f} MB:")
    print(f"{whole / sum(stored):.0f} times as much")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
