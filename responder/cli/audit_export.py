"""`respond audit export`."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from responder.cli.desk import Desk
from responder.cli.moment import moment
from responder.cli.output import output_option, put
from responder.errors import InputError

if TYPE_CHECKING:
    from responder.journal import Journal
    from responder.report.export import Selection

FORMATS = ("jsonl", "csv", "ocsf", "cacao")


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    required=True,
    help="jsonl: every event whole, to be verified. csv: an event a line, for a spreadsheet. ocsf: events "
    "for a security data lake. cacao: one run, as the playbook that was confirmed and what became of it.",
)
@click.option("--run", help="Only this run; cacao needs it.")
@click.option("--since", type=moment, metavar="TIME", help="Only from then on: 2026-01-31, or with T03:00.")
@click.option("--until", type=moment, metavar="TIME", help="Only before then.")
@click.option("--journal", "path", type=click.Path(path_type=Path), help="A copy of a journal, anywhere.")
@output_option
@click.pass_obj
def export(
    desk: Desk,
    form: str,
    run: str | None,
    since: datetime | None,
    until: datetime | None,
    path: Path | None,
    output: Path | None,
) -> None:
    """Export the record for the tools that auditors have.

    It holds no secret: those are fingerprints, and in jsonl ciphertexts that nothing can open once their run
    has ended. The journal is opened read-only, and the same journal gives the same bytes.
    """
    from responder.journal import Journal  # noqa: PLC0415  # not for --help
    from responder.report.export import Selection  # noqa: PLC0415

    if form == "cacao" and (run is None or since or until):
        raise InputError(
            "A CACAO export is of one whole run.",
            next_step="`respond audit export --format cacao --run RUN`; `respond runs` lists them.",
        )
    with Journal.open(path or desk.journal_file(), read_only=True) as journal:
        wanted = Selection(run or "", since, until)
        wanted.check(journal)
        put(_lines(form, journal, wanted), output)


def _lines(form: str, journal: "Journal", wanted: "Selection") -> Iterator[str]:
    match form:
        case "jsonl":
            from responder.report.export import jsonl  # noqa: PLC0415

            return jsonl.lines(wanted.rows(journal))
        case "csv":
            from responder.report.export import spreadsheet  # noqa: PLC0415

            return spreadsheet.lines(wanted.records(journal))
        case "ocsf":
            from responder.report.export import ocsf  # noqa: PLC0415

            return ocsf.lines(wanted.all_records(journal), wanted.has)
    from responder.report.export import cacao  # noqa: PLC0415

    return cacao.run_lines(wanted.all_records(journal))
