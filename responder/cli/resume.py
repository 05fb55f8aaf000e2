"""`respond resume`: go on with a run where it stopped."""

from typing import TYPE_CHECKING

import click

from responder.cli.desk import Desk, consoles
from responder.cli.operator import operator
from responder.errors import InputError

if TYPE_CHECKING:
    from responder.engine import RunState


@click.command()
@click.argument("run", required=False)
@click.option(
    "--delete-key",
    metavar="AKIA…",
    help="The key to delete where a user already has two; several, of several users, with commas.",
)
@click.option("--take-over", is_flag=True, help="Even if another process may be at it: that one will stop.")
@click.pass_obj
def resume(desk: Desk, run: str | None, *, delete_key: str | None, take_over: bool) -> int:
    """Go on with RUN where it stopped; with the only unfinished one when none is named.

    What was about to be done when it stopped is looked up at the service first: nothing is done twice. Of a
    run that is over, its end is shown.
    """
    from responder.cli.playing import Stage  # noqa: PLC0415  # rich and pydantic: not for --help
    from responder.cli.silence import tell_silence  # noqa: PLC0415
    from responder.engine import OVER, fold, unfinished  # noqa: PLC0415

    desk.start_logging()
    with desk.journal() as journal, desk.connections() as connections:
        chosen = run or _only([state.run for state in unfinished(journal)])
        journal.holder(chosen)  # a run that does not exist is said to be so before anything else
        state = fold(chosen, journal.events(chosen))
        if state.outcome and not state.undoing:
            return _over(desk, state)
        who = operator(connections)
        to_do = [one for one in state.started["steps"] if state.step(one["id"]).status not in OVER]
        tell_silence(desk, to_do, who)
        stage = Stage.set_up(desk, journal, connections, resuming=True)
        options = {"delete_key": delete_key} if delete_key else {}
        return stage.play(
            lambda engine: engine.resume(chosen, take_over=take_over, operator=who, options=options), chosen
        )


def _over(desk: Desk, state: "RunState") -> int:
    from responder.cli.end_screen import end_screen  # noqa: PLC0415
    from responder.cli.playing import exit_code  # noqa: PLC0415
    from responder.report.summary import summarise  # noqa: PLC0415

    summary = summarise(state)
    desk.tell("run", f"Run {state.run} is over: {summary.outcome}.")
    consoles()[0].print(end_screen(summary))
    return exit_code(summary)


def _only(runs: list[str]) -> str:
    if len(runs) == 1:
        return runs[0]
    what = f"Several runs are unfinished: {', '.join(runs)}." if runs else "No run is unfinished."
    raise InputError(
        what, next_step="`respond resume RUN` names one." if runs else "`respond runs` lists all."
    )
