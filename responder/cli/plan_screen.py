"""What a person sees before anything is changed: the exposure, and the plan."""

from collections.abc import Sequence
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from responder.cli import crowd
from responder.cli.reach import tree_below
from responder.duration import in_words
from responder.engine import PlannedStep
from responder.exposure import Exposure, Leaked
from responder.report.occasion import seen_in
from responder.report.reach import reach_of

_LIFE = {"live": ("LIVE", "bold red"), "dead": ("dead", "green"), "unknown": ("unknown", "yellow")}
_FOR_GOOD = " ⊘"


def exposure_screen(exposure: Exposure) -> RenderableType:
    """What leaked, whose it is, whether it lives, and where it is used."""
    lines: list[RenderableType] = [Text(f"Exposed{seen_in(exposure.source)}", style="bold")]
    reach = reach_of(exposure)
    for leaked in exposure.leaked():
        name = leaked.credential if leaked.known else "not in the inventory"
        lines.append(_found(leaked.life, leaked.identifier, _owner(leaked), f"({name})"))
        if leaked.note:
            lines.append(_below(Text(leaked.note, style="yellow")))
        node = reach.credential(leaked.identifier)
        if leaked.life != "dead" and reach.of(node):
            lines.append(_below(tree_below(reach, node, short=True)))
    for found in exposure.unidentified:
        lines.append(_found(found.life, found.identifier, f"({found.kind.value})"))
        lines.append(_below(Text(found.note, style="yellow")))
    return Group(*lines)


def _found(life: str, *said: str) -> RenderableType:
    """Whether it lives, and whose it is; what does not fit in the line goes on below its beginning."""
    word, style = _LIFE[life]
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_row("", Text(word, style=style, no_wrap=True), Text("  ".join(filter(None, said))))
    return table


def _below(what: RenderableType) -> RenderableType:
    return Padding(what, (0, 0, 0, 8), expand=False)


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
