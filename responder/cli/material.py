"""What a person gives to `respond leak` and `respond identify`, read: files, addresses, commits, a paste."""

import contextlib
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from responder.cli.desk import Desk, consoles, interactive
from responder.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from responder.action import Connections
    from responder.inventory import Inventory
    from responder.sources import Material

F = TypeVar("F", bound=Callable[..., Any])


def material_arguments(command: F) -> F:
    """WHAT holds the leak, or `--file`; nothing at all asks for a paste."""
    what = click.argument("what", nargs=-1, metavar="[WHAT]...")
    path = click.option(
        "--file",
        "-f",
        "path",
        type=click.Path(path_type=Path),
        help="A text that holds what leaked, whatever it is called.",
    )
    return what(path(command))


def read_material(
    command: str, what: Sequence[str], path: Path | None, connections: "Connections", inventory: "Inventory"
) -> "Material":
    """What leaked, from wherever it is; what is not whole and what could not be read is said at once.

    Raises:
        InputError: there is nothing in it, or it cannot be read.
        RefusedError: an argument is a secret.
        UnavailableError: GitHub or git does not give it.
    """
    from responder.recognise.source import Part  # noqa: PLC0415  # not for --help
    from responder.sources import gathered, read  # noqa: PLC0415

    _, err = consoles()
    if path is None and (not what or (tuple(what) == ("-",) and interactive())):
        material = gathered("a paste", [Part("paste", pasted(command, err))])
    else:
        with err.status("Reading it …"):
            folder = Path.cwd()
            material = read(what, connections, file=path, repository=inventory.repository, folder=folder)
    for line in material.about:
        err.print(line, markup=False)
    for cut in material.fragments:
        err.print(f"{cut.where}: {cut.what}: not whole, left out.", style="yellow", markup=False)
    for one in material.lone:
        err.print(one.note, style="yellow", markup=False)
    for line in material.unread:
        err.print(f"Not read: {line}.", style="yellow", markup=False)
    if material.lone and not material.found:
        raise InputError(
            f"In {material.source} are secrets without their identifiers, so nobody can say whose they are.",
            next_step="Look for the identifier where the secret comes from: it is mostly written beside it, "
            f"and enough by itself: `respond {command} AKIA…` or `respond {command} ak-…`. "
            "Where it cannot be found, take whatever was kept there for leaked.",
        )
    if material.fragments and not material.found:
        raise InputError(
            f"Of no credential in {material.source} is enough there to know which it is.",
            next_step="Copy it again, whole. Its public identifier alone is enough, where you find that: "
            f"`respond {command} AKIA…` or `respond {command} ak-…`.",
        )
    if not material.found:
        raise InputError(
            f"No credential was recognised in {material.source}.",
            next_step="Known: AKIA… and ASIA… with their secrets, ak-… with as-…, wk-… with ws-…, ghp_… and "
            "GitHub's other tokens. A public identifier can also be given as it is: "
            f"`respond {command} AKIA…`.",
        )
    return material


def inventory_or_none(desk: Desk, err: "Console", without: str) -> "Inventory":
    """An empty one where there is none; `without` says what cannot be done then."""
    from responder.inventory import Inventory, NoInventoryError  # noqa: PLC0415

    try:
        inventory = desk.load_inventory()
    except NoInventoryError as error:
        err.print(f"{error.what} {without}", style="bold yellow", markup=False)
        return Inventory()
    if unanswered := [one.name for one in inventory.credentials.values() if one.is_open]:
        names = ", ".join(unanswered)
        text = f"{inventory.path} does not say yet whose it is: {names}. A leak of that is not known for it."
        err.print(text, style="bold yellow", markup=False, soft_wrap=True)
    return inventory


def pasted(command: str, err: "Console") -> str:
    if not interactive():
        raise InputError(
            "Nothing was given, and there is no terminal to ask at.",
            next_step=f"`respond {command} --file FILE`, or `respond {command} - < FILE`.",
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
