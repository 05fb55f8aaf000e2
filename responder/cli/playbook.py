"""`respond playbook`: list, show, check and draw playbooks, and the schema for editors."""

from typing import TYPE_CHECKING

import click

from responder.cli.desk import consoles
from responder.cli.playbook_export import export

if TYPE_CHECKING:
    from rich.console import RenderableType

    from responder.action import Actions, AnyAction
    from responder.playbook import Playbook, Step


@click.group()
def playbook() -> None:
    """List, show, check, draw and export playbooks."""


playbook.add_command(export)


@playbook.command("list")
def list_() -> None:
    """List the playbooks that come with respond."""
    from rich.text import Text  # noqa: PLC0415

    from responder.playbook import named  # noqa: PLC0415

    out, _ = consoles()
    for name in named():
        loaded = _load(name)
        out.print(Text.assemble((name, "bold"), f": {loaded.title}, {len(loaded.steps)} steps"))


@playbook.command()
@click.argument("name")
@click.option("--yaml", "as_yaml", is_flag=True, help="Print the file itself.")
def show(name: str, *, as_yaml: bool) -> None:
    """Show what a playbook does, step by step. NAME is a playbook's name or a file."""
    from responder.playbook import read  # noqa: PLC0415

    if as_yaml:
        click.echo(read(name)[1], nl=False)
        return
    from responder.action import Actions  # noqa: PLC0415

    out, _ = consoles()
    out.print(*_page(_load(name), Actions()), sep="\n")


@playbook.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME|FILE...")
@click.pass_context
def validate(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Check playbooks without playing them: words, references, types, order.

    Every one is looked at; the exit code is 2 when any of them is wrong.
    """
    from responder.errors import Exit  # noqa: PLC0415
    from responder.playbook import PlaybookError  # noqa: PLC0415

    wrong = False
    for name in names:
        try:
            loaded = _load(name)
        except PlaybookError as error:
            wrong = True
            click.echo(f"{error.what}\n  Next: {error.next_step}", err=True)
        else:
            click.echo(f"{name}: good, {len(loaded.steps)} steps")
    if wrong:
        ctx.exit(Exit.INPUT)


@playbook.command()
@click.argument("name")
@click.option("--strategy", help="Whose order; the playbook's default without it.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "mermaid"]),
    default="text",
    show_default=True,
    help="For a terminal, or for a page that draws Mermaid.",
)
def graph(name: str, strategy: str | None, form: str) -> None:
    """Draw which step waits for which. NAME is a playbook's name or a file."""
    from responder.action import Actions  # noqa: PLC0415
    from responder.errors import InputError  # noqa: PLC0415
    from responder.playbook.document import nearest  # noqa: PLC0415
    from responder.playbook.draw import as_mermaid, as_text  # noqa: PLC0415

    loaded = _load(name)
    chosen = strategy or loaded.default_strategy
    if chosen not in loaded.strategies:
        raise InputError(
            f"{loaded.name} has no strategy `{chosen}`.", next_step=nearest(chosen, loaded.strategies)
        )
    if form == "mermaid":
        actions = Actions()
        final = frozenset(step.id for step in loaded.steps if _point_of_no_return(actions[step.uses]))
        click.echo(as_mermaid(loaded, chosen, final=final))
    else:
        out, _ = consoles()
        out.print(as_text(loaded, chosen, width=out.width), markup=False)


@playbook.command()
def schema() -> None:
    """Print the JSON Schema of playbooks, for editors.

    Save it beside your playbooks (respond playbook schema > playbook.schema.json). Editors with the YAML
    language server follow this line at a file's top:

    # yaml-language-server: $schema=playbook.schema.json
    """
    import json  # noqa: PLC0415

    from responder.action import Actions  # noqa: PLC0415
    from responder.playbook.schema import json_schema  # noqa: PLC0415

    click.echo(json.dumps(json_schema(Actions()), indent=2, ensure_ascii=False))


def _load(name: str) -> "Playbook":
    from responder.action import Actions  # noqa: PLC0415
    from responder.playbook import load, read  # noqa: PLC0415

    return load(*read(name), Actions())


def _page(loaded: "Playbook", actions: "Actions") -> "list[RenderableType]":
    from rich.padding import Padding  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from responder.playbook.draw import by_phase  # noqa: PLC0415

    page: list[RenderableType] = [Text(loaded.title, style="bold"), Text(loaded.summary.strip())]
    page.append(Text("\nStrategies", style="bold"))
    for name, meaning in loaded.strategies.items():
        default = " (default)" if name == loaded.default_strategy else ""
        page.append(Padding(Text(f"{name}{default}: {meaning}"), (0, 0, 0, 2)))
    if loaded.options:
        page.append(Text("\nOptions", style="bold"))
    for name, option in loaded.options.items():
        choices = f" ({' or '.join(option.choices)}; default {option.default})" if option.choices else ""
        page.append(Padding(Text(f"{name}{choices}: {option.help}"), (0, 0, 0, 2)))
    number = 0
    for phase, steps in by_phase(loaded):
        page.append(Text(f"\n{phase.capitalize()}", style="bold"))
        for step in steps:
            number += 1
            page.append(Padding(Text(f"{number}. {step.title}"), (0, 0, 0, 2)))
            final = _point_of_no_return(actions[step.uses])
            facts = Text("\n".join(_facts(step)), style="dim")
            if final:
                facts.append(f"\nNo way back: {final}", style="not dim yellow")
            page.append(Padding(facts, (0, 0, 0, 5)))
    return page


def _facts(step: "Step") -> list[str]:
    facts = [f"{step.id}: {step.uses}"]
    if step.for_each:
        facts.append(f"For each of {_bare(step.for_each)}")
    if isinstance(step.condition, str):
        facts.append(f"Only if {_bare(step.condition)}")
    pause = f"{step.pause} after" if step.pause else "Waits for"
    if isinstance(step.needs, dict):
        facts += [f"{pause} {', '.join(needs)} ({strategy})" for strategy, needs in step.needs.items()]
    elif step.needs:
        facts.append(f"{pause} {', '.join(step.needs)}")
    return facts


def _bare(expression: str) -> str:
    return expression.removeprefix("${{").removesuffix("}}").strip()


def _point_of_no_return(action: "AnyAction") -> str:
    from responder.action import Irreversible  # noqa: PLC0415

    return action.point_of_no_return if isinstance(action, Irreversible) else ""
