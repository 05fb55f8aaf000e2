"""What a search has seen, written into the journal for the run whose leak it was about."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from responder.journal import EventKind, Holder, Journal
from responder.providers.github.search import Searched
from responder.review.history.sighting import Scan, Sighting

if TYPE_CHECKING:
    from responder.action import Json

_MOST: Final = 200  # places that are written down; their number is always


def note_scan(
    journal: Journal,
    run: str,
    scan: Scan | None,
    github: Searched | None,
    not_looked_at: Sequence[str],
) -> None:
    """Write it down beside the run: it is nobody's turn, and whoever plays the run is not disturbed.

    Args:
        journal: that has the run.
        run: whose leak was looked for.
        scan: of a repository, if one was searched.
        github: what was searched there, if anything.
        not_looked_at: a sentence each, of all of it.

    Raises:
        UnavailableError: the journal cannot be written.
    """
    places = [_place(one) for one in (scan.leaks if scan else ())]
    places += [
        {"where": one.what, "place": one.address, "value": one.value}
        for one in (github.leaks if github else ())
    ]
    looked_at = [f"{scan.objects} objects and {scan.files} files of {scan.repositories[0]}"] if scan else []
    looked_at += github.looked_at if github else []
    data: dict[str, Json] = {
        "holder": Holder.current().to_json(),
        "evidence": f"{len(places)} places, in {'; '.join(looked_at)}",
        "places": list(places[:_MOST]),
        "total": len(places),
        "not_looked_at": list(not_looked_at[:_MOST]),
    }
    journal.note(run, data, EventKind.HISTORY_SCANNED)


def _place(one: Sighting) -> "dict[str, Json]":
    return {
        "where": one.where,
        "place": one.place,
        "value": one.value,
        "fingerprint": one.fingerprint,
        "encoding": one.encoding,
        "line": one.line,
        "commit": one.commits[0].id if one.commits else "",
        "author": one.commits[0].author if one.commits else "",
        "since": one.since.isoformat() if one.since else "",
        "refs": list(one.refs),
        "kept": one.kept,
    }
