"""The tables of a journal, and the guards that make its events append-only."""

import sqlite3
from typing import Final

APPLICATION_ID: Final = 0x72737064  # "rspd", in the file's header: https://sqlite.org/pragma.html
VERSION: Final = 1

# INSERT OR REPLACE deletes without firing a trigger, so the third guard refuses what it would replace.
# AUTOINCREMENT is a tripwire: SQLite remembers the highest seq ever given, so a cut tail shows.
# Wrapped data keys are the only thing here that changes: shredding a run empties its `wrapped`.
STATEMENTS: Final = (
    """\
CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  run TEXT NOT NULL,
  step TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  kind TEXT NOT NULL,
  at TEXT NOT NULL,
  data TEXT NOT NULL,
  prev TEXT NOT NULL UNIQUE,
  hash TEXT NOT NULL UNIQUE,
  UNIQUE (run, step, attempt, kind)
) STRICT""",
    """\
CREATE TRIGGER events_never_change BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    """\
CREATE TRIGGER events_never_go BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    """\
CREATE TRIGGER events_follow BEFORE INSERT ON events
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events)
  OR EXISTS (SELECT 1 FROM events WHERE hash = NEW.hash OR prev = NEW.prev)
  OR EXISTS (SELECT 1 FROM events WHERE run = NEW.run AND step = NEW.step AND attempt = NEW.attempt
             AND kind = NEW.kind)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    """\
CREATE TABLE data_keys (
  run TEXT PRIMARY KEY,
  master TEXT NOT NULL,
  wrapped TEXT
) STRICT""",
)


def create(connection: sqlite3.Connection) -> None:
    """Within the caller's transaction."""
    for statement in STATEMENTS:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def objects(connection: sqlite3.Connection) -> dict[str, str]:
    """Everything that the database is made of, by name, as the statement that made it."""
    rows = connection.execute("SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return dict(rows.fetchall())


def differences(connection: sqlite3.Connection) -> list[str]:
    """In what the database is not made as we make it: a guard that is missing, altered or foreign."""
    ours = sqlite3.connect(":memory:")
    try:
        create(ours)
        expected = objects(ours)
    finally:
        ours.close()
    found = objects(connection)
    return [
        *(f"{name} is missing" for name in sorted(expected.keys() - found.keys())),
        *(f"{name} is not ours" for name in sorted(found.keys() - expected.keys())),
        *(
            f"{name} was altered"
            for name in sorted(expected)
            if found.get(name, expected[name]) != expected[name]
        ),
    ]
