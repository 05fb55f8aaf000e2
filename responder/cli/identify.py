"""`respond identify`: what leaked, whose it is, whether it lives, what it may do. Changes nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from responder.cli.desk import Desk, consoles
from responder.cli.material import inventory_or_none, material_arguments, read_material
from responder.cli.surveying import survey_beside, tell_beyond
from responder.errors import Exit

if TYPE_CHECKING:
    from responder.sources import Material

_TYPED = ("AKIA", "ASIA", "ak-", "wk-")


@click.command()
@material_arguments
@click.option(
    "--probe", is_flag=True, help="Ask with the leaked credentials themselves, too; it may be seen."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each credential.")
@click.pass_obj
def identify(desk: Desk, what: Sequence[str], path: Path | None, *, probe: bool, as_json: bool) -> int:
    """Say of what leaked whose it is, whether it lives and what it may do.

    WHAT holds it: a file, `-` for standard input, a commit, the address of a commit, file, pull request,
    issue, comment or gist on GitHub, a secret-scanning alert's number or address, or a public identifier.
    With nothing given, it is asked for as a hidden paste.

    Nothing is changed, and only your own credentials are used, unless --probe says otherwise.
    """
    from responder.beyond import of_named  # noqa: PLC0415  # not for --help
    from responder.cli.profile_screen import profiles_screen  # noqa: PLC0415
    from responder.profiling import profiles, strayed  # noqa: PLC0415

    desk.start_logging()
    out, err = consoles()
    inventory = inventory_or_none(desk, err, "Where it is used is not known.")
    with desk.connections() as connections:
        material = read_material("identify", what, path, connections, inventory)
        with err.status("Asking Modal, AWS and GitHub what this is …"):
            survey = survey_beside(connections, inventory)
            found = profiles(connections, inventory, material, probe=probe)
            elsewhere = survey.result()
    left = strayed(material)
    if as_json:
        for one in (*found, *left):
            click.echo(one.model_dump_json())
        return Exit.DONE
    reach = of_named({one.identifier: one.credential for one in found if one.credential}, inventory)
    out.print(profiles_screen(found, left, material.source, reach))
    tell_beyond(out, {one.kind for one in found}, {one.credential for one in found}, inventory, elsewhere)
    out.print(f"\nNothing was changed. Next: {_next(material)}", markup=False, soft_wrap=True)
    return Exit.DONE


def _next(material: "Material") -> str:
    """What to type to contain it."""
    if material.again:
        return f"respond leak {material.again}"
    typed = [one.identifier for one in material.found]
    if all(one.startswith(_TYPED) for one in typed):
        return f"respond leak {' '.join(typed)}"
    return "respond leak, and give it the same again"
