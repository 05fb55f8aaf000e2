"""The events in a JSON Lines file, as `respond audit export --format jsonl` writes it, back as rows.

A line is the canonical JSON (RFC 8785) of one event with all its fields; nothing else is one. So an export
verifies as the journal does, to the byte.
"""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from responder.errors import InputError, UnavailableError
from responder.journal.audit import Audit
from responder.journal.chain import Mark, verify_chain
from responder.journal.events import COLUMNS
from responder.journal.written import data_within

__all__ = ["first_hash", "verify"]

_FIELDS: Final = tuple(COLUMNS.split(", "))
_NO_EVENT: Final[tuple[object, ...]] = ()  # which no chain takes for one


def verify(path: Path, known: Collection[str] = (), marks: Collection[Mark] = ()) -> Audit:
    """As `audit.verify`, of a whole export: of a part of a journal, what is left out is missing.

    Raises:
        InputError: there is no such file.
        UnavailableError: it cannot be read.
    """
    return Audit(verify_chain(_rows(path), known, marks))


def first_hash(path: Path) -> str:
    """Of the first event; empty where the file does not begin with one.

    Raises:
        InputError: there is no such file.
        UnavailableError: it cannot be read.
    """
    row = next(_rows(path), _NO_EVENT)
    return str(row[-1]) if row else ""


def _rows(path: Path) -> Iterator[tuple[object, ...]]:
    if not path.is_file():
        raise InputError(f"There is no export at {path}.", next_step="Check the path.")
    try:
        # Bytes that are no UTF-8 are a finding, not a failure.
        with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            for line in file:
                yield _row(line)
    except OSError as error:
        raise UnavailableError(
            f"The export {path} cannot be read: {(error.strerror or str(error)).lower()}."
        ) from error


def _row(line: str) -> tuple[object, ...]:
    try:
        fields = json.loads(line)
        if not line.endswith("\n") or not isinstance(fields, dict) or fields.keys() != set(_FIELDS):
            return _NO_EVENT
        data = data_within(line[:-1], fields)
    except (ValueError, TypeError, RecursionError):
        return _NO_EVENT
    return _NO_EVENT if data is None else tuple({**fields, "data": data}[name] for name in _FIELDS)
