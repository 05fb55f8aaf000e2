"""`respond runs` and `respond show`."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from responder.cli.desk import Desk, consoles
from responder.errors import Exit, InputError

if TYPE_CHECKING:
    from responder.engine import RunState
    from responder.journal import Journal

_NARROW = 70  # columns, below which a table would cut its words


@dataclass(frozen=True)
class _Hands:
    """Whose hands a run is in. `alive` is None where that cannot be told from here."""

    alive: bool | None
    by: str
    outcome: str  # for a person: empty where nobody plays it

    def __str__(self) -> str:
        return f", {self.outcome}" if self.outcome else ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def runs(desk: Desk, *, as_json: bool) -> None:
    """List the runs, the newest first."""
    from rich.padding import Padding  # noqa: PLC0415  # not for --help
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from responder.report.summary import summarise  # noqa: PLC0415

    out, _ = consoles()
    with desk.journal(read_only=True) as journal:
        states = [_state(journal, run) for run in journal.runs()]
        found = [(summarise(state), _hands(journal, state)) for state in states]
    if as_json:
        for one, hands in found:
            click.echo(json.dumps(summary_json(one) | {"running": hands.alive, "by": hands.by}))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("run", "began (UTC)", "outcome", "credentials", "open"):
        table.add_column(column)
    for one, hands in found:
        names = ", ".join(c.name for c in one.credentials)
        began, still_open = f"{one.began_at:%Y-%m-%d %H:%M:%S}", str(len(one.still_open))
        if out.width < _NARROW:
            out.print(Text.assemble((one.run, "bold"), f" {hands.outcome or one.outcome}"))
            out.print(Padding(f"{began} UTC, {names}, {still_open} open", (0, 0, 0, 2)))
        table.add_row(one.run, began, hands.outcome or one.outcome, names, still_open)
    if out.width >= _NARROW:
        out.print(table)


@click.command()
@click.argument("run", required=False)
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
@click.option("--follow", is_flag=True, help="Watch it as it goes, wherever it is played, until it ends.")
@click.pass_obj
def show(desk: Desk, run: str | None, *, as_json: bool, follow: bool) -> int:
    """Show RUN step by step, with the evidence of each; the newest one when none is named.

    With --follow, Ctrl-C stops the watching, not the run. Its exit code is then that of the run.
    """
    from responder.cli.end_screen import end_screen  # noqa: PLC0415  # not for --help
    from responder.cli.review_screen import at_the_end  # noqa: PLC0415
    from responder.cli.run_screen import run_screen  # noqa: PLC0415  # not for --help
    from responder.report.summary import summarise  # noqa: PLC0415
    from responder.review.eviction import removed  # noqa: PLC0415
    from responder.review.reading import review_steps, seen  # noqa: PLC0415

    if follow and as_json:
        raise InputError("Both --follow and --json were given.", next_step="Give one of the two.")
    out, _ = consoles()
    with desk.journal(read_only=True) as journal:
        chosen = run or next(iter(journal.runs()), None)
        if chosen is None:
            raise InputError("There is no run yet.", next_step="`respond drill` plays one in a sandbox.")
        state = _state(journal, chosen)
        hands = _hands(journal, state) if state.started else ""
        gone = removed(journal, chosen) if state.started else {}
    if not state.started:
        raise InputError(f"There is no run {chosen}.", next_step="`respond runs` lists them.")
    if follow:
        return _follow(desk, chosen)
    if as_json:
        click.echo(json.dumps(summary_json(summarise(state))))
        return Exit.DONE
    out.print(f"Run {chosen}, {state.started['playbook']['name']}, {state.started['strategy']}{hands}")
    out.print(run_screen(state, evidence=True))
    out.print(end_screen(summarise(state)))
    if review_steps(state):
        out.print(at_the_end(chosen, seen(state, gone)))
    return Exit.DONE


def _follow(desk: Desk, run: str) -> int:
    from responder.cli.end_screen import end_screen  # noqa: PLC0415
    from responder.cli.follow import follow  # noqa: PLC0415  # not for --help
    from responder.cli.live import screen_of  # noqa: PLC0415
    from responder.cli.playing import exit_code  # noqa: PLC0415
    from responder.report.summary import summarise  # noqa: PLC0415

    out, err = consoles()
    err.print(f"Run {run}, watched from here; Ctrl-C stops the watching, not the run.", style="dim")
    with desk.journal(read_only=True) as journal, screen_of(desk, err) as screen:
        summary = summarise(follow(journal, run, screen))
    out.print(end_screen(summary))
    return exit_code(summary)


def _hands(journal: "Journal", state: "RunState") -> _Hands:
    """Of a run that is over, nobody's."""
    if state.outcome and not state.undoing:
        return _Hands(alive=False, by="", outcome="")
    holder = journal.holder(state.run)
    alive, doing = holder.alive(), "being undone" if state.undoing else "running"
    words = {True: f"{doing}, by {holder}", None: f"perhaps {doing}, by {holder}", False: ""}
    return _Hands(alive, str(holder), words[alive])


def _state(journal: "Journal", run: str) -> "RunState":
    from responder.engine import fold  # noqa: PLC0415

    return fold(run, journal.events(run))


def summary_json(summary: Any) -> dict[str, Any]:  # noqa: ANN401  # a Summary
    """A summary as plain JSON, for machines."""
    from dataclasses import asdict  # noqa: PLC0415

    plain = asdict(summary)
    plain["began_at"] = summary.began_at.isoformat()
    for one, told in zip(summary.reopened, plain["reopened"], strict=True):
        told["at"] = one.at.isoformat()
    plain["next_command"] = summary.next_command
    return plain
