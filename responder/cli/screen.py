"""What a person sees: the exposure, the plan, the run as it goes, and its end."""

import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Self, TypeAlias

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from responder.cli import crowd
from responder.cli.desk import Desk
from responder.cli.reach import short_tree
from responder.duration import in_words
from responder.engine import PlannedStep, RunState, StepState
from responder.exposure import Exposure, Leaked
from responder.journal import Event, EventKind
from responder.report.reach import reach_of
from responder.report.summary import Reopening, Summary, described_steps, titled
from responder.report.words import counted, day_and_time, elapsed, sentence
from responder.secret import redact

PHASES = ("prepare", "identify", "contain", "rotate", "recover", "retire", "review")
_LIFE = {"live": ("LIVE", "bold red"), "dead": ("dead", "green"), "unknown": ("unknown", "yellow")}
_FOR_GOOD = " ⊘"
_CALM = ("held", "reviewed")  # results of looks
_ALARM = "bold red"
INTRUDER = (
    "THE INTRUDER IS ACTIVE and has another way in. Find it: the provider's audit log says who did this. "
    "Hold what is contained meanwhile: `respond watch {run} --for 36h`."
)
_MARK = {
    "pending": ("·", "dim"),
    "intended": ("…", "cyan"),
    "applied": ("…", "cyan"),
    "succeeded": ("✔", "green"),
    "failed": ("✘", "bold red"),
    "parked": ("‖", "bold yellow"),
    "skipped": ("-", "dim"),
    "undone": ("↶", "yellow"),
}


def exposure_screen(exposure: Exposure) -> RenderableType:
    """What leaked, whose it is, whether it lives, and where it is used."""
    lines: list[RenderableType] = [Text(f"Exposed in {exposure.source}", style="bold")]
    reach = reach_of(exposure)
    for leaked in exposure.leaked():
        word, style = _LIFE[leaked.life]
        name = leaked.credential if leaked.known else "not in the inventory"
        lines.append(
            Text.assemble("  ", (word, style), "  ", leaked.identifier, f"  {_owner(leaked)}", f"  ({name})")
        )
        if leaked.note:
            lines.append(Padding(Text(leaked.note, style="yellow"), (0, 0, 0, 8)))
        node = reach.credential(leaked.identifier)
        if leaked.life != "dead" and reach.of(node):
            lines.append(Padding(short_tree(reach, node), (0, 0, 0, 8)))
    for found in exposure.unidentified:
        word, style = _LIFE[found.life]
        lines.append(Text.assemble("  ", (word, style), f"  {found.identifier}  ({found.kind.value})"))
        lines.append(Padding(Text(found.note, style="yellow"), (0, 0, 0, 8)))
    return Group(*lines)


def _owner(leaked: Leaked) -> str:
    fields = ("user", "role", "name", "owner", "login")
    return next((value for field in fields if (value := getattr(leaked, field, ""))), "")


def plan_screen(
    steps: Sequence[PlannedStep], strategy: str, meaning: str, *, whole: bool = False
) -> RenderableType:
    """Every step in order: what it will change, what breaks meanwhile, what cannot be taken back.

    Of hundreds, only how many of each there are, unless the `whole` is wanted.
    """
    if crowd.is_crowd(len(steps)) and not whole:
        return crowd.plan_crowd(steps, strategy, meaning)
    parts: list[RenderableType] = [Text(f"Plan, {strategy}: {meaning}", style="bold")]
    told: set[str] = set()
    phase = ""
    for number, planned in enumerate(steps, 1):
        if planned.instance.step.phase != phase:
            phase = planned.instance.step.phase
            parts.append(Text(phase, style="bold cyan"))
        change = planned.plan.change if planned.plan else ""
        parts.append(_planned(number, planned, again=change in told))
        told.add(change)
    parts.append(Text(f"{_FOR_GOOD.strip()} cannot be taken back", style="dim"))
    return Group(*parts)


