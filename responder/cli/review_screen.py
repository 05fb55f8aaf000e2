"""What a review saw, as a person reads it: the worst first, each with why, by whom and what would undo it."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from responder.report.words import counted
from responder.review.reading import Seen
from responder.trace import RANK, Trace

_STYLE = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "", "info": "dim"}
_WIDTH = max(map(len, RANK))
_AT_THE_END = 6  # traces that the end of a run names


def at_the_end(run: str, seen: Seen) -> RenderableType:
    """A few lines below a run's end; the rest is a command away."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    worth = seen.to_look_at
    table.add_row("Review", _headline(seen))
    for one in worth[:_AT_THE_END]:
        table.add_row("", Text.assemble((one.severity, _STYLE[one.severity]), f"  {_what(one)}"))
    if len(worth) > _AT_THE_END:
        table.add_row("", f"and {counted(len(worth) - _AT_THE_END, 'thing')} more")
    for why in seen.unread:
        table.add_row("", Text(f"Not read: {why}", style="yellow"))
    table.add_row("", Text(f"All of it, and whatever shows late: respond review {run} --all", style="bold"))
    return table


def traces_screen(traces: Sequence[Trace]) -> RenderableType:
    """Each in full."""
    return Group(*(part for one in traces for part in _in_full(one)))


def unread_screen(seen: Seen) -> RenderableType:
    lines = [Text(f"Not read: {why}", style="yellow") for why in seen.unread]
    lines += [Text(f"Not looked at yet: {title}", style="yellow") for title in seen.missing]
    return Group(*lines)


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


def _in_full(one: Trace) -> Iterable[RenderableType]:
    severity = f"{one.severity:{_WIDTH}}"
    yield Text.assemble(
        (severity, _STYLE[one.severity]), "  ", (_what(one), "bold" if one.to_look_at else "")
    )
    when = f"{one.at:%Y-%m-%d %H:%M:%S} UTC" if one.at else ""
    who = f"by {one.by}" if one.by else ""
    facts = [one.because, ", ".join(filter(None, (when, who)))]
    for fact in filter(None, facts):
        yield Padding(Text(fact, style="dim"), (0, 0, 0, _WIDTH + 2))
    if one.undo:
        yield Padding(Text(one.undo), (0, 0, 0, _WIDTH + 2))


def _what(one: Trace) -> str:
    """With its identifier, where the sentence does not name it."""
    return one.what if one.subject in one.what else f"{one.what}: {one.subject}"
