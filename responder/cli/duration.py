"""Times that pass, on the command line."""

import re
from datetime import timedelta

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


def duration(text: str) -> timedelta:
    """A number and its unit: 90s, 30m or 36h.

    Raises:
        click.BadParameter: it is something else.
    """
    match = re.fullmatch(r"([0-9]{1,6})([smh])", text.strip())
    if match is None:
        raise click.BadParameter(f"`{text}` is not a time. Write a number and its unit: 90s, 30m or 36h.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
