"""The rules in force, and how often each has happened."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from responder.sandbox.faults.rule import Rule


@dataclass
class _Entry:
    rule: Rule
    happened: int = 0

    @property
    def left(self) -> bool:
        return self.rule.times is None or self.happened < self.rule.times


class Faults:
    """What goes wrong in a sandbox now. May be used from any thread; nothing in it is random.

    Args:
        rules: in force from the start.
        latency: seconds by which every answer of every service is delayed.
    """

    def __init__(self, rules: Iterable[Rule] = (), *, latency: float = 0) -> None:
        self._start = tuple(rules)
        self._latency = latency
        self._is_fair = False
        self._entries = [_Entry(rule) for rule in self._start]
        self._lock = threading.Lock()
        self._watchers: list[Callable[[], None]] = []
        self._telling = threading.RLock()

    @property
    def latency(self) -> float:
        """Seconds."""
        return 0 if self._is_fair else self._latency

    @contextmanager
    def fair(self) -> Iterator[None]:
        """Nothing goes wrong while this block runs; for what the sandbox does itself."""
        self._change(lambda entries: entries, is_fair=True)
        try:
            yield
        finally:
            self._change(lambda entries: entries, is_fair=False)

    def reset(self) -> None:
        """The rules that were in force from the start, as if none of them had happened yet."""
        self._change(lambda _: [_Entry(rule) for rule in self._start])

    def add(self, rules: Iterable[Rule]) -> None:
        """After those in force, which come first."""
        added = [_Entry(rule) for rule in rules]
        self._change(lambda entries: [*entries, *added])

    def clear(self) -> None:
        self._change(lambda _: [])

    def happens(self, service: str, operation: str) -> Rule | None:
        """What happens to this request; counted as having happened."""
        with self._lock:
            for entry in () if self._is_fair else self._entries:
                if entry.left and entry.rule.fits(service, operation):
                    entry.happened += 1
                    return entry.rule
        return None

    def is_down(self, service: str) -> bool:
        with self._lock:
            return not self._is_fair and any(
                e.rule.kind == "down" and e.rule.covers(service) for e in self._entries
            )

    def seconds(self, kind: str) -> float:
        """How long AWS takes over `new-keys`, `old-keys` or `policies`; the longest of the rules counts."""
        with self._lock:
            return max((e.rule.value or 0 for e in self._entries if e.rule.kind == kind), default=0)

    def world(self) -> list[dict[str, Any]]:
        with self._lock:
            return [{"rule": e.rule.text, "happened": e.happened} for e in self._entries]

    def watch(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Have `changed` called now and after each change of the rules, one call at a time; gives its end."""
        with self._telling:
            self._watchers.append(changed)
            changed()

        def end() -> None:
            with self._telling:
                self._watchers.remove(changed)

        return end

    def _change(self, to: Callable[[list[_Entry]], list[_Entry]], *, is_fair: bool | None = None) -> None:
        with self._telling:
            with self._lock:
                self._entries = to(self._entries)
                if is_fair is not None:
                    self._is_fair = is_fair
            for changed in self._watchers:
                changed()
