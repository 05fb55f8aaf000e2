"""What a run came to: what was exposed, contained, proven, not proven, and what to type next."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from responder.cli import crowd
from responder.report.occasion import seen_in
from responder.report.summary import Reopening, Summary
from responder.report.words import counted, day_and_time, elapsed, sentence
from responder.secret import redact

_ALARM = "bold red"
INTRUDER = (
    "THE INTRUDER IS ACTIVE and has another way in. Find it: the provider's audit log says who did this. "
    "Hold what is contained meanwhile: `respond watch {run} --for 36h`."
)


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
    exposed = crowd.exposed_crowd(summary.credentials) if many else names
    yield "Exposed", f"{exposed}{seen_in(summary.source)}"
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
