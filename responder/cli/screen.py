"""What a person sees: the exposure, the plan, the run as it goes, and its end."""

import threading
from collections.abc import Iterable, Sequence
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from responder.engine import PlannedStep, RunState
from responder.exposure import Exposure, Leaked
from responder.journal import Event, EventKind
from responder.report.summary import Summary, described_steps, titled
from responder.secret import redact

PHASES = ("identify", "contain", "rotate", "recover", "retire", "review")
_LIFE = {"live": ("LIVE", "bold red"), "dead": ("dead", "green"), "unknown": ("unknown", "yellow")}
_MARK = {
    "pending": ("·", "dim"),
    "intended": ("…", "cyan"),
    "applied": ("…", "cyan"),
    "succeeded": ("✔", "green"),
    "failed": ("✘", "bold red"),
    "parked": ("‖", "bold yellow"),
    "skipped": ("-", "dim"),
}


def exposure_screen(exposure: Exposure) -> RenderableType:
    """What leaked, whose it is, whether it lives, and where it is used."""
    lines: list[RenderableType] = [Text(f"Exposed in {exposure.source}", style="bold")]
    for leaked in exposure.leaked():
        word, style = _LIFE[leaked.life]
        name = leaked.credential if leaked.known else "not in the inventory"
        lines.append(
            Text.assemble("  ", (word, style), "  ", leaked.identifier, f"  {_owner(leaked)}", f"  ({name})")
        )
        if leaked.note:
            lines.append(Padding(Text(leaked.note, style="yellow"), (0, 0, 0, 8)))
    for found in exposure.unidentified:
        lines.append(
            Text.assemble("  ", ("unknown", "yellow"), f"  {found.identifier}  ({found.kind.value})")
        )
        lines.append(Padding(Text(found.note, style="yellow"), (0, 0, 0, 8)))
    lines += [Padding(Text(place, style="dim"), (0, 0, 0, 4)) for place in _places(exposure)]
    return Group(*lines)


def _owner(leaked: Leaked) -> str:
    fields = ("user", "name", "owner", "login")
    return next((value for field in fields if (value := getattr(leaked, field, ""))), "")


def _places(exposure: Exposure) -> Iterable[str]:
    for secret in exposure.modal_secrets:
        yield f"{secret.credential} is in Modal Secret {secret.secret}, environment {secret.environment}"
    for place in exposure.github_environments:
        yield f"{place.credential} is in GitHub {place.repository}, environment {place.environment}"
    for workload in exposure.workloads:
        yield f"{workload.app} in {workload.environment} runs or is deployed with it"


def plan_screen(steps: Sequence[PlannedStep], strategy: str, meaning: str) -> RenderableType:
    """Every step in order: what it will change, what breaks meanwhile, what cannot be taken back."""
    parts: list[RenderableType] = [Text(f"Plan, {strategy}: {meaning}", style="bold")]
    number = 0
    for phase in PHASES:
        of_phase = [step for step in steps if step.instance.step.phase == phase]
        if not of_phase:
            continue
        parts.append(Text(phase, style="bold cyan"))
        for planned in of_phase:
            number += 1
            parts.append(Padding(_planned(number, planned), (0, 0, 0, 2)))
    return Group(*parts)


def _planned(number: int, planned: PlannedStep) -> RenderableType:
    step = planned.instance.step
    after = f", {step.wait} s later" if step.wait else ""
    if planned.plan is None:
        text = Text.assemble(f"{number:2}. ", step.title, f" ({planned.instance.id})", (after, "dim"))
        return Group(text, Padding(Text(f"Could not look: {planned.problem}", style="yellow"), (0, 0, 0, 4)))
    lines: list[RenderableType] = [Text.assemble(f"{number:2}. ", planned.plan.change, (after, "dim"))]
    if planned.plan.breaks:
        lines.append(Padding(Text(f"Breaks: {planned.plan.breaks}", style="yellow"), (0, 0, 0, 4)))
    if planned.point_of_no_return:
        lines.append(Padding(Text(f"No way back: {planned.point_of_no_return}", style="red"), (0, 0, 0, 4)))
    return Group(*lines)


