"""Where an export goes: standard output, or a new file."""

import sys
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_AT_ONCE: Final = 1000  # lines


def output_option(command: F) -> F:
    return click.option(
        "--output",
        "-o",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A new file, which only you may read; `-`, the default, is standard output.",
    )(command)


def put(lines: Iterable[str], output: Path | None) -> None:
    """Write lines, in UTF-8 whatever the terminal's settings, so that the same export is the same bytes.

    Raises:
        RefusedError: the file exists.
        UnavailableError: it cannot be written.
    """
    if output is not None and str(output) != "-":
        from responder.report.export.file import write_new  # noqa: PLC0415  # not for --help

        write_new(output, lines)
        click.echo(f"Written: {output}", err=True)
        return
    out = sys.stdout.buffer
    every = iter(lines)
    while some := list(islice(every, _AT_ONCE)):
        out.write("".join(f"{line}\n" for line in some).encode())
    out.flush()
