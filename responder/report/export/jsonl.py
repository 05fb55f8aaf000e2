"""JSON Lines: every event with all its fields, so that whoever has the file can verify it.

A line is the canonical JSON (RFC 8785) of seq, run, step, attempt, kind, at, data, prev and hash: the hash is
that of the others, as `journal.events` says. `data` is as it was written, sealed values as ciphertexts among
it: the hash covers them. Their key is not in the journal's events, and is destroyed when a run ends.
"""

import json
from collections.abc import Iterable, Iterator

from responder.errors import TamperedError
from responder.journal.events import Row
from responder.journal.written import quoted

__all__ = ["lines"]


def lines(rows: Iterable[Row]) -> Iterator[str]:
    """A line an event, without its line end.

    Raises:
        TamperedError: an event has data that are not JSON: no line could say what it is.
    """
    for seq, run, step, attempt, kind, at, data, prev, digest in rows:
        if not _is_object(data):
            raise TamperedError(
                f"Event {seq} of the journal is not what was written: its data are not a JSON object.",
                next_step="Type `respond audit verify` to see how far the journal can be trusted.",
            )
        # The names are in canonical order, and `data` is stored in its canonical form: nothing is made anew.
        yield (
            f'{{"at":{quoted(at)},"attempt":{attempt},"data":{data},"hash":{quoted(digest)},'
            f'"kind":{quoted(kind)},"prev":{quoted(prev)},"run":{quoted(run)},"seq":{seq},"step":{quoted(step)}}}'
        )


def _is_object(data: str) -> bool:
    try:
        return isinstance(json.loads(data), dict) and "\n" not in data
    except (ValueError, RecursionError):
        return False
