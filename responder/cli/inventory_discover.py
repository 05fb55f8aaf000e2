"""`respond inventory discover`: a first respond.toml from what is there."""

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from responder.cli.desk import Desk, consoles
from responder.cli.surveying import surveyed, tell_unread
from responder.errors import Exit, InputError, RefusedError, UnavailableError

if TYPE_CHECKING:
    from responder.places import Discovered

_STANDARD_OUTPUT = "-"


@click.command()
@click.option(
    "--output",
    "-o",
    default="respond.toml",
    show_default=True,
    metavar="FILE",
    help="Where the draft goes; - for standard output.",
)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@click.option(
    "--repository",
    "repositories",
    multiple=True,
    metavar="OWNER/NAME",
    help="A repository at GitHub to look at; may be repeated. Without it, the one in GITHUB_REPOSITORY.",
)
@click.pass_obj
def discover(desk: Desk, output: str, repositories: Sequence[str], *, force: bool) -> int:
    """Draft respond.toml from what Modal, AWS and GitHub say is there. Nothing is changed at any of them.

    A line with GUESS says why it was guessed; one with CHOOSE waits for you, as no service shows what a
    secret holds. The exit code is 5 where something could not be read.
    """
    from responder.inventory import Inventory  # noqa: PLC0415
    from responder.inventory.draft import CHOOSE, draft  # noqa: PLC0415  # not for --help
    from responder.journal.store import utcnow  # noqa: PLC0415

    desk.start_logging()
    named = _repositories(repositories)
    path = None if output == _STANDARD_OUTPUT else _free(Path(output), force=force)
    discovered = surveyed(desk, Inventory(), named)
    if not discovered.read:
        raise _nothing(discovered)
    text = draft(discovered, named[0] if named else "", f"{utcnow():%Y-%m-%d}")
    if path is None:
        click.echo(text, nl=False)
    else:
        _write(path, text, force=force)
    if not named and os.environ.get("GITHUB_TOKEN"):
        desk.tell(
            "inventory.no-repository",
            "GitHub was not asked: no repository is named. Add --repository OWNER/NAME.",
            warning=True,
        )
    tell_unread(desk, discovered)
    if path is not None:
        out, _ = consoles()
        open_lines = text.count(f'"{CHOOSE}: ')
        answer = f", answer what stands after {CHOOSE} ({open_lines})" if open_lines else ""
        out.print(f"Wrote {path}. Read it{answer}, then type:", markup=False, soft_wrap=True)
        said = f"  respond --inventory {shlex.quote(str(path))} inventory check"
        out.print(said, markup=False, soft_wrap=True)
    return Exit.UNAVAILABLE if discovered.unread else Exit.DONE


def _repositories(given: Sequence[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(given)) or tuple(filter(None, (os.environ.get("GITHUB_REPOSITORY"),)))
    for name in names:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
            raise InputError(f"{name} names no repository.", next_step="Write it as OWNER/NAME.")
    return names


def _free(path: Path, *, force: bool) -> Path:
    if path.exists() and not force:
        raise RefusedError(
            f"{path} is there already, and was not touched.",
            next_step="Write the draft elsewhere with --output FILE, or over it with --force. "
            "`respond inventory check` says where it differs from what is there.",
        )
    return path


def _nothing(discovered: "Discovered") -> UnavailableError:
    return UnavailableError(
        "\n".join(("No service said anything.", *discovered.unread)),
        state="Nothing was written.",
        next_step="`respond doctor` says what each needs.",
    )


def _write(path: Path, text: str, *, force: bool) -> None:
    """Whole or not at all."""
    try:
        if not force:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
            return
        beside = path.with_name(f".{path.name}.draft")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except FileExistsError:
        _free(path, force=force)
    except OSError as error:
        raise UnavailableError(
            f"{path} could not be written: {error.strerror}.", next_step="Name another place with --output."
        ) from None
