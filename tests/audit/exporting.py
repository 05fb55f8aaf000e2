"""`respond audit export` as a person types it, on the journal of a test."""

from pathlib import Path

from click.testing import CliRunner, Result

from responder.cli import cli


def export(path: Path, *words: str) -> Result:
    """`path` is the journal's, in the folder that `--home` wants."""
    home = path.parent.parent
    return CliRunner().invoke(cli, ["--home", str(home), "audit", "export", *words])