def _planned(number: int, planned: PlannedStep, *, again: bool) -> RenderableType:
    """A look at what an earlier step does is told by its title alone: it changes something only if undone."""
    step = planned.instance.step
    after = f", {in_words(timedelta(seconds=wait))} later" if (wait := planned.instance.wait) else ""
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", width=4)
    table.add_column(ratio=1, overflow="fold")
    if planned.choice:
        table.add_row(f"{number}.", Text(f"{step.title} ({planned.instance.id}){after}"))
        table.add_row(
            "", Text(f"WAITS FOR A CHOICE, with all that needs it: {planned.problem}", style="bold yellow")
        )
        table.add_row("", Text(f"{planned.choice} Without it, everything else is done.", style="yellow"))
    elif planned.plan is None:
        table.add_row(f"{number}.", Text(f"{step.title} ({planned.instance.id}){after}"))
        table.add_row("", Text(f"Could not look: {planned.problem}", style="yellow"))
    elif again:
        table.add_row(f"{number}.", Text(f"{step.title}{after}", style="dim"))
    else:
        for_good = (_FOR_GOOD, "red") if planned.point_of_no_return else ""
        table.add_row(f"{number}.", Text.assemble(planned.plan.change.rstrip("."), (after, "dim"), for_good))
        if planned.plan.breaks:
            table.add_row("", Text(f"breaks: {planned.plan.breaks}", style="yellow"))
    return table


def run_screen(
    state: RunState,
    progress: Mapping[str, str] = MappingProxyType({}),
    *,
    evidence: bool = False,
    moving: bool = False,
    height: int = sys.maxsize,
) -> Table:
    """The steps of a run and how each stands; phases at rest in one line each where `height` is small."""
    active = [step for step in described_steps(state) if step["active"]]
    table = Table.grid(padding=(0, 1))
    table.add_column(width=2)
    table.add_column(ratio=1, overflow="fold")
    table.add_column(justify="right")
    if crowd.is_crowd(len(active)) and not evidence:
        for mark, title, count in crowd.crowd_rows(state, active):
            icon, style = _MARK.get(mark, ("", "bold cyan"))
            table.add_row(
                Text(icon, style=style), Text(title, style=style if style != "green" else ""), count
            )
        for step in crowd.crowd_wrong(state, active):
            _add_step(table, step, state.step(step["id"]), progress, evidence=False, moving=moving)
        return table
    crowded = len(active) + len(PHASES) + len(progress) >= height
    for phase in PHASES:
        steps = [step for step in active if step["phase"] == phase]
        statuses = {state.step(step["id"]).status for step in steps}
        if crowded and len(statuses) == 1 and statuses <= {"succeeded", "pending"}:
            mark, style = _MARK[statuses.pop()]
            table.add_row(Text(mark, style=style), Text(f"{phase}: {len(steps)} steps", style="cyan"), "")
            continue
        if steps:
            table.add_row("", Text(phase, style="bold cyan"), "")
        for step in steps:
            _add_step(table, step, state.step(step["id"]), progress, evidence=evidence, moving=moving)
    return table


def _add_step(
    table: Table,
    step: Mapping[str, Any],
    is_so: StepState,
    progress: Mapping[str, str],
    *,
    evidence: bool,
    moving: bool,
) -> None:
    mark, style = _MARK[is_so.status]
    flying = is_so.status in ("intended", "applied") or step["id"] in progress
    icon = Spinner("dots", style="cyan") if moving and flying else Text(mark, style=style)
    table.add_row(icon, Text(titled(step), style=style if style == "dim" else ""), _duration(is_so))
    detail = is_so.why or progress.get(step["id"], "") or (is_so.evidence if evidence else "")
    for one in is_so.reopened:
        said = f"Somebody undid what was contained, seen at {one.at:%H:%M:%S} UTC: {one.why}"
        table.add_row("", Text(said, style=_ALARM), "")
    if detail:
        calm = is_so.status == "succeeded" and not is_so.undo_failed
        table.add_row("", Text(detail, style="dim" if calm else "yellow"), "")
    if evidence:
        for look in is_so.looks:
            said = f"looked at {look.at:%Y-%m-%d %H:%M:%S} UTC: {look.result}. {look.detail}"
            table.add_row("", Text(said, style="dim" if look.result in _CALM else "bold red"), "")


