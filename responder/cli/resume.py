"""`respond resume`: go on with a run where it stopped."""

import click

from responder.cli.desk import Desk
from responder.cli.operator import operator
from responder.errors import InputError


@click.command()
@click.argument("run", required=False)
@click.option("--take-over", is_flag=True, help="Even if another process may be at it: that one will stop.")
@click.pass_obj
def resume(desk: Desk, run: str | None, *, take_over: bool) -> int:
    """Go on with RUN where it stopped; with the only unfinished one when none is named.

    What was about to be done when it stopped is looked up at the service first: nothing is done twice.
    """
    from responder.cli.playing import Stage  # noqa: PLC0415  # rich and pydantic: not for --help
    from responder.engine import unfinished  # noqa: PLC0415

    desk.start_logging()
    with desk.journal() as journal, desk.connections() as connections:
        chosen = run or _only([state.run for state in unfinished(journal)])
        journal.holder(chosen)  # a run that does not exist is said to be so before anything else
        who = operator(connections)
        stage = Stage.set_up(desk, journal, connections, resuming=True)
        return stage.play(lambda engine: engine.resume(chosen, take_over=take_over, operator=who), chosen)


def _only(runs: list[str]) -> str:
    if len(runs) == 1:
        return runs[0]
    what = f"Several runs are unfinished: {', '.join(runs)}." if runs else "No run is unfinished."
    raise InputError(
        what, next_step="`respond resume RUN` names one." if runs else "`respond runs` lists all."
    )
