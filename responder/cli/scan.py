"""`respond scan`: where else is what leaked, and what else has leaked?"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from responder.cli.desk import Desk, consoles
from responder.cli.scan_given import begin_of, given_values, judged_in
from responder.errors import Exit, InputError, UnavailableError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from rich.console import Console

    from responder.providers.github.git_access import GitAccess
    from responder.providers.github.search import Searched
    from responder.review.history.forms import Value
    from responder.review.history.patterns import Finding, Patterns
    from responder.review.history.sighting import Scan


@dataclass
class _Seen:
    """All that one `respond scan` came to."""

    scan: "Scan | None" = None
    github: "Searched | None" = None
    findings: list["Finding"] = field(default_factory=list)  # without those of the baseline
    judged: int = 0  # findings of the baseline
    pulls: bool = False  # they were asked for
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
    help="On GitHub: alerts, code, logs and artifacts of runs, what people wrote, gists, the wiki. Without "
    "PATH, only there.",
)
@click.option("--github", is_flag=True, help="As --repo, with the repository that PATH was cloned from.")
@click.option(
    "--since", metavar="TIME", help="Read GitHub's logs, issues and gists from then on; 7 days, unless given."
)
@click.option(
    "--pulls",
    is_flag=True,
    help="Fetch what only pull requests have, and look there, too; the clone is left as it is.",
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
    pulls: bool,
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
    _check_baseline(baseline, write=write_baseline)
    values = given_values(desk, leak, run, err, paste=paste, literal=literal)
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
    asked = (repo, begin_of(since)) if repo else None
    only_github = repo is not None and path is None and not github
    if pulls and (only_github or not values):
        raise InputError(
            "--pulls is for known values and a clone.", next_step="Name the clone's PATH, and --file FILE."
        )
    access = _access(where, repo) if pulls else None
    judged = judged_in(baseline) if baseline and not write_baseline else frozenset()
    seen = _Seen()
    by_form = not no_patterns and not only_github
    pending = _start_patterns(where, seen, err, alone=not values) if by_form else None
    if values and not only_github:
        found = _look_for_values(where, values, seen, out, err)
        _look_in_pulls(where, access, values, found, seen, out, err)
    of_wiki = None
    if asked:
        with _going_on(seen, alone=only_github):
            of_wiki = _look_on_github(desk, *asked, values, seen, out, err, by_form=not no_patterns)
    if pending or of_wiki:
        with _going_on(seen, alone=not values):
            to = baseline if write_baseline else None
            _show_patterns(pending, of_wiki, judged, to, seen, out, err)
    if run:
        _write_down(desk, run, seen)
    _end(seen, repo, out)
    if sarif_path is not None:
        _write_sarif(sarif_path, seen)
    return seen.exit_code


def _check_baseline(baseline: Path | None, *, write: bool) -> None:
    if write and baseline is None:
        raise InputError(
            "--write-baseline needs a file.", next_step="Name it: --baseline FILE --write-baseline"
        )


@contextmanager
def _going_on(seen: _Seen, *, alone: bool) -> Iterator[None]:
    """What cannot be had is told at the end, unless nothing else was asked for."""
    try:
        yield
    except UnavailableError as error:
        if alone:
            raise
        seen.not_looked_at.append(f"{error.what} {error.next_step}".strip())


def _write_down(desk: Desk, run: str, seen: _Seen) -> None:
    from responder.review.history.note import note_scan  # noqa: PLC0415

    with desk.journal() as journal:
        note_scan(journal, run, seen.scan, seen.github, seen.not_looked_at)
    desk.tell("scan.noted", f"Written down beside run {run}: `respond audit log` shows it.")


def _access(where: Path, repo: str | None) -> "GitAccess":
    import os  # noqa: PLC0415

    from responder.providers.github.git_access import GitReader, git_access  # noqa: PLC0415
    from responder.review.history.git import Repository  # noqa: PLC0415
    from responder.review.history.origin import origin_url  # noqa: PLC0415

    if repo:
        return GitReader.connect(os.environ).repository(repo)
    return git_access(os.environ, origin_url(Repository.at(where).git))


def _look_for_values(
    where: Path, values: Sequence["Value"], seen: _Seen, out: "Console", err: "Console"
) -> "Scan":
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
    return seen.scan


def _look_in_pulls(
    where: Path,
    access: "GitAccess | None",
    values: Sequence["Value"],
    scan: "Scan",
    seen: _Seen,
    out: "Console",
    err: "Console",
) -> None:
    """After the clone, whose places are shown before anything is waited for."""
    from responder.cli.scan_screen import show_pulls  # noqa: PLC0415
    from responder.review.history.scan import scan_pulls  # noqa: PLC0415
    from responder.review.history.search import Needles  # noqa: PLC0415

    if access is None:
        return
    seen.pulls = True
    with _going_on(seen, alone=False):
        with err.status("Fetching what only pull requests have …"):
            more = scan_pulls(where, access, Needles(values))
        show_pulls(out, more, values)
        scan.sightings += more.sightings
        scan.not_looked_at += more.not_looked_at
        seen.not_looked_at += more.not_looked_at


def _start_patterns(where: Path, seen: _Seen, err: "Console", *, alone: bool) -> "Future[Patterns] | None":
    """At the same time as whatever else is looked for; None where there is nothing that could."""
    from responder.questions import aside  # noqa: PLC0415
    from responder.review.history import patterns as by_form  # noqa: PLC0415
    from responder.review.history.git import Repository  # noqa: PLC0415

    if by_form.kingfisher() is None and not alone:
        err.print(
            f"Not searched by form, as there is no kingfisher: {by_form.INSTALL}",
            style="yellow",
            markup=False,
        )
        return None
    repository = Repository.at(where)
    if alone:
        seen.not_looked_at += repository.cut_off()
    return aside(by_form.find_patterns, repository.top or repository.folder)


def _show_patterns(
    pending: "Future[Patterns] | None",
    of_wiki: "Patterns | None",
    judged: frozenset[str],
    to: Path | None,
    seen: _Seen,
    out: "Console",
    err: "Console",
) -> None:
    from responder.cli.scan_screen import show_findings  # noqa: PLC0415
    from responder.review.history.baseline import write_baseline  # noqa: PLC0415

    with err.status("Searching by form …"):
        told = [*([pending.result()] if pending else ()), *([of_wiki] if of_wiki else ())]
    findings = [one for patterns in told for one in patterns.findings]
    seen.not_looked_at += [why for patterns in told for why in patterns.not_looked_at]
    if to is not None:
        write_baseline(to, findings)
        out.print(f"{len(findings)} findings written to {to}: judged.", markup=False)
        return
    seen.findings = [one for one in findings if one.fingerprint not in judged]
    seen.judged = len(findings) - len(seen.findings)
    show_findings(out, seen.findings, seen.judged, told[0].version)


def _origin(where: Path) -> str:
    from responder.review.history.git import Repository  # noqa: PLC0415
    from responder.review.history.origin import origin  # noqa: PLC0415

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
    begin: datetime,
    values: Sequence["Value"],
    seen: _Seen,
    out: "Console",
    err: "Console",
    *,
    by_form: bool,
) -> "Patterns | None":
    """Gives what the wiki has by form, to be shown with the rest of that."""
    from responder.cli.scan_screen import show_on_github  # noqa: PLC0415
    from responder.review.history.github import scan_github  # noqa: PLC0415

    with desk.connections() as connections, err.status("Asking GitHub …"):
        found = scan_github(connections, repo, values, begin, by_form=by_form)
    seen.github = found.searched
    seen.not_looked_at += seen.github.not_looked_at
    show_on_github(out, repo, begin, seen.github)
    return found.by_form


def _end(seen: _Seen, repo: str | None, out: "Console") -> None:
    from responder.cli.scan_screen import show_advice, show_never, show_not_looked_at  # noqa: PLC0415
    from responder.review.history.purge import advice  # noqa: PLC0415
    from responder.review.history.purge_github import advice_on_github  # noqa: PLC0415
    from responder.review.history.scan import NEVER_IN_A_CLONE, PULLS  # noqa: PLC0415

    show_not_looked_at(out, seen.not_looked_at)
    if seen.scan:
        show_never(out, NEVER_IN_A_CLONE if seen.pulls else f"{PULLS}, {NEVER_IN_A_CLONE}")
    how = list(advice(seen.scan.sightings, seen.scan.origin)) if seen.scan else []
    if seen.github and repo:
        how += advice_on_github(repo, seen.github.seen, is_first=not how)
    show_advice(out, how)


def _write_sarif(path: Path, seen: _Seen) -> None:
    from responder import __version__  # noqa: PLC0415
    from responder.cli.output import put  # noqa: PLC0415
    from responder.review.history.as_sarif import as_sarif  # noqa: PLC0415

    sightings = seen.scan.sightings if seen.scan else []
    on_github = seen.github.seen if seen.github else ()
    log = as_sarif(sightings, seen.findings, on_github, seen.not_looked_at, __version__)
    put(json.dumps(log, indent=1).splitlines(), path)