def run_screen(state: RunState, progress: dict[str, str] | None = None, *, evidence: bool = False) -> Table:
    """The steps of a run and how each stands."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=2)
    table.add_column(ratio=1, overflow="fold")
    table.add_column(justify="right")
    phase = ""
    for step in described_steps(state):
        is_so = state.step(step["id"])
        if not step["active"]:
            continue
        if step["phase"] != phase:
            phase = step["phase"]
            table.add_row("", Text(phase, style="bold cyan"), "")
        mark, style = _MARK[is_so.status]
        flying = is_so.status in ("intended", "applied") or step["id"] in (progress or {})
        icon = Spinner("dots", style="cyan") if progress is not None and flying else Text(mark, style=style)
        table.add_row(icon, Text(titled(step), style=style if style == "dim" else ""), _duration(is_so))
        detail = is_so.why or (progress or {}).get(step["id"], "") or (is_so.evidence if evidence else "")
        if detail and is_so.status != "skipped":
            table.add_row("", Text(detail, style="dim" if is_so.status == "succeeded" else "yellow"), "")
    return table


def _duration(is_so: Any) -> Text:  # noqa: ANN401  # a StepState
    if is_so.started_at is None or is_so.finished_at is None or is_so.status == "skipped":
        return Text("")
    return Text(f"{(is_so.finished_at - is_so.started_at).total_seconds():.2f} s", style="dim")


def end_screen(summary: Summary) -> RenderableType:
    """Five lines: exposed, contained, proven, not proven, next."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    names = ", ".join(f"{c.identifier} ({c.kind}, {c.name})" for c in summary.credentials) or "nothing known"
    table.add_row("Exposed", f"{names}, in {summary.source}")
    times = [
        f"{c.name} in {c.contained_after:.1f} s"
        if c.contained_after is not None
        else f"{c.name} NOT CONTAINED"
        for c in summary.credentials
    ]
    table.add_row("Contained", (", ".join(times) or "nothing") + ", counted from the start of the command")
    table.add_row(
        "Proven", Text(f"{len(summary.proven)} steps, each against the live service", style="green")
    )
    still = "; ".join(f"{one.what}: {one.why}" for one in summary.still_open)
    table.add_row("Not proven", Text(still, style="bold yellow") if still else Text("nothing is open"))
    table.add_row("Next", Text(summary.next_command, style="bold"))
    return table


class LiveScreen:
    """The run as it goes, redrawn in place, on a terminal."""

    def __init__(self, console: Console) -> None:
        self._state = RunState("")
        self._progress: dict[str, str] = {}
        self._lock = threading.Lock()
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=8, transient=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.clear()
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
            return run_screen(self._state, self._progress) if self._state.started else Text("")


class PlainScreen:
    """The run as lines, where there is no terminal to redraw."""

    _WORDS = {  # noqa: RUF012  # never changed
        EventKind.STEP_SUCCEEDED: "done",
        EventKind.STEP_RETRIED: "again",
        EventKind.STEP_FAILED: "FAILED",
        EventKind.STEP_PARKED: "PARKED",
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
            word = self._WORDS.get(event.kind)
            if word is None:
                return
            detail = str(event.data.get("evidence") or event.data.get("why") or "")
            self._line(event.step, word, detail)

    def progress(self, step: str, text: str) -> None:
        with self._lock:
            if self._said.get(step) != text:
                self._said[step] = text
                self._line(step, "waits", text)

    def _line(self, step_id: str, word: str, detail: str) -> None:
        step = next((s for s in described_steps(self._state) if s["id"] == step_id), None)
        title = titled(step) if step else step_id
        phase = step["phase"] if step else ""
        line = f"{phase:8} {word:6} {title}" + (f": {detail}" if detail else "")
        self._console.print(redact(line), markup=False, soft_wrap=True)
