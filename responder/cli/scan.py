"""`respond scan`: where else is what leaked, and what else has leaked?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from responder.cli.desk import Desk, consoles
from responder.cli.scan_given import begin_of, given_values, judged_in
from responder.cli.scan_looking import Looking
from responder.errors import InputError

if TYPE_CHECKING:
    from responder.providers.github.git_access import GitAccess


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
    if not values:
        _check_without_values(no_patterns=no_patterns, on_github=github or repo is not None)
    where = path or Path()
    repo = repo or (_origin(where) if github else None)
    if since and not repo:
        raise InputError("--since is for GitHub's logs.", next_step="Add --github, or --repo OWNER/NAME.")
    only_github = repo is not None and path is None and not github
    if pulls and (only_github or not values):
        raise InputError(
            "--pulls is for known values and a clone.", next_step="Name the clone's PATH, and --file FILE."
        )
    access = _access(where, repo) if pulls else None
    judged = judged_in(baseline) if baseline and not write_baseline else frozenset()
    looking = Looking(desk, where, values, out, err)
    if not (no_patterns or only_github):
        looking.start_patterns()
    if values and not only_github:
        looking.for_values()
        if access:
            looking.in_pulls(access)
    if repo:
        looking.on_github(repo, begin_of(since), alone=only_github, by_form=not no_patterns)
    looking.show_patterns(judged, baseline if write_baseline else None)
    if run:
        _write_down(desk, run, looking)
    _end(looking, repo)
    if sarif_path is not None:
        _write_sarif(sarif_path, looking)
    return looking.exit_code


def _check_baseline(baseline: Path | None, *, write: bool) -> None:
    if write and baseline is None:
        raise InputError(
            "--write-baseline needs a file.", next_step="Name it: --baseline FILE --write-baseline"
        )


def _check_without_values(*, no_patterns: bool, on_github: bool) -> None:
    if no_patterns or on_github:
        what = "On GitHub, known values are looked for." if on_github else "There is nothing to look for."
        raise InputError(what, next_step="Give what leaked: --file FILE, or --paste.")


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


def _access(where: Path, repo: str | None) -> "GitAccess":
    import os  # noqa: PLC0415

    from responder.providers.github.git_access import GitReader, git_access  # noqa: PLC0415
    from responder.review.history.git import Repository  # noqa: PLC0415
    from responder.review.history.origin import origin_url  # noqa: PLC0415

    if repo:
        return GitReader.connect(os.environ).repository(repo)
    return git_access(os.environ, origin_url(Repository.at(where).git))


def _write_down(desk: Desk, run: str, found: Looking) -> None:
    from responder.review.history.note import note_scan  # noqa: PLC0415

    with desk.journal() as journal:
        note_scan(journal, run, found.scan, found.github, found.not_looked_at)
    desk.tell("scan.noted", f"Written down beside run {run}: `respond audit log` shows it.")


def _end(found: Looking, repo: str | None) -> None:
    from responder.cli.scan_screen import show_advice, show_never, show_not_looked_at  # noqa: PLC0415
    from responder.review.history.purge import advice  # noqa: PLC0415
    from responder.review.history.scan import NEVER_IN_A_CLONE, PULLS  # noqa: PLC0415

    show_not_looked_at(found.out, found.not_looked_at)
    if found.scan:
        show_never(found.out, NEVER_IN_A_CLONE if found.pulls else f"{PULLS}, {NEVER_IN_A_CLONE}")
    how = list(advice(found.scan.sightings, found.scan.origin)) if found.scan else []
    if found.github and repo:
        from responder.review.history.purge_github import advice_on_github  # noqa: PLC0415

        how += advice_on_github(repo, found.github.seen, is_first=not how)
    show_advice(found.out, how)


def _write_sarif(path: Path, found: Looking) -> None:
    from responder import __version__  # noqa: PLC0415
    from responder.cli.output import put  # noqa: PLC0415
    from responder.review.history.as_sarif import as_sarif  # noqa: PLC0415

    sightings = found.scan.sightings if found.scan else []
    on_github = found.github.seen if found.github else ()
    log = as_sarif(sightings, found.findings, on_github, found.not_looked_at, __version__)
    put(json.dumps(log, indent=1).splitlines(), path)
