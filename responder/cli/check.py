"""`respond check`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from responder.cli.desk import Desk, consoles
from responder.errors import Exit, InputError, RespondError
from responder.secret import redact

if TYPE_CHECKING:
    from rich.console import Console

    from responder.checklist import Point, Result

_STYLES = {"pass": "green", "fail": "bold red", "cannot tell": "bold yellow"}


@click.command()
@click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The folder of the repository that is checked; otherwise this one.",
)
@click.option(
    "--only", "only", multiple=True, metavar="POINT", help="Look at this point alone; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for each point.")
@click.option(
    "--sarif", type=click.Path(dir_okay=False, path_type=Path), help="Write what failed as SARIF 2.1.0."
)
@click.option(
    "--badge",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write an SVG of the summary, for a README.",
)
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What fails as it did when it was judged does not fail; .github/respond-baseline.json, if there.",
)
@click.option("--write-baseline", is_flag=True, help="All that fails now is judged: write it there.")
@click.option("--fix", is_flag=True, help="Then play what mends it: its plan is shown first, and confirmed.")
@click.option("--yes", is_flag=True, help="With --fix: do not ask. For automation.")
@click.pass_context
def check(
    ctx: click.Context,
    project: Path,
    only: tuple[str, ...],
    sarif: Path | None,
    badge: Path | None,
    baseline: Path | None,
    *,
    as_json: bool,
    write_baseline: bool,
    fix: bool,
    yes: bool,
) -> int:
    """Prove the security guide's checklist: each point, where it is so or is not, and how to mend it.

    It reads no secret's value, and without --fix changes nothing at any service. Its exit code is 4 when a
    point fails, 5 when none fails and one could not be told.
    """
    # Not for --help.
    from responder.checklist import POINTS  # noqa: PLC0415
    from responder.checklist.judged import (  # noqa: PLC0415
        IN_PROJECT,
        read_judged,
        without_judged,
        write_judged,
    )

    desk: Desk = ctx.obj
    if as_json and fix:
        raise InputError("Both --json and --fix were given.", next_step="Mend first, then look with --json.")
    if write_baseline and fix:
        raise InputError(
            "Both --write-baseline and --fix were given.", next_step="Mend first, then judge what is left."
        )
    points = _chosen(POINTS, only)
    kept = baseline or project / IN_PROJECT
    wanted = kept.exists() or (baseline is not None and not write_baseline)
    judged = read_judged(kept) if wanted else frozenset()
    desk.start_logging()
    results = _looked_at(desk, project, points)
    if write_baseline:
        write_judged(kept, results)
        judged = read_judged(kept)
    results = [without_judged(one, judged, kept) for one in results]
    _tell(results, as_json=as_json)
    if fix and (playbooks := _mending(results)):
        for playbook in playbooks:
            _play(ctx, playbook, yes=yes)
        results = [without_judged(one, judged, kept) for one in _looked_at(desk, project, points)]
        _tell(results, as_json=as_json)
    if sarif:
        _write(sarif, json.dumps(_as_sarif(results), indent=2) + "\n")
    if badge:
        from responder.report.badge import drawn  # noqa: PLC0415

        passed = [one.verdict for one in results].count("pass")
        failed = any(one.verdict == "fail" for one in results)
        _write(badge, drawn("respond check", f"{passed} of {len(results)}", good=not failed))
    verdicts = {result.verdict for result in results}
    if "fail" in verdicts:
        return Exit.INCOMPLETE
    return Exit.UNAVAILABLE if "cannot tell" in verdicts else Exit.DONE


def _looked_at(desk: Desk, project: Path, points: "Sequence[Point]") -> "list[Result]":
    from responder.checklist import Facts, examine  # noqa: PLC0415
    from responder.inventory import Inventory  # noqa: PLC0415
    from responder.journal.store import utcnow  # noqa: PLC0415

    inventory = Inventory() if all(point.files_only for point in points) else desk.load_inventory()
    with (
        desk.connections() as connections,
        consoles()[1].status("Looking at Modal, AWS, GitHub and this folder …"),
    ):
        facts = Facts(connections, inventory, project.absolute(), utcnow())
        return list(examine(facts, points))


def _mending(results: "list[Result]") -> list[str]:
    """The playbooks that mend what failed, each once."""
    return list(
        dict.fromkeys(
            one.point.fix
            for one in results
            if one.point.fix and any(look.verdict == "fail" and not look.by_hand for look in one.looks)
        )
    )


def _play(ctx: click.Context, playbook: str, *, yes: bool) -> None:
    """As its own command does. What that refuses is told, and does not keep the others from being mended."""
    from responder.cli.rotate import rotate  # noqa: PLC0415
    from responder.cli.setup import setup  # noqa: PLC0415

    consoles()[1].print(
        f"To mend it: respond {'rotate --due' if playbook == 'rotate' else 'run setup'}", style="bold"
    )
    try:
        if playbook == "rotate":
            ctx.invoke(rotate, due=True, yes=yes, redeploy="workflow")
        else:
            ctx.invoke(setup, yes=yes)
    except RespondError as error:
        consoles()[1].print(redact(f"{error.what} {error.next_step}"), style="yellow", markup=False)


def _tell(results: "list[Result]", *, as_json: bool) -> None:
    out, _ = consoles()
    for result in results:
        if as_json:
            click.echo(json.dumps(_plain(result)))
        else:
            _show(out, result)
    if not as_json:
        out.print(_summary(results), style="bold")


def _chosen(points: "Sequence[Point]", only: tuple[str, ...]) -> "list[Point]":
    known = {point.id: point for point in points}
    if unknown := [name for name in only if name not in known]:
        raise InputError(
            f"There is no point {unknown[0]} in the checklist.", next_step=f"Known: {', '.join(known)}."
        )
    return [known[name] for name in only] if only else list(points)


def _plain(result: "Result") -> dict[str, object]:
    return {
        "point": result.point.id,
        "title": result.point.title,
        "verdict": result.verdict,
        "looks": [
            {
                "verdict": look.verdict,
                "evidence": redact(look.evidence),
                "mend": redact(look.mend),
                "where": look.where,
                "line": look.line,
            }
            for look in result.looks
        ],
    }


def _show(out: "Console", result: "Result") -> None:
    from rich.table import Column, Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    verdict = (f"{result.verdict:<12}", _STYLES[result.verdict])
    out.print(Text.assemble(verdict, result.point.title, (f"  {result.point.id}", "dim")), soft_wrap=True)
    for look in result.looks:
        told = result.verdict if look.verdict != "pass" else "pass"
        mark = {"pass": "✓", "fail": "✗", "cannot tell": "?"}[look.verdict]
        said = Table.grid(Column(width=4), Column(overflow="fold"))
        said.add_row(Text(f"  {mark}", _STYLES[told]), Text(redact(look.evidence)))
        out.print(said)
        if look.mend:  # not wrapped: what is to be typed can be copied
            out.print(Text.assemble("    Mend: ", (redact(look.mend), "bold")), soft_wrap=True)


def _summary(results: "list[Result]") -> str:
    verdicts: list[str] = [result.verdict for result in results]
    return ", ".join(f"{verdicts.count(one)} {one}" for one in _STYLES)


def _as_sarif(results: "list[Result]") -> dict[str, object]:
    from responder import __version__  # noqa: PLC0415
    from responder.report.export.sarif import Found, Rule, Where, sarif  # noqa: PLC0415

    rules = [
        Rule(
            id=f"respond/{result.point.id}",
            name=result.point.id,
            summary=f"{result.point.title}.",
            mend="`respond check` says how.",
            severity=7.0,
        )
        for result in results
    ]
    found = [
        Found(
            rule=f"respond/{result.point.id}",
            message=redact(f"{look.evidence} {look.mend}"),
            where=Where(look.where or "respond.toml", look.line),
            fingerprint=f"{result.point.id}/{redact(look.evidence)}",
        )
        for result in results
        for look in result.looks
        if look.verdict == "fail"
    ]
    untold = [
        f"{result.point.title}: {redact(look.evidence)}"
        for result in results
        for look in result.looks
        if look.verdict == "cannot tell"
    ]
    return sarif(found, __version__, rules, untold)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise InputError(
            f"{path} could not be written: {error.strerror}.", next_step="Name a file in a folder of yours."
        ) from None
