"""`respond report`: a run, or many, as people read them."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from responder.cli.desk import Desk
from responder.cli.moment import moment
from responder.duration import written
from responder.errors import InputError, TamperedError

if TYPE_CHECKING:
    from responder.inventory import Inventory
    from responder.journal import Journal
    from responder.report.integrity import Chain
    from responder.report.quarter import Quarter

_UNITS = {"d": 1, "w": 7}


def _since(text: str) -> datetime:
    """90d, 12w, or a day.

    Raises:
        click.BadParameter: it is something else.
    """
    if match := re.fullmatch(r"([0-9]{1,5})([dw])", text.strip()):
        return datetime.now(UTC) - timedelta(days=int(match[1]) * _UNITS[match[2]])
    try:
        return moment(text)
    except click.BadParameter:
        raise click.BadParameter(f"`{text}` is neither like 90d or 12w nor a day like 2026-01-31.") from None


@click.command()
@click.argument("run", required=False)
@click.option("--since", type=_since, metavar="90d", help="Over all runs since then; or a day, 2026-01-31.")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="A new file for the page.")
@click.option("--md", is_flag=True, help="Markdown on standard output, for an issue.")
@click.option("--json", "as_json", is_flag=True, help="With --since: one JSON object on standard output.")
@click.option("--open", "show", is_flag=True, help="Show the page in the browser.")
@click.option(
    "--exposed-since",
    type=moment,
    metavar="TIME",
    help="When the exposure began, where you found it out: 2026-01-31T03:00, in UTC. The journal does not "
    "know it; without it the time to detect is not known.",
)
@click.pass_obj
def report(
    desk: Desk,
    run: str | None,
    since: datetime | None,
    html: Path | None,
    exposed_since: datetime | None,
    *,
    md: bool,
    as_json: bool,
    show: bool,
) -> None:
    """Tell what a RUN did, for a director and an engineer alike; the newest one when none is named.

    A page in one file, respond-report-RUN.html where no other is named. It loads nothing, holds no secret,
    and can be given to anybody who may know of the incident. For a PDF, print it: the folds open by
    themselves. With --since, the age of each credential, and all incidents, as an audit review asks.
    """
    _check(run, since, html, exposed_since, md=md, as_json=as_json, show=show)
    with desk.journal(read_only=True) as journal:
        if since is not None:
            _over_many(desk, journal, since, html, md=md, as_json=as_json, show=show)
        else:
            _of_one(desk, journal, run, exposed_since, html, md=md, show=show)


def _check(
    run: str | None,
    since: datetime | None,
    html: Path | None,
    exposed_since: datetime | None,
    *,
    md: bool,
    as_json: bool,
    show: bool,
) -> None:
    forms = [name for name, given in (("--html", html), ("--md", md), ("--json", as_json)) if given]
    if len(forms) > 1 or (show and forms not in ([], ["--html"])):
        raise InputError(
            f"{' and '.join(forms + (['--open'] if show else []))} do not go together.",
            next_step="Ask for one form at a time; --open is for the page.",
        )
    if since is not None and (run or exposed_since):
        raise InputError(
            "--since is for all runs, and a RUN and --exposed-since are for one.", next_step="Leave one out."
        )
    if as_json and since is None:
        raise InputError(
            "--json is for --since.", next_step="`respond show RUN --json` gives one run as JSON."
        )


def _of_one(
    desk: Desk,
    journal: "Journal",
    run: str | None,
    exposed_since: datetime | None,
    html: Path | None,
    *,
    md: bool,
    show: bool,
) -> None:
    from responder import __version__  # noqa: PLC0415
    from responder.report.incident import read_incident  # noqa: PLC0415  # not for --help
    from responder.report.markdown import incident_markdown  # noqa: PLC0415
    from responder.report.page import incident_page  # noqa: PLC0415

    chosen = run or next(iter(journal.runs()), None)
    if chosen is None:
        raise InputError("There is no run yet.", next_step="`respond drill` plays one in a sandbox.")
    chain = _chain(desk)
    with _readable(chain):
        incident = read_incident(journal, chosen, chain, exposed_since=exposed_since)
    now = datetime.now(UTC)
    if md:
        click.echo(incident_markdown(incident, now, __version__), nl=False)
    else:
        _page(incident_page(incident, now, __version__), html, _name(chosen), show=show)
    _warn(chain)


def _over_many(
    desk: Desk,
    journal: "Journal",
    since: datetime,
    html: Path | None,
    *,
    md: bool,
    as_json: bool,
    show: bool,
) -> None:
    from responder import __version__  # noqa: PLC0415
    from responder.report.markdown import quarter_markdown  # noqa: PLC0415  # not for --help
    from responder.report.page import quarter_page  # noqa: PLC0415
    from responder.report.quarter import read_quarter  # noqa: PLC0415

    inventory, without = _inventory(desk)
    chain = _chain(desk)
    now = datetime.now(UTC)
    with _readable(chain):
        quarter = read_quarter(journal, chain, inventory, without, since, now)
    if as_json:
        click.echo(_json(quarter))
    elif md:
        click.echo(quarter_markdown(quarter, now, __version__), nl=False)
    else:
        name = _name(f"since-{since.astimezone(UTC):%Y-%m-%d}")
        _page(quarter_page(quarter, now, __version__), html, name, show=show)
    _warn(chain)


def _page(page: str, html: Path | None, name: str, *, show: bool) -> None:
    """Into a file: the one that was named, one in this folder, or one for the browser alone."""
    from responder.report.export.file import write_new  # noqa: PLC0415

    path = html or (Path(tempfile.mkdtemp(prefix="respond-report-")) / name if show else Path(name))
    write_new(path, page.splitlines())
    click.echo(f"Written: {path}", err=True)
    if show and click.launch(path.absolute().as_uri()):
        click.echo("There is no browser to show it: open that file yourself.", err=True)


def _name(about: str) -> str:
    return f"respond-report-{re.sub(r'[^A-Za-z0-9_-]', '_', about)}.html"


@contextmanager
def _readable(chain: "Chain") -> Iterator[None]:
    """Of a journal that is not what was written, an event may lack anything."""
    try:
        yield
    except (LookupError, TypeError, ValueError):
        _warn(chain, made=False)
        raise


def _chain(desk: Desk) -> "Chain":
    from responder.journal.checkpoint import verifier  # noqa: PLC0415
    from responder.report.integrity import read_chain  # noqa: PLC0415

    own = verifier(desk.folder, os.environ)
    return read_chain(desk.journal_file(), (own,) if own else ())


def _warn(chain: "Chain", *, made: bool = True) -> None:
    """After the report: one of a journal that was tampered with is wanted all the more.

    Raises:
        TamperedError: it was.
    """
    if chain.problem:
        raise TamperedError(
            f"The journal is not what was written{'' if made else ', and no report can be made of it'}: "
            f"{chain.problem}.",
            state="The report was made all the same, and says so." if made else "Nothing was written.",
            next_step="Type `respond audit verify`, and keep the journal as evidence.",
        )


def _inventory(desk: Desk) -> "tuple[Inventory, str]":
    from responder.inventory import Inventory, NoInventoryError  # noqa: PLC0415

    try:
        return desk.load_inventory(), ""
    except NoInventoryError:
        return (
            Inventory(),
            "There is no respond.toml, so nothing is said of how old credentials are.",
        )


def _json(quarter: "Quarter") -> str:
    import json  # noqa: PLC0415
    from dataclasses import asdict  # noqa: PLC0415

    plain = asdict(quarter)
    if checkpoint := quarter.chain.checkpoint:
        plain["chain"]["checkpoint"]["keys"] = [str(key) for key in checkpoint.keys]  # as --key takes them
    return json.dumps(plain, default=_plain, ensure_ascii=False)


def _plain(value: datetime | timedelta) -> str:
    return value.isoformat() if isinstance(value, datetime) else written(value)
