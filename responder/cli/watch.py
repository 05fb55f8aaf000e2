"""`respond watch`: does the containment hold?"""

import time
from functools import partial
from typing import TYPE_CHECKING

import click

from responder.cli.audit_checkpoint import at_the_end_of_a_run
from responder.cli.desk import Desk, consoles
from responder.cli.duration import duration
from responder.cli.operator import operator
from responder.errors import Exit, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from rich.console import Console

    from responder.engine import Watched

_LAST = "30m"


@click.command()
@click.argument("run")
@click.option(
    "--for",
    "last",
    metavar="TIME",
    help="Look rarer and rarer until so long after the containment: 90s, 30m (the default), 36h at most.",
)
@click.option("--at", metavar="TIMES", help="Look at exactly these times after the containment: 1m,30m,2h")
@click.option("--take-over", is_flag=True, help="Even if another process may be at it: that one will stop.")
@click.pass_obj
def watch(desk: Desk, run: str, *, last: str | None, at: str | None, take_over: bool) -> int:
    """Look whether what RUN contained still is: now, and again until 36 hours later.

    Each look is recorded. What somebody undid is contained again at once, by the same proven steps. An access
    key that somebody made beside a leaked one is reported with what to type, and left alone. Exit code 4 when
    anything did not hold, even where it was contained again, or could not be looked at.
    """
    from responder.cli.live import PlainScreen  # noqa: PLC0415  # rich: not for --help
    from responder.cli.silence import tell_silence  # noqa: PLC0415
    from responder.engine import Watch  # noqa: PLC0415
    from responder.strangers import strangers  # noqa: PLC0415

    desk.start_logging()
    dues = _dues(last, at)
    out, err = consoles()
    with desk.journal() as journal, desk.connections() as connections:
        if run not in journal.runs():
            raise InputError(f"There is no run {run}.", next_step="`respond runs` lists them.")
        engine = desk.engine(journal, connections, PlainScreen(err))
        kept = Watch(engine, run, partial(strangers, connections), time.sleep)
        for title, why in kept.unseen.items():
            err.print(f"No look is possible at: {title}: {why}.", style="yellow", markup=False)
        who = operator(connections)
        tell_silence(desk, kept.steps, who)
        watched = kept.keep(dues, operator=who, take_over=take_over)
        _tell(out, run, watched)
        at_the_end_of_a_run(desk, journal, connections)
    return Exit.DONE if watched.all_held else Exit.INCOMPLETE


def _dues(last: str | None, at: str | None) -> "Sequence[timedelta]":
    from responder.engine import schedule  # noqa: PLC0415
    from responder.engine.watch import LONGEST  # noqa: PLC0415

    if last and at:
        raise InputError("Both --for and --at were given.", next_step="Give one of the two.")
    dues = [duration(one) for one in at.split(",")] if at else schedule(duration(last or _LAST))
    if max(dues) > LONGEST:
        raise InputError(
            "A watch ends 36 hours after the containment at the latest: no session lives longer.",
            next_step="Name a shorter time, such as 36h.",
        )
    return dues


def _tell(out: "Console", run: str, watched: "Watched") -> None:
    from responder.cli.end_screen import INTRUDER  # noqa: PLC0415
    from responder.report.words import counted  # noqa: PLC0415

    looks = counted(watched.looks, "look")
    for one in watched.strangers.values():
        out.print(f"STRANGER  {one.identifier}: {one.what}", style="bold red", markup=False, soft_wrap=True)
        out.print("          Nobody here knows who made it. If you do not, deactivate it:", markup=False)
        out.print(f"          {one.command}", markup=False, soft_wrap=True)
    if watched.all_held:
        out.print(f"{looks}: all of it held.")
        return
    words = {
        "re-applied": "somebody undid containment; it was contained again",
        "lost": "it is NOT contained any more, and could not be contained again",
        "unknown": "some of it could not be looked at",
    }
    said = [words[result] for result in words if result in watched.results] or ["what was contained held"]
    if watched.strangers:
        said.append(f"beside it {counted(len(watched.strangers), 'stranger')}, as above")
    out.print(f"{looks}: {'; '.join(said)}.", style="bold red")
    if watched.results & {"re-applied", "lost"}:
        out.print(INTRUDER.format(run=run), style="bold red", markup=False)
