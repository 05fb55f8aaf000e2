"""`respond scan`: where else is what leaked, and what else has leaked?"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from responder.cli.desk import Desk, consoles
from responder.errors import Exit, InputError

if TYPE_CHECKING:
    from rich.console import Console

    from responder.providers.github.search import Searched
    from responder.review.history.forms import Value
    from responder.review.history.patterns import Finding
    from responder.review.history.sighting import Scan


@dataclass
class _Seen:
    """All that one `respond scan` came to."""

    scan: "Scan | None" = None
    github: "Searched | None" = None
    findings: list["Finding"] = field(default_factory=list)  # without those of the baseline
    judged: int = 0  # findings of the baseline
    not_looked_at: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> Exit:
        if self.findings or (self.scan and self.scan.leaks) or (self.github and self.github.leaks):
            return Exit.FOUND
        return Exit.INCOMPLETE if self.not_looked_at else Exit.DONE


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option(
    "--file", "-f", "leak", metavar="FILE", help="A text that holds what leaked; `-` is standard input."
)
@click.option("--paste", is_flag=True, help="Ask for what leaked: a hidden paste.")
@click.option(
    "--run",
    metavar="RUN",
    help="Look for what this run is about, and write down in the journal what was seen.",
)
@click.option("--literal", is_flag=True, help="Each line of it is a value to look for, whatever its form.")
@click.option(
    "--repo",
    metavar="OWNER/NAME",
    help="On GitHub: alerts, the owner's code, workflows' logs, issues. Without PATH, only there.",
)
@click.option("--github", is_flag=True, help="As --repo, with the repository that PATH was cloned from.")
@click.option(
    "--since", metavar="TIME", help="Read GitHub's logs and issues from then on; 7 days, unless given."
)
@click.option("--no-patterns", is_flag=True, help="Look for these values alone, not for credentials by form.")
@click.option(
    "--baseline",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Leave out findings by form that were judged before.",
)
@click.option("--write-baseline", is_flag=True, help="All of them are judged: write them to --baseline.")
@click.option(
    "--sarif",
    "sarif_path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A new file with all of it.",
)
@click.pass_obj
def scan(
    desk: Desk,
    path: Path | None,
    leak: str | None,
    run: str | None,
    sarif_path: Path | None,
    baseline: Path | None,
    repo: str | None,
    since: str | None,
    *,
    github: bool,
    paste: bool,
    literal: bool,
    no_patterns: bool,
    write_baseline: bool,
) -> int:
    """Search the repository at PATH (here, unless given) for what leaked, and for what else has.

    With --file or --paste: those values, plain and encoded and in archives, in every object of the repository
    (also what only a stash, a reflog or nothing reaches), its files (ignored ones too) and its submodules.
    Without: credentials by their form, by kingfisher, which tries none of them and asks no network.

    Nothing is changed, no value is shown or written. Exit code 7: something was found; 4: nothing was found,
    and not everything could be looked at.
    """
    desk.start_logging()
    out, err = consoles()
    if write_baseline and baseline is None:
        raise InputError(
            "--write-baseline needs a file.", next_step="Name it: --baseline FILE --write-baseline"
        )
    values = _values(desk, leak, run, err, paste=paste, literal=literal)
    if no_patterns and not values:
        raise InputError(
            "There is nothing to look for.", next_step="Give what leaked: --file FILE, or --paste."
        )
    where = path or Path()
    repo = repo or (_origin(where) if github else None)
    if repo and not values:
        raise InputError(
            "On GitHub, known values are looked for.", next_step="Give what leaked: --file FILE, or --paste."
        )
    if since and not repo:
        raise InputError("--since is for GitHub's logs.", next_step="Add --github, or --repo OWNER/NAME.")
    only_github = repo is not None and path is None and not github
    seen = _Seen()
    if values and not only_github:
        _look_for_values(where, values, seen, out, err)
    if not no_patterns and not only_github:
        _look_for_patterns(where, baseline, seen, out, err, write=write_baseline, alone=not values)
    if repo:
        _look_on_github(desk, repo, values, since, seen, out, err)
    if run:
        _write_down(desk, run, seen)
    _end(seen, out)
    if sarif_path is not None:
        _write_sarif(sarif_path, seen)
    return seen.exit_code


def _values(
    desk: Desk, leak: str | None, run: str | None, err: "Console", *, paste: bool, literal: bool
) -> Sequence["Value"]:
    from responder.recognise.source import read_source  # noqa: PLC0415  # not for --help
    from responder.review.history.values import each_line, recognised_values  # noqa: PLC0415

    if paste and leak is not None:
        raise InputError("Both --file and --paste were given.", next_step="Give one of the two.")
    if not paste and leak is None:
        if literal:
            raise InputError(
                "--literal needs --file or --paste.", next_step="Give the values with one of them."
            )
        return _values_of(desk, run) if run else ()
    if run:
        _known(desk, run)
    if leak is not None:
        source = read_source(leak)
        name, text = source.name, source.text
    else:
        from responder.cli.material import pasted  # noqa: PLC0415

        name, text = "the paste", pasted("scan", err)
    return each_line(text, name) if literal else recognised_values(text, name)


def _values_of(desk: Desk, run: str) -> Sequence["Value"]:
    import os  # noqa: PLC0415

    from responder.journal import Seals  # noqa: PLC0415
    from responder.journal.keys import master_key  # noqa: PLC0415
    from responder.review.history.values import run_values  # noqa: PLC0415

    _known(desk, run)
    with desk.journal() as journal:
        return run_values(
            journal, Seals(journal, master_key(desk.folder, os.environ, existing_only=True)), run
        )


def _known(desk: Desk, run: str) -> None:
    with desk.journal(read_only=True) as journal:
        if run not in journal.runs():
            raise InputError(f"There is no run {run}.", next_step="`respond runs` lists them.")


def _write_down(desk: Desk, run: str, seen: _Seen) -> None:
    from responder.review.history.note import note_scan  # noqa: PLC0415

    with desk.journal() as journal:
        note_scan(journal, run, seen.scan, seen.github)
    desk.tell("scan.noted", f"Written down beside run {run}: `respond audit log` shows it.")


def _look_for_values(
    where: Path, values: Sequence["Value"], seen: _Seen, out: "Console", err: "Console"
) -> None:
    import time  # noqa: PLC0415

    from responder.cli.scan_screen import searched, show_sightings  # noqa: PLC0415
    from responder.review.history.scan import scan_repository  # noqa: PLC0415
    from responder.review.history.search import Needles  # noqa: PLC0415

    began, so_far = time.monotonic(), 0
    with err.status("Searching …") as status:

        def told(more: int) -> None:
            nonlocal so_far
            so_far += more
            status.update(f"Searching … {so_far >> 20} MB")

        seen.scan = scan_repository(where, Needles(values), told)
    seen.not_looked_at += seen.scan.not_looked_at
    out.print(searched(seen.scan, time.monotonic() - began), markup=False, soft_wrap=True)
    show_sightings(out, seen.scan, values)


def _look_for_patterns(
    where: Path,
    baseline: Path | None,
    seen: _Seen,
    out: "Console",
    err: "Console",
    *,
    write: bool,
    alone: bool,
) -> None:
    from responder.cli.scan_screen import show_findings  # noqa: PLC0415
    from responder.review.history import patterns as by_form  # noqa: PLC0415
    from responder.review.history.baseline import read_baseline, write_baseline  # noqa: PLC0415
    from responder.review.history.git import Repository  # noqa: PLC0415

    if by_form.kingfisher() is None and not alone:
        err.print(
            f"Not searched by form, as there is no kingfisher: {by_form.INSTALL}",
            style="yellow",
            markup=False,
        )
        return
    repository = Repository.at(where)
    judged = frozenset() if baseline is None or write else read_baseline(baseline)
    with err.status("Searching by form …"):
        patterns = by_form.find_patterns(repository.top or repository.folder)
    seen.not_looked_at += patterns.not_looked_at
    if alone:
        seen.not_looked_at += repository.cut_off
    if write and baseline is not None:
        write_baseline(baseline, patterns.findings)
        out.print(f"{len(patterns.findings)} findings written to {baseline}: judged.", markup=False)
        return
    seen.findings = [one for one in patterns.findings if one.fingerprint not in judged]
    seen.judged = len(patterns.findings) - len(seen.findings)
    show_findings(out, seen.findings, seen.judged, patterns.version)


def _origin(where: Path) -> str:
    from responder.review.history.git import Repository  # noqa: PLC0415
    from responder.review.history.github import origin  # noqa: PLC0415

    found = origin(Repository.at(where).git)
    if found is None:
        raise InputError(
            f"{where} does not say which repository it was cloned from.",
            next_step="Name it: --repo OWNER/NAME.",
        )
    return found


def _look_on_github(
    desk: Desk,
    repo: str,
    values: Sequence["Value"],
    since: str | None,
    seen: _Seen,
    out: "Console",
    err: "Console",
) -> None:
    from responder.cli.moment import moment  # noqa: PLC0415
    from responder.cli.scan_screen import show_on_github  # noqa: PLC0415
    from responder.journal.store import utcnow  # noqa: PLC0415
    from responder.review.history.github import scan_github  # noqa: PLC0415
    from responder.trace import LOOK_BACK  # noqa: PLC0415

    begin = moment(since) if since else utcnow() - LOOK_BACK
    with desk.connections() as connections, err.status("Asking GitHub …"):
        seen.github = scan_github(connections, repo, values, begin)
    seen.not_looked_at += seen.github.not_looked_at
    show_on_github(out, repo, seen.github)


def _end(seen: _Seen, out: "Console") -> None:
    from responder.cli.scan_screen import show_advice, show_not_looked_at  # noqa: PLC0415
    from responder.review.history.purge import advice  # noqa: PLC0415
    from responder.review.history.scan import NEVER_IN_A_CLONE  # noqa: PLC0415

    show_not_looked_at(out, seen.not_looked_at)
    if seen.scan:
        out.print(NEVER_IN_A_CLONE, style="dim", markup=False, soft_wrap=True)
        show_advice(out, list(advice(seen.scan.sightings)))


def _write_sarif(path: Path, seen: _Seen) -> None:
    from responder import __version__  # noqa: PLC0415
    from responder.cli.output import put  # noqa: PLC0415
    from responder.review.history.as_sarif import as_sarif  # noqa: PLC0415

    sightings = seen.scan.sightings if seen.scan else []
    on_github = seen.github.seen if seen.github else ()
    log = as_sarif(sightings, seen.findings, on_github, seen.not_looked_at, __version__)
    put(json.dumps(log, indent=1).splitlines(), path)
