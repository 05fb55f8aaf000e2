"""`respond playbook export`."""

from pathlib import Path

import click

from responder.cli.output import output_option, put


@click.command()
@click.argument("name")
@click.option(
    "--format",
    "form",
    type=click.Choice(["cacao"]),
    default="cacao",
    show_default=True,
    help="CACAO v2.0, the OASIS standard for security playbooks.",
)
@click.option("--strategy", help="Whose order; the playbook's default without it.")
@output_option
def export(name: str, form: str, strategy: str | None, output: Path | None) -> None:  # noqa: ARG001  # one form
    """Export a playbook for other orchestrators. NAME is a playbook's name or a file.

    Every step becomes an action, with the order, conditions and pauses that CACAO can say; what it cannot say
    is kept in an extension.
    """
    from datetime import UTC, datetime  # noqa: PLC0415  # not for --help

    from responder.action import Actions  # noqa: PLC0415
    from responder.errors import InputError  # noqa: PLC0415
    from responder.playbook import load, named, read  # noqa: PLC0415
    from responder.playbook.document import nearest  # noqa: PLC0415
    from responder.report.export.cacao import of_playbook, text_of  # noqa: PLC0415

    file, text = read(name)
    loaded = load(file, text, Actions())
    chosen = strategy or loaded.default_strategy
    if chosen not in loaded.strategies:
        raise InputError(
            f"{loaded.name} has no strategy `{chosen}`.", next_step=nearest(chosen, loaded.strategies)
        )
    path = named().get(name) or Path(name)
    changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    put([text_of(of_playbook(loaded, file, text, chosen, changed_at))], output)
