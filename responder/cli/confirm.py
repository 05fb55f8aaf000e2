"""Asking a person before anything is changed."""

from collections.abc import Collection

import click

from responder.cli.desk import interactive
from responder.errors import RefusedError


def confirm(touched: Collection[str], guarded_environments: Collection[str]) -> str:
    """How it was confirmed.

    Args:
        touched: the environments that would be changed.
        guarded_environments: those whose name must be typed.

    Raises:
        RefusedError: it was not confirmed, or nobody is there who could.
    """
    if not interactive():
        raise RefusedError(
            "There is no terminal to confirm at.",
            next_step="Type the command at a terminal, or add --yes where nobody is to be asked.",
        )
    guarded = sorted(set(touched) & set(guarded_environments))
    for environment in guarded:
        question = f"This changes {' and '.join(sorted(touched))}. Type `{environment}` to go on"
        answer = click.prompt(question, err=True, default="", show_default=False)
        if answer.strip() != environment:
            raise RefusedError(f"Not confirmed: `{environment}` was not typed.", next_step="Type it again.")
    if not guarded and not click.confirm("Go on?", err=True):
        raise RefusedError("Not confirmed.", next_step="Type the command again when you want it done.")
    return f"typed {', '.join(guarded)}" if guarded else "answered yes"
