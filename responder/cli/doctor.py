"""`respond doctor`."""

import json
import os
from typing import TYPE_CHECKING

import click

from responder.cli.desk import SHARED, Desk, consoles
from responder.errors import Exit
from responder.secret import redact

if TYPE_CHECKING:
    from rich.console import Console

    from responder.doctor import Answer

_STYLES = {"ok": "green", "warning": "bold yellow", "failed": "bold red"}


@click.command()
@click.option(
    "--playbook",
    "playbooks",
    multiple=True,
    metavar="NAME",
    help="Check what this playbook (or file) needs; may be repeated. Without it, all that come with respond.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def doctor(desk: Desk, playbooks: tuple[str, ...], *, as_json: bool) -> int:
    """Check that all is there that an incident will need, and say how to mend what is not.

    Identities and their permissions, clocks, the journal and its seal key, and whether all that respond.toml
    names exists. It takes 10 seconds at most and changes nothing at any service. Its exit code is 5 when
    something failed.
    """
    from responder.doctor import Subject, examine  # noqa: PLC0415  # not for --help
    from responder.journal.preflight import Shared  # noqa: PLC0415
    from responder.journal.store import utcnow  # noqa: PLC0415

    desk.start_logging()
    out, err = consoles()
    with desk.connections() as connections:
        subject = Subject(
            connections,
            os.environ,
            desk.folder,
            desk.journal_path,
            desk.load_inventory,
            utcnow,
            playbooks,
            Shared(desk.journal_file, desk.try_shared_journal) if os.environ.get(SHARED) else None,
        )
        with err.status("Asking Modal, AWS and GitHub …"):
            answers = examine(subject)
    for answer in answers:
        if as_json:
            click.echo(json.dumps(_plain(answer)))
        else:
            _show(out, answer)
    levels: list[str] = [answer.finding.level for answer in answers]
    if not as_json:
        out.print(", ".join(f"{levels.count(level)} {level}" for level in _STYLES), style="bold")
    return Exit.UNAVAILABLE if "failed" in levels else Exit.DONE


def _plain(answer: "Answer") -> dict[str, str]:
    finding = answer.finding
    return {
        "check": answer.about,
        "level": finding.level,
        "what": redact(finding.what),
        "mend": redact(finding.mend),
    }


def _show(out: "Console", answer: "Answer") -> None:
    from rich.text import Text  # noqa: PLC0415

    plain = _plain(answer)
    # Not wrapped: what is to be typed can be copied.
    level = (f"{plain['level']:<8}", _STYLES[plain["level"]])
    out.print(Text.assemble(level, (f"{plain['check']}  ", "dim"), plain["what"]), soft_wrap=True)
    if plain["mend"]:
        out.print(Text.assemble("        Mend: ", (plain["mend"], "bold")), soft_wrap=True)
