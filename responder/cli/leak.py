"""`respond leak`: from a text with a credential in it to a run."""

import contextlib
import sys
import termios
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from responder.cli.confirm import confirm
from responder.cli.desk import Desk, consoles, interactive
from responder.cli.operator import operator
from responder.errors import Exit, InputError, UnavailableError

if TYPE_CHECKING:
    from rich.console import Console

    from responder.engine import Order, PlannedStep
    from responder.exposure import Exposure, Found
    from responder.inventory import Inventory
    from responder.journal import Journal
    from responder.playbook import Playbook
    from responder.recognise import Recognised

STRATEGIES = ("contain-first", "rotate-first")


@click.command()
@click.argument("identifiers", nargs=-1, metavar="[AKIA… | ak-… | -]…")
@click.option("--file", "-f", "path", type=click.Path(path_type=Path), help="A text that holds what leaked.")
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
@click.option("--playbook", default="leak", show_default=True, help="A playbook's name, or its file.")
@click.option("--dry-run", is_flag=True, help="Show what leaked and the plan, and stop there.")
@click.option("--yes", is_flag=True, help="Do not ask. For automation.")
@click.pass_obj
def leak(
    desk: Desk,
    identifiers: Sequence[str],
    path: Path | None,
    strategy: str | None,
    redeploy: str,
    delete_key: str | None,
    playbook: str,
    *,
    dry_run: bool,
    yes: bool,
) -> int:
    """A credential has leaked: contain it, replace it, prove both.

    Give the text that holds it: as a file with --file, on standard input with `-`, or by a hidden paste when
    nothing is given. Public identifiers (AKIA…, ak-…) may be given as arguments; secrets may not.
    """
    from responder.cli.playing import (  # noqa: PLC0415  # what takes long to import: not for --help
        Stage,
        fresh_run,
        load_playbook,
        plan,
    )
    from responder.engine import Order  # noqa: PLC0415
    from responder.identify import identify, refuse_own  # noqa: PLC0415
    from responder.journal.store import utcnow  # noqa: PLC0415

    began_at = utcnow()
    desk.start_logging()
    out, err = consoles()
    found, source = _what_leaked(identifiers, path, err)
    inventory = _inventory(desk, err)
    name, text, loaded = load_playbook(playbook)
    with desk.journal(new=True) as journal, desk.connections() as connections:
        _refuse_second_run(journal, found)
        with err.status("Asking Modal, AWS and GitHub what this is …"), ThreadPoolExecutor(1) as aside:
            refuse_own(connections, found)
            asked = aside.submit(operator, connections)
            exposure = identify(connections, inventory, found, source, began_at, prove_sessions=not dry_run)
            who = asked.result()
        out.print(_exposure_screen(exposure))
        order = Order(
            run=fresh_run(),
            playbook_name=name,
            playbook_text=text,
            exposure=exposure,
            options={"redeploy": redeploy, "delete_key": delete_key},
            strategy=strategy or loaded.default_strategy,
            began_at=began_at,
            confirmed_at=began_at,
            confirmed_by="",
            operator=who,
        )
        with err.status("Planning …"):
            planned = plan(loaded, order, connections)
        if not planned and exposure.all_dead:
            out.print("All of it is dead already: there is nothing to contain.")
            return Exit.DONE
        if not planned:
            raise UnavailableError(
                "Nothing of this can be contained from here: no service said whose it is.",
                next_step="Where a service did not answer, type the same again when it does. Else revoke it "
                "by hand at its provider: runbooks/leak.md says how.",
            )
        out.print(_plan_screen(planned, order, loaded))
        if dry_run:
            out.print("Nothing was changed: --dry-run stops here.")
            return Exit.DONE
        stage = Stage.set_up(desk, journal, connections, resuming=False)
        confirmed_by = "--yes" if yes else confirm(exposure.environments(), inventory.guarded_environments)
        confirmed = replace(order, confirmed_at=utcnow(), confirmed_by=confirmed_by)
        return stage.play(lambda engine: engine.start(confirmed), order.run)


def _inventory(desk: Desk, err: "Console") -> "Inventory":
    """An empty one where there is none: what leaked can be contained all the same."""
    from responder.inventory import Inventory, NoInventoryError  # noqa: PLC0415

    try:
        return desk.load_inventory()
    except NoInventoryError as error:
        err.print(f"{error.what} What leaked can be contained, not replaced.", style="bold yellow")
        return Inventory()


def _what_leaked(
    identifiers: Sequence[str], path: Path | None, err: "Console"
) -> tuple[Sequence["Found"], str]:
    from responder.recognise import recognise  # noqa: PLC0415
    from responder.recognise.arguments import from_arguments  # noqa: PLC0415
    from responder.recognise.source import read_source  # noqa: PLC0415

    if path is not None and identifiers:
        raise InputError(
            "Both a file and identifiers were given.", next_step="Give one of the two: --file FILE, or AKIA…"
        )
    if identifiers and tuple(identifiers) != ("-",):
        return from_arguments(identifiers), "command line"
    if path is None and not identifiers:
        recognised, source = recognise(_pasted(err)), "a paste"
    else:
        read = read_source("-" if path is None else str(path))
        recognised, source = recognise(read.text), read.name
    _report_fragments(recognised, source, err)
    if not recognised.found:
        raise InputError(
            f"No credential was recognised in {source}.",
            next_step="Known: AKIA… with its secret, ak-… with as-…, wk-… with ws-…, ghp_… and GitHub's "
            "other tokens. A public identifier can also be given as it is: `respond leak AKIA…`.",
        )
    return recognised.found, source


def _pasted(err: "Console") -> str:
    if not interactive():
        raise InputError(
            "Nothing was given, and there is no terminal to ask at.",
            next_step="`respond leak --file FILE`, or `respond leak - < FILE`.",
        )
    with _unechoed(sys.stdin.fileno()):  # before the invitation: who is quick must not see it either
        err.print("Paste what leaked; it is not shown. End with Ctrl-D on a line of its own.")
        lines = sys.stdin.readlines()  # with getpass, what is pasted after a line is thrown away
    err.print(f"{len(lines)} lines read.")
    return "".join(lines)


@contextlib.contextmanager
def _unechoed(keyboard: int) -> Iterator[None]:
    before = termios.tcgetattr(keyboard)
    silent = termios.tcgetattr(keyboard)
    silent[3] &= ~termios.ECHO
    try:
        termios.tcsetattr(keyboard, termios.TCSANOW, silent)
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSANOW, before)


def _report_fragments(recognised: "Recognised", source: str, err: "Console") -> None:
    for fragment in recognised.fragments:
        err.print(f"{source}, line {fragment.line}: {fragment.what}: not whole, left out.", style="yellow")


def _refuse_second_run(journal: "Journal", found: Sequence["Found"]) -> None:
    """Looked at before anybody is asked to confirm anything; the journal looks again when the run starts."""
    from responder.engine import already_on_it, exposed_identifiers, unfinished  # noqa: PLC0415

    for state in unfinished(journal):
        both = exposed_identifiers(state.started) & {one.identifier for one in found}
        if both:
            raise already_on_it(journal, state.run, both)


def _exposure_screen(exposure: "Exposure") -> object:
    from responder.cli.screen import exposure_screen  # noqa: PLC0415

    return exposure_screen(exposure)


def _plan_screen(planned: "Sequence[PlannedStep]", order: "Order", playbook: "Playbook") -> object:
    from responder.cli.screen import plan_screen  # noqa: PLC0415

    return plan_screen(planned, order.strategy, playbook.strategies[order.strategy])
