"""The steps of a run and how each stands."""

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from responder.cli import crowd
from responder.engine import RunState, StepState
from responder.report.summary import described_steps, titled

PHASES = ("prepare", "identify", "contain", "rotate", "recover", "retire", "review")
CALM = ("held", "reviewed")  # results of looks
_ALARM = "bold red"
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
            table.add_row("", Text(said, style="dim" if look.result in CALM else "bold red"), "")


def _duration(is_so: StepState) -> Text:
    if is_so.status == "succeeded" and not is_so.applied:
        return Text("is so", style="dim")
    if is_so.started_at is None or is_so.finished_at is None or is_so.status == "skipped":
        return Text("")
    return Text(f"{(is_so.finished_at - is_so.started_at).total_seconds():.2f} s", style="dim")
