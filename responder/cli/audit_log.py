"""`respond audit log`."""

import json
from datetime import datetime
from pathlib import Path

import click

from responder.cli.desk import Desk
from responder.cli.moment import moment
from responder.errors import InputError


@click.command()
@click.option("--run", help="Only this run.")
@click.option("--credential", help="Only what was done about this credential.", default="")
@click.option("--actor", help="Only by who has this in a name: a user, a host, an ARN, a login.", default="")
@click.option("--phase", help="Only this phase: contain, rotate, recover, ….", default="")
@click.option("--since", type=moment, metavar="TIME", help="Only from then on: 2026-01-31, or with T03:00.")
@click.option("--until", type=moment, metavar="TIME", help="Only before then.")
@click.option("--journal", "path", type=click.Path(path_type=Path), help="A copy of a journal, anywhere.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with all there is.")
@click.pass_obj
def log(
    desk: Desk,
    run: str | None,
    credential: str,
    actor: str,
    phase: str,
    since: datetime | None,
    until: datetime | None,
    path: Path | None,
    *,
    as_json: bool,
) -> None:
    """Print what was done: when, by whom, from where, on what, with which outcome, and how that is known.

    The ids in brackets are the providers' own names for the requests: their logs can be searched for them.
    A line has four of them, --json all.
    """
    from responder.journal import Journal  # noqa: PLC0415  # not for --help
    from responder.report import log as lines  # noqa: PLC0415
    from responder.report.record import records  # noqa: PLC0415

    wanted = lines.Filter(credential, actor, phase, since, until)
    with Journal.open(path or desk.journal_file(), read_only=True) as journal:
        if run is not None and run not in journal.runs():
            raise InputError(f"There is no run {run}.", next_step="`respond runs` lists them.")
        seen, found = lines.Seen(), False
        for record in records(journal.iterate(run)):
            seen.note(record)
            if wanted(record):
                found = True
                click.echo(json.dumps(lines.as_json(record)) if as_json else lines.as_line(record))
    for what, name, known in seen.unknown(wanted):
        raise InputError(
            f"No event has the {what} {name}.",
            next_step=f"There are: {', '.join(known)}." if known else "The journal names none.",
        )
    if not found:
        click.echo("No event matches all of that.", err=True)
