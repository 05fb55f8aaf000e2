"""`respond leak`: from a text with a credential in it to a run."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from responder.cli.confirm import confirm
from responder.cli.desk import Desk, consoles
from responder.cli.material import inventory_or_none, material_arguments, read_material
from responder.cli.moment import moment
from responder.cli.operator import operator
from responder.cli.surveying import survey_beside, tell_beyond
from responder.errors import Exit, UnavailableError

if TYPE_CHECKING:
    from datetime import datetime

    from responder.engine import Order, PlannedStep
    from responder.exposure import Exposure
    from responder.found import Found
    from responder.journal import Journal
    from responder.playbook import Playbook

STRATEGIES = ("contain-first", "rotate-first")


@click.command()
@material_arguments
@click.option(
    "--strategy",
    type=click.Choice(STRATEGIES),
    help="contain-first (the default) kills the credential at once; rotate-first keeps the workload up.",
)
@click.option(
    "--redeploy",
    type=click.Choice(["workflow", "direct"]),
    default="workflow",
    help="By the repository's own workflow, or from here when that way is broken.",
)
@click.option(
    "--delete-key",
    metavar="AKIA…",
    help="The key to delete where a user already has two; several, of several users, with commas.",
)
@click.option(
    "--since",
    metavar="TIME",
    callback=lambda _context, _option, text: moment(text) if text else None,
    help="When it was exposed, 2026-01-31 or 2026-01-31T03:00, in UTC: the review looks back so far. "
    "Otherwise a week.",
)
@click.option("--playbook", default="leak", show_default=True, help="A playbook's name, or its file.")
@click.option("--dry-run", is_flag=True, help="Show what leaked and the plan, and stop there.")
@click.option("--yes", is_flag=True, help="Do not ask. For automation.")
@click.pass_obj
def leak(
    desk: Desk,
    what: Sequence[str],
    path: Path | None,
    strategy: str | None,
    redeploy: str,
    delete_key: str | None,
    playbook: str,
    *,
    since: "datetime | None",
    dry_run: bool,
    yes: bool,
) -> int:
    """A credential has leaked: contain it, replace it, prove both.

    WHAT holds it: a file, `-` for standard input, a commit, the address of a commit, file, pull request,
    issue, comment or gist on GitHub, a secret-scanning alert's number or address. Public identifiers (AKIA…,
    ak-…) may be given too; secrets may not: with nothing given, they are asked for as a hidden paste.
    """
    from responder.action import exchanges  # noqa: PLC0415
    from responder.beyond import concerned  # noqa: PLC0415
    from responder.cli import superseding  # noqa: PLC0415
    from responder.cli.playing import (  # noqa: PLC0415  # what takes long to import: not for --help
        Stage,
        fresh_run,
        load_playbook,
        plan,
    )
    from responder.engine import Order  # noqa: PLC0415
    from responder.identify import Asking, identify, refuse_own  # noqa: PLC0415
    from responder.journal.store import utcnow  # noqa: PLC0415
    from responder.review.control import note_controls  # noqa: PLC0415

    began_at = utcnow()
    desk.start_logging()
    out, err = consoles()
    inventory = inventory_or_none(desk, err, "What leaked can be contained, not replaced.")
    name, text, loaded = load_playbook(playbook)
    with desk.journal(new=True, read_only=dry_run) as journal, desk.connections() as connections:
        material = read_material("leak", what, path, connections, inventory)
        _refuse_second_run(journal, {one.identifier for one in material.found})
        with err.status("Asking Modal, AWS and GitHub what this is …"):
            refuse_own(connections, material.found)
            survey = survey_beside(connections, inventory)
            who = Asking().ask(operator, connections)

            def identified(beside: "Sequence[Found]") -> "Exposure":
                with exchanges() as requests:
                    found = identify(
                        connections,
                        inventory,
                        [*material.found, *beside],
                        material.source,
                        began_at,
                        prove_sessions=not dry_run,
                        lone=material.lone,
                        fragments=material.fragments,
                    )
                note_controls(journal, found, requests, who)
                return found

            exposure = identified(())
            ended = superseding.rotations(journal, _subjects(exposure))
            exposure = superseding.taken_in(exposure, ended, identified)
        exposure = exposure.naming(material.alerts).model_copy(update={"since": since or exposure.since})
        _refuse_second_run(journal, _subjects(exposure))
        for line in superseding.told(ended):
            out.print(line, style="bold yellow", markup=False)
        out.print(_exposure_screen(exposure))
        order = Order(
            run=fresh_run(),
            playbook_name=name,
            playbook_text=text,
            exposure=exposure,
            options={
                "redeploy": redeploy,
                "delete_key": delete_key or superseding.room(exposure, ended),
            },
            strategy=strategy or loaded.default_strategy,
            began_at=began_at,
            confirmed_at=began_at,
            confirmed_by="",
            operator=who.result(),
        )
        with err.status("Planning …"):
            planned = plan(loaded, order, connections)
        changing = [one for one in planned if one.instance.step.phase != "review"]
        if not changing and exposure.all_dead:
            out.print("All of it is dead already: there is nothing to contain.")
            return Exit.DONE
        if not changing:
            raise UnavailableError(
                "Nothing of this can be contained from here: no service said whose it is.",
                next_step="Where a service did not answer, type the same again when it does. Else revoke it "
                "by hand at its provider: runbooks/leak.md says how.",
            )
        tell_beyond(out, *concerned(exposure), inventory, survey.result())
        out.print(_plan_screen(planned, order, loaded))
        if dry_run:
            out.print("Nothing was changed: --dry-run stops here.")
            return Exit.DONE
        stage = Stage.set_up(desk, journal, connections, resuming=False)
        confirmed_by = "--yes" if yes else confirm(exposure.environments(), inventory.guarded_environments)
        confirmed = replace(order, confirmed_at=utcnow(), confirmed_by=confirmed_by)
        superseding.end_all(stage.engine, ended, who.result())
        return stage.play(lambda engine: engine.start(confirmed), order.run)


def _refuse_second_run(journal: "Journal", about: Collection[str]) -> None:
    """Looked at before anybody is asked to confirm anything; the journal looks again when the run starts."""
    from responder.engine import already_on_it, is_rotation, subjects, unfinished  # noqa: PLC0415

    for state in unfinished(journal):
        both = subjects(state.started) & {*about}
        if both and (state.undoing or not is_rotation(state.started)):
            raise already_on_it(journal, state.run, both)


def _subjects(exposure: "Exposure") -> Collection[str]:
    """As the journal will compare them: another key of what is being replaced is about it too."""
    known = {one.credential for one in exposure.leaked() if one.known}
    nameless = {one.identifier for one in exposure.unidentified}
    return known | nameless | {one.identifier for one in exposure.leaked()}


def _exposure_screen(exposure: "Exposure") -> object:
    from responder.cli.plan_screen import exposure_screen  # noqa: PLC0415

    return exposure_screen(exposure)


def _plan_screen(planned: "Sequence[PlannedStep]", order: "Order", playbook: "Playbook") -> object:
    from responder.cli.plan_screen import plan_screen  # noqa: PLC0415

    return plan_screen(planned, order.strategy, playbook.strategies[order.strategy])
