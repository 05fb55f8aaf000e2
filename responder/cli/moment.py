"""Times on the command line."""

from datetime import UTC, datetime

import click


def moment(text: str) -> datetime:
    """A day or a time, 2026-01-31 or 2026-01-31T03:00[:00][+01:00]; UTC where no offset is given.

    Raises:
        click.BadParameter: it is neither.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise click.BadParameter(
            f"`{text}` is not a time. Write 2026-01-31 or 2026-01-31T03:00, in UTC."
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
