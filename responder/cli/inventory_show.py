"""`respond inventory show` and `respond inventory example`."""

import json

import click

from responder.cli.desk import Desk, consoles


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@click.pass_obj
def show(desk: Desk, *, as_json: bool) -> None:
    """Check respond.toml, and show its credentials with their placements and workloads.

    It is looked for in --inventory, RESPOND_INVENTORY, ./respond.toml and your configuration folder.
    """
    from rich.table import Table  # noqa: PLC0415  # not for --help
    from rich.text import Text  # noqa: PLC0415

    known = desk.load_inventory()
    if as_json:
        click.echo(json.dumps(known.model_dump(mode="json", exclude_none=True)))
        return
    out, _ = consoles()
    guarded = ", ".join(known.guarded_environments) or "none"
    out.print(f"{known.path}; asks for the name of: {guarded}", soft_wrap=True)
    for name, credential in known.credentials.items():
        out.print(Text.assemble("\n", (name, "bold"), f"  {credential.kind.value}"))
        places = [f"Modal Secret {p.label}" for p in known.modal_secrets if p.credential == name]
        places += [f"GitHub {p.label}" for p in known.at_github if p.credential == name]
        used = [w.name for w in known.workloads if name in (*w.runs_with, *w.deployed_with)]
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column()
        table.add_column(no_wrap=True, style="dim")
        table.add_column(overflow="fold")
        for what, where in (("placed in", places), ("workloads", used)):
            for number, one in enumerate(where or ["none"]):
                table.add_row("", "" if number else what, one)
        out.print(table)


@click.command()
def example() -> None:
    """Print an annotated example, to begin from: respond inventory example > respond.toml"""  # noqa: D415
    from responder.inventory import EXAMPLE  # noqa: PLC0415

    click.echo(EXAMPLE.read_text(encoding="utf-8"), nl=False)
