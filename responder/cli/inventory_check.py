"""`respond inventory check`: where respond.toml and what is there differ."""

import json
from typing import TYPE_CHECKING

import click

from responder.cli.desk import Desk, consoles
from responder.cli.surveying import surveyed, tell_unread
from responder.errors import Exit
from responder.secret import redact

if TYPE_CHECKING:
    from rich.console import Console

    from responder.inventory.drift import Drift

_MARKS = {"gone": ("gone  ", "bold red"), "new": ("new   ", "bold yellow")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@click.pass_obj
def check(desk: Desk, *, as_json: bool) -> int:
    """Say where respond.toml and what is there differ, and what to do about each difference.

    Modal, AWS and GitHub are asked, and nothing is changed. `gone` is in respond.toml and not there, `new`
    is there and not in respond.toml. The exit code is 0 where they agree, 2 where they differ, and 5 where
    they may, because something could not be read.
    """
    from responder.inventory.drift import drift  # noqa: PLC0415  # not for --help

    desk.start_logging()
    inventory = desk.load_inventory()
    discovered = surveyed(desk, inventory, inventory.repositories)
    found = drift(inventory, discovered)
    if as_json:
        lines = [one.model_dump() for one in found]
        click.echo(redact(json.dumps({"drift": lines, "unread": discovered.unread})))
    else:
        out, _ = consoles()
        for one in found:
            _show(out, one)
        tell_unread(desk, discovered)
        _sum_up(out, str(inventory.path), len(found), len(discovered.unread))
    if found:
        return Exit.INPUT
    return Exit.UNAVAILABLE if discovered.unread else Exit.DONE


def _show(out: "Console", one: "Drift") -> None:
    from rich.text import Text  # noqa: PLC0415

    # Not wrapped: what is to be typed can be copied.
    out.print(Text.assemble(_MARKS[one.side], redact(one.what)), soft_wrap=True)
    out.print(Text.assemble("      Do: ", (redact(one.do), "bold")), soft_wrap=True)


def _sum_up(out: "Console", path: str, differences: int, unread: int) -> None:
    from responder.report.words import counted  # noqa: PLC0415

    not_read = f" {counted(unread, 'thing')} could not be read." if unread else ""
    if differences:
        text = f"{counted(differences, 'difference')} from {path}.{not_read}"
    elif unread:
        text = f"What was read agrees with {path}.{not_read}"
    else:
        text = f"{path} agrees with what is there."
    out.print(text, markup=False, soft_wrap=True, style="bold")
