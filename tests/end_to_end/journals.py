"""Looking into the journal of a `respond` that is running."""

import sqlite3
from contextlib import closing


def succeeded(home):
    """The steps that are recorded as done by now."""
    path = home / "journal" / "journal.db"
    if not path.exists():
        return set()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as journal:
        try:
            return {s for (s,) in journal.execute("SELECT step FROM events WHERE kind = 'step.succeeded'")}
        except sqlite3.OperationalError:  # its table is being made
            return set()
