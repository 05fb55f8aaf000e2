"""`respond runbook`."""

import re
from typing import TYPE_CHECKING

import click

from responder.bundled import bundled
from responder.cli.desk import consoles
from responder.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console


@click.command()
@click.argument("name", required=False)
@click.option("--step", metavar="ID", help="Show only how this step is done by hand.")
def runbook(name: str | None, step: str | None) -> None:
    """Show the page for people: when, what, how long, and each step by hand. Without NAME, list them.

    It needs no network and no journal: it is there when nothing else works.
    """
    pages = {path.stem: path for path in sorted(bundled("runbooks").glob("*.md"))}
    out, _ = consoles()
    if name is None:
        for known, path in pages.items():
            title = path.read_text("utf-8").partition("\n")[0].lstrip("# ")
            out.print(f"[bold]{known}[/bold]: {title}", soft_wrap=True, highlight=False)
        return
    if name not in pages:
        raise InputError(f"There is no runbook `{name}`.", next_step=f"Known: {', '.join(pages)}.")
    text = pages[name].read_text("utf-8")
    if step is not None:
        text = _section(name, text, step)
    if not out.is_terminal:
        click.echo(text, nl=False)
        return
    _show(out, text)


def _show(out: "Console", text: str) -> None:
    """Commands stand alone and unwrapped: what is to be typed can be copied."""
    from rich.markdown import Markdown  # noqa: PLC0415  # not for --help
    from rich.text import Text  # noqa: PLC0415

    for number, part in enumerate(re.split(r"^```(?:\w+)?\n", text, flags=re.MULTILINE)):
        if number % 2:
            out.print(Text(part, style="cyan"), soft_wrap=True)
        elif part.strip():
            out.print(Markdown(part, hyperlinks=False), "")


def _section(name: str, text: str, step: str) -> str:
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))
    if step not in sections:
        raise InputError(
            f"The runbook `{name}` has no step `{step}`.", next_step=f"Its steps: {', '.join(sections)}."
        )
    return f"### {step}\n{sections[step].rstrip()}\n"
