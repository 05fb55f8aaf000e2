"""What a review saw, as a person reads it: the worst first, each with why, by whom and what would undo it."""

import shlex
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from responder.report.words import counted
from responder.review.reading import Seen
from responder.trace import RANK, Trace

_STYLE = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "", "info": "dim"}
_AT_THE_END = 6  # traces that the end of a run names


def at_the_end(run: str, seen: Seen) -> RenderableType:
    """A few lines below a run's end; the rest is a command away."""
    table = _grid()
    worth = seen.to_look_at
    table.add_row("Review", _headline(seen))
    for one in worth[:_AT_THE_END]:
        table.add_row("", Text.assemble((one.severity, _STYLE[one.severity]), f"  {_what(one)}"))
    if len(worth) > _AT_THE_END:
        table.add_row("", f"and {counted(len(worth) - _AT_THE_END, 'thing')} more")
    for why in seen.unread:
        table.add_row("", Text(f"Not read: {why}", style="yellow"))
    table.add_row(
        "", Text(f"All of it, and what shows 15 minutes late: respond review {run} --all", style="bold")
    )
    return table


def traces_screen(traces: Sequence[Trace]) -> RenderableType:
    """Each in full."""
    table = _grid()
    for one in traces:
        style = "bold" if one.to_look_at else ""
        table.add_row(Text(one.severity, style=_STYLE[one.severity]), Text(_what(one), style=style))
        when = f"{one.at:%Y-%m-%d %H:%M:%S} UTC" if one.at else ""
        who = f"by {one.by}" if one.by else ""
        for fact in filter(None, (one.because, ", ".join(filter(None, (when, who))), one.evidence)):
            table.add_row("", Text(fact, style="dim"))
        if one.undo and one.to_look_at:
            table.add_row("", Text(one.undo))
    return table


def removal_hint(run: str, traces: Sequence[Trace]) -> RenderableType:
    """What to type to delete what can be deleted; nothing where nothing can."""
    subjects = dict.fromkeys(one.subject for one in traces if one.remove_with and one.to_look_at)
    if not subjects:
        return Group()
    named = " ".join(f"--remove {shlex.quote(one)}" for one in subjects)
    return Text(f"If none of you made them: respond review {run} {named}", style="bold")


def unread_screen(seen: Seen) -> RenderableType:
    lines = [Text(f"Not read: {why}", style="yellow") for why in seen.unread]
    lines += [Text(f"Not looked at yet: {title}", style="yellow") for title in seen.missing]
    return Group(*lines)


def _grid() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    return table


def _headline(seen: Seen) -> Text:
    worth = seen.to_look_at
    if seen.missing and not seen.looks:
        return Text("not done yet", style="yellow")
    if not worth and not seen.unread:
        return Text("nothing to look at")
    if not worth:
        return Text("nothing found, and not all could be read", style="yellow")
    counts = ", ".join(
        f"{number} {severity}"
        for severity in RANK
        if (number := sum(one.severity == severity for one in worth))
    )
    return Text(f"{counted(len(worth), 'thing')} to look at: {counts}", style="bold red")


def _what(one: Trace) -> str:
    """With its identifier, where the sentence does not name it."""
    return one.what if one.subject in one.what else f"{one.what}: {one.subject}"
