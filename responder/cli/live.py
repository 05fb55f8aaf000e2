"""The run as it goes: redrawn on a terminal, as lines elsewhere, and nothing for machines."""

import sys
import threading
from typing import Any, Self, TypeAlias

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from responder.cli.desk import Desk
from responder.cli.run_screen import CALM, run_screen
from responder.engine import RunState
from responder.journal import Event, EventKind
from responder.report.summary import described_steps, titled
from responder.secret import redact


class LiveScreen:
    """The run as it goes, redrawn in place, on a terminal."""

    def __init__(self, console: Console) -> None:
        self._state = RunState("")
        self._progress: dict[str, str] = {}
        self._ended = False
        self._lock = threading.Lock()
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=8, transient=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.clear()
        self._ended = True
        self._live.stop()

    def begin(self, state: RunState) -> None:
        with self._lock:
            self._state = state

    def event(self, event: Event) -> None:
        with self._lock:
            self._state.fold(event)
            if event.kind in (EventKind.STEP_SUCCEEDED, EventKind.STEP_FAILED, EventKind.STEP_PARKED):
                self._progress.pop(event.step, None)

    def progress(self, step: str, text: str) -> None:
        with self._lock:
            self._progress[step] = text

    def _draw(self) -> RenderableType:
        with self._lock:
            if not self._state.started:
                return Text("")
            return run_screen(self._state, self._progress, moving=not self._ended, height=self._height())

    def _height(self) -> int:
        return sys.maxsize if self._ended else self._live.console.height


class PlainScreen:
    """The run as lines, where there is no terminal to redraw."""

    _WORDS = {  # noqa: RUF012  # never changed
        EventKind.STEP_SUCCEEDED: "done",
        EventKind.STEP_RETRIED: "again",
        EventKind.STEP_FAILED: "FAILED",
        EventKind.STEP_PARKED: "PARKED",
        EventKind.STEP_UNDONE: "undone",
        EventKind.STEP_UNDO_FAILED: "NOT UNDONE",
    }

    def __init__(self, console: Console) -> None:
        self._console = console
        self._state = RunState("")
        self._said: dict[str, str] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""

    def begin(self, state: RunState) -> None:
        with self._lock:
            self._state = state

    def event(self, event: Event) -> None:
        with self._lock:
            self._state.fold(event)
            if event.kind is EventKind.STEP_CHECKED:
                self._checked(event)
            elif undone := dict[str, Any](event.data).get("undone"):
                said = f"somebody undid what was contained: {undone['why'].rstrip('.')}. It is done again."
                self._line(event.step, "UNDONE", said, loud=True)
            elif word := self._WORDS.get(event.kind):
                detail = str(event.data.get("evidence") or event.data.get("why") or "")
                self._line(event.step, word, detail)

    def progress(self, step: str, text: str) -> None:
        with self._lock:
            if self._said.get(step) != text:
                self._said[step] = text
                self._line(step, "waits", text)

    def _checked(self, event: Event) -> None:
        look = self._state.step(event.step).looks[-1]
        calm = look.result in CALM
        self._line(event.step, look.result if calm else look.result.upper(), look.detail, loud=not calm)

    def _line(self, step_id: str, word: str, detail: str, *, loud: bool = False) -> None:
        step = next((s for s in described_steps(self._state) if s["id"] == step_id), None)
        title = titled(step) if step else step_id
        phase = step["phase"] if step else ""
        line = f"{phase:8} {word:6} {title}" + (f": {detail}" if detail else "")
        style = "bold red" if loud else None
        self._console.print(redact(line), markup=False, soft_wrap=True, style=style)


class NoScreen:
    """For machines: the log on standard error says every event."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""

    def begin(self, state: RunState) -> None: ...

    def event(self, event: Event) -> None: ...

    def progress(self, step: str, text: str) -> None: ...


Screen: TypeAlias = LiveScreen | PlainScreen | NoScreen


def screen_of(desk: Desk, console: Console) -> Screen:
    """Redrawn in place on a terminal, lines elsewhere, nothing beside a log for machines."""
    if desk.log_format == "json":
        return NoScreen()
    return LiveScreen(console) if console.is_terminal and not desk.verbose else PlainScreen(console)
