"""How long something is to last, on the command line."""

from datetime import timedelta

import click

from responder import duration as written


def duration(text: str) -> timedelta:
    """A number and its unit: 90s, 30m, 36h or 7d.

    Raises:
        click.BadParameter: it is something else.
    """
    try:
        return written.duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
