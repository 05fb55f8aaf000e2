"""Everything that a test of the engine needs, on one table: a world, a journal, engines that share them."""

import base64
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from fakes.world import Crash, World, Worlds

from responder.action import Actions
from responder.engine import Engine, Order, RunState, fold
from responder.exposure import Exposure
from responder.journal import Event, Journal, Seals
from responder.secret import Secret

BEGAN = datetime(2026, 1, 31, 3, tzinfo=UTC)
KEY = base64.b64encode(b"k" * 32).decode()
OPERATOR = {"local": "ada"}


class Watcher:
    """An observer that may let the process die after its n-th event."""

    def __init__(self, on_event: Callable[[Event], None] | None = None) -> None:
        self.events: list[Event] = []
        self.said: list[tuple[str, str]] = []
        self._on_event = on_event

    def begin(self, state: RunState) -> None: ...

    def event(self, event: Event) -> None:
        self.events.append(event)
        if self._on_event:
            self._on_event(event)

    def progress(self, step: str, text: str) -> None:
        self.said.append((step, text))


class Clock:
    def __init__(self) -> None:
        self.now = BEGAN
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            self.now += timedelta(microseconds=1)
            return self.now

    def advance(self, seconds: float) -> None:
        with self._lock:
            self.now += timedelta(seconds=seconds)


@dataclass
class Table:
    path: Path
    world: World = field(default_factory=World)
    clock: Clock = field(default_factory=Clock)
    actions: Mapping[str, Any] = field(default_factory=lambda: Actions("fakes"))
    exposure: Exposure = field(default_factory=lambda: Exposure(source="a test", seen_at=BEGAN))

    def __post_init__(self) -> None:
        self.journal = Journal.open(self.path / "journal.db", clock=self.clock)

    def engine(self, watcher: Watcher | None = None, **more: Any) -> Engine:
        return Engine(
            journal=self.journal,
            seals=Seals(self.journal, Secret(KEY)),
            actions=self.actions,
            connections=Worlds(self.world),
            clock=self.clock,
            observer=watcher or Watcher(),
            version="0",
            patience=0.0,
            **more,
        )

    def order(self, text: str, *, run: str = "r1", strategy: str = "only") -> Order:
        return Order(
            run=run,
            playbook_name="test.yaml",
            playbook_text=text,
            exposure=self.exposure,
            options={},
            strategy=strategy,
            began_at=BEGAN,
            confirmed_at=BEGAN,
            confirmed_by="a test",
            operator=OPERATOR,
        )

    def start(self, text: str, watcher: Watcher | None = None, **more: Any) -> RunState:
        return self.engine(watcher, **more).start(self.order(text))

    def resume(self, watcher: Watcher | None = None, **more: Any) -> RunState:
        self.world.dead = False
        return self.engine(watcher, **more).resume("r1", operator=OPERATOR)

    def state(self) -> RunState:
        return fold("r1", self.journal.events("r1"))

    def kinds(self, step: str) -> list[str]:
        return [event.kind.value for event in self.journal.events("r1") if event.step == step]

    def statuses(self) -> dict[str, str]:
        return {name: step.status for name, step in self.state().steps.items()}

    def dying_after(self, number: int) -> Watcher:
        """The process dies after this many events of it; what is in flight then touches the world no more."""
        left = threading.Semaphore(number)

        def die(_event: Event) -> None:
            if not left.acquire(blocking=False):
                self.world.dead = True
                raise Crash

        return Watcher(die)


class Ticking:
    """Nobody asks to stop; to wait moves the table's clock."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.waited: list[float] = []

    def is_set(self) -> bool:
        return False

    def set(self) -> None: ...

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        self._table.clock.advance(seconds)
        return False


def step(name: str, *needs: str, uses: str = "things.make", **more: Any) -> dict[str, Any]:
    given = {"name": name, **more.pop("given", {})}
    made = {"id": name, "title": name, "phase": "rotate", "uses": uses, "with": given, "needs": list(needs)}
    return {**made, **more}


def playbook(*steps: dict[str, Any]) -> str:
    return yaml.safe_dump(
        {
            "name": "test",
            "title": "A test",
            "summary": "For a test.",
            "strategies": {"only": "There is one."},
            "steps": list(steps),
        },
        sort_keys=False,
    )


def secret_of(name: str) -> str:
    return f"${{{{ steps.{name}.secret }}}}"
