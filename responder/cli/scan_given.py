"""What `respond scan` is given: values, the time in question, what was judged. Read before it begins."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from responder.cli.desk import Desk, interactive
from responder.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from responder.review.history.forms import Value


def begin_of(since: str | None) -> datetime:
    from responder.cli.moment import moment  # noqa: PLC0415
    from responder.journal.store import utcnow  # noqa: PLC0415
    from responder.trace import LOOK_BACK  # noqa: PLC0415

    return moment(since) if since else utcnow() - LOOK_BACK


def judged_in(baseline: Path) -> frozenset[str]:
    from responder.review.history.baseline import read_baseline  # noqa: PLC0415

    return read_baseline(baseline)


def given_values(
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
        known_run(desk, run)
    if leak is not None:
        source = read_source(leak)
        name, text = source.name, source.text
    else:
        from responder.cli.material import pasted  # noqa: PLC0415

        if not interactive():
            raise InputError(
                "There is no terminal to ask at.", next_step="Pipe it: respond scan --file - < FILE."
            )
        name, text = "the paste", pasted("scan", err)
    return each_line(text, name) if literal else recognised_values(text, name)


def _values_of(desk: Desk, run: str) -> Sequence["Value"]:
    import os  # noqa: PLC0415

    from responder.journal import Seals  # noqa: PLC0415
    from responder.journal.keys import master_key  # noqa: PLC0415
    from responder.review.history.values_of_run import run_values  # noqa: PLC0415

    known_run(desk, run)
    with desk.journal() as journal:
        return run_values(
            journal, Seals(journal, master_key(desk.folder, os.environ, existing_only=True)), run
        )


def known_run(desk: Desk, run: str) -> None:
    with desk.journal(read_only=True) as journal:
        if run not in journal.runs():
            raise InputError(f"There is no run {run}.", next_step="`respond runs` lists them.")