def _duration(is_so: StepState) -> Text:
    if is_so.status == "succeeded" and not is_so.applied:
        return Text("is so", style="dim")
    if is_so.started_at is None or is_so.finished_at is None or is_so.status == "skipped":
        return Text("")
    return Text(f"{(is_so.finished_at - is_so.started_at).total_seconds():.2f} s", style="dim")


def end_screen(summary: Summary) -> RenderableType:
    """Exposed, contained, proven, not proven, next; of a rotation what was replaced by what."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for one in summary.reopened:
        table.add_row(Text("UNDONE", style=_ALARM), Text(_undone(one), style=_ALARM))
    if summary.reopened:
        table.add_row("", Text(INTRUDER.format(run=summary.run), style=_ALARM))
    for head, text in _replaced(summary) if summary.rotation else _contained(summary):
        table.add_row(head, text)
    table.add_row(
        "Proven", Text(f"{len(summary.proven)} steps, each against the live service", style="green")
    )
    still = "\n".join(_not_proven(summary))
    table.add_row("Not proven", Text(still, style="bold yellow") if still else Text("nothing is open"))
    if summary.by_hand:
        told = "\n".join(f"{number}. {one}" for number, one in enumerate(summary.by_hand, 1))
        table.add_row("By hand", Text(f"Left to you:\n{redact(told)}"))
    table.add_row("Next", Text(summary.next_command, style="bold"))
    return table


def _contained(summary: Summary) -> Iterable[tuple[str, str]]:
    if not summary.credentials and summary.outcome == "succeeded":  # of what a review found, not of a leak
        yield "About", summary.source
        return
    many = len(summary.credentials) > crowd.SHOWN
    names = ", ".join(f"{c.identifier} ({c.kind}, {c.name})" for c in summary.credentials) or "nothing known"
    yield "Exposed", f"{crowd.exposed_crowd(summary.credentials) if many else names}, in {summary.source}"
    times = [
        f"{c.name} in {c.contained_after:.1f} s"
        if c.contained_after is not None
        else f"{c.name} {'GIVEN BACK' if c.given_back else 'NOT CONTAINED'}"
        for c in summary.credentials
    ]
    since = f"from the confirmation, which came {summary.confirmed_after:.1f} s after the start"
    told = crowd.contained_crowd(summary.credentials) if many else ", ".join(times) or "nothing"
    yield "Contained", f"{told}, {since}"


def _replaced(summary: Summary) -> Iterable[tuple[str, str]]:
    for one in summary.credentials:
        yield "Rotated", f"{one.name}: {one.identifier} ({one.kind}) by {one.fresh or 'nothing yet'}"
        if one.contained_after is not None:
            yield "Old one", f"gone, {elapsed(one.contained_after)} after the confirmation; {one.proof}"
        else:
            yield "Old one", "still works, beside the fresh one" if one.fresh else "works"


def _undone(one: Reopening) -> str:
    times = "" if one.times == 1 else f" {one.times} times, last"
    now = "It is contained again." if one.again else "IT IS NOT CONTAINED AGAIN."
    why = one.why.rstrip(".")
    return f"Somebody undid: {one.what}. Seen{times} at {day_and_time(one.at)}: {why}. {now}"


def _not_proven(summary: Summary) -> Iterable[str]:
    """What went wrong and how to mend it; what only waits is a number."""
    wrong = [one for one in summary.still_open if not one.waits]
    shown, more = crowd.several(wrong)
    for one in shown:
        yield " ".join(filter(None, (f"{one.what}: {sentence(one.why)}", sentence(one.next_step))))
    if more:
        yield f"and {more} more like these: respond show {summary.run}"
    waiting = len(summary.still_open) - len(wrong)
    if waiting and any(not one.identifier for one in wrong):
        yield f"and {waiting} more that {'waits' if waiting == 1 else 'wait'} for these"
    elif waiting:
        yield f"{counted(waiting, 'step')} not reached yet"


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
        calm = look.result in _CALM
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
