"""`respond identify`: what leaked, whose it is, whether it lives, what it may do. Changes nothing."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from responder.cli.desk import Desk, consoles
from responder.cli.material import inventory_or_none, material_arguments, read_material
from responder.cli.surveying import survey_beside, tell_marked, tell_unread_beyond
from responder.errors import Exit, RespondError

if TYPE_CHECKING:
    from responder.beyond import Widened
    from responder.profile import Profile
    from responder.sources import Material

_NEWEST = 200  # runs that are looked through
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

    Nothing is changed, and only your own credentials are used, unless --probe says otherwise. The exit code
    is 5 where somebody who should know did not answer.
    """
    from responder.beyond import of_found  # noqa: PLC0415  # not for --help
    from responder.cli.profile_screen import profiles_screen  # noqa: PLC0415
    from responder.profiling import profiles, strayed  # noqa: PLC0415

    desk.start_logging()
    out, err = consoles()
    inventory = inventory_or_none(
        desk,
        err,
        "Only what the services say of where it is used is told; `respond inventory discover` drafts one.",
    )
    with desk.connections() as connections:
        material = read_material("identify", what, path, connections, inventory)
        with err.status("Asking Modal, AWS and GitHub what this is …"):
            survey = survey_beside(connections, inventory, known_too=True)
            found = profiles(connections, inventory, material, probe=probe)
            elsewhere = survey.result()
    left = strayed(material)
    answered = Exit.DONE if all(one.answered for one in found) else Exit.UNAVAILABLE
    lives = [one for one in found if one.life != "dead"]
    named = {one.identifier: one.credential for one in lives if one.credential}
    widened = of_found({one.identifier: one.kind for one in lives}, named, inventory, elsewhere)
    if as_json:
        for one in found:
            click.echo(json.dumps({**one.model_dump(mode="json"), "reaches": _reached(one, widened)}))
        for stray in left:
            click.echo(stray.model_dump_json())
        return answered
    out.print(profiles_screen(found, left, material.source, widened))
    tell_marked(out, widened)
    tell_unread_beyond(out, elsewhere)
    if not probe and any(one.secret_seen and (one.life == "unknown" or not one.owner) for one in found):
        out.print("--probe asks as the leaked credentials themselves, which may tell more and may be seen.")
    for line in _runs_about(desk, {one.identifier for one in found}):
        out.print(line, style="bold yellow", markup=False)
    out.print(f"\nNothing was changed. Next: {_next(material)}", markup=False, soft_wrap=True)
    return answered


def _runs_about(desk: Desk, identifiers: set[str]) -> Iterator[str]:
    """Who is on it already, or was, the newest first; where there is no journal, nobody."""
    from responder.engine import subjects  # noqa: PLC0415  # not for --help
    from responder.journal import EventKind  # noqa: PLC0415

    with suppress(RespondError), desk.journal(read_only=True) as journal:
        under_way = journal.open_runs()
        for run in journal.runs()[:_NEWEST]:
            started = next(one for one in journal.iterate(run) if one.kind is EventKind.RUN_STARTED)
            if about := subjects(started.data) & identifiers:
                what = "is on" if run in under_way else "was about"
                follow = " --follow" if run in under_way else ""
                yield f"Run {run} {what} {', '.join(sorted(about))}: respond show {run}{follow}"


def _reached(one: "Profile", widened: "Widened") -> list[dict[str, object]]:
    """The graph of one, edge by edge, from itself on."""
    if one.life == "dead":
        return []
    found, left = [], [widened.reach.credential(one.identifier)]
    for node in left:
        for edge in widened.reach.of(node):
            left.append(edge.target)
            found.append(
                {
                    "from": edge.source.label,
                    "how": edge.how,
                    "to": edge.target.label,
                    "detail": edge.target.detail,
                    "in_inventory": edge.target not in widened.unknown,
                }
            )
    return found


def _next(material: "Material") -> str:
    """What to type to contain it."""
    if material.again:
        return f"respond leak {material.again}"
    typed = [one.identifier for one in material.found]
    if all(one.startswith(_TYPED) for one in typed):
        return f"respond leak {' '.join(typed)}"
    return "respond leak, and give it the same again"
