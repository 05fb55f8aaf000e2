"""A service in memory: things that can be made, with faults that a test switches on."""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self


class Crash(BaseException):
    """The process dies here: no handler of the product may catch it."""


@dataclass
class World:
    """`things` is the truth; `made` counts the effects, a thing that was removed as an orphan included."""

    things: dict[str, dict[str, str]] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)  # `operation name`, in order
    used: dict[str, str] = field(default_factory=dict)  # thing -> the secret that it was made with
    faults: dict[str, list[Callable[[], object]]] = field(default_factory=lambda: defaultdict(list))
    dead: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    @classmethod
    def connect(cls, environ: Mapping[str, str]) -> Self:
        raise NotImplementedError("A test gives its own world.")

    def close(self) -> None: ...

    def ask(self, operation: str, name: str) -> None:
        """Every call to the service begins here; the next fault of this operation and name strikes."""
        with self.lock:
            if self.dead:
                raise Crash
            self.asked.append(f"{operation} {name}")
            faults = self.faults[f"{operation} {name}"]
            fault = faults.pop(0) if faults else None
        if fault:
            fault()

    def make(self, name: str, run: str, secret: str, using: str) -> None:
        with self.lock:
            self.made[name] += 1
            self.things[name] = {"run": run, "secret": secret}
            self.used[name] = using

    def remove(self, name: str) -> None:
        with self.lock:
            del self.things[name]
            self.removed[name] += 1


class Worlds:
    """Stands for `Connections`: whatever kind is asked for, it is this world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def get(self, kind: type) -> World:  # noqa: ARG002  # there is one kind
        return self.world

    def close(self) -> None: ...
