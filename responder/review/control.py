"""What `respond` itself does with a leaked key before anybody confirms anything, told to later reviews.

A session is got with it, to show later that such are denied. Whoever declines then leaves a session of 15
minutes and no run: without this no review could tell it from an intruder's.
"""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from responder.action import Exchange
from responder.exposure import Exposure
from responder.journal import EventKind, Holder, Journal

if TYPE_CHECKING:
    from responder.action import Json


def note_controls(
    journal: Journal, exposure: Exposure, requests: Sequence[Exchange], operator: "Future[dict[str, str]]"
) -> None:
    """Write down each session that was got, with what the requests were called; nothing where there is none.

    Raises:
        UnavailableError: the journal cannot be written.
    """
    for one in exposure.access_keys:
        if one.session_id:
            data: dict[str, Json] = {
                "holder": Holder.current().to_json(),
                "operator": dict(operator.result()),
                "identifier": one.session_id,
                "evidence": f"sts:GetSessionToken with {one.identifier}: {one.session_id}",
                "requests": [asked.to_json() for asked in requests],
            }
            journal.note(one.identifier, data, EventKind.CONTROL_TAKEN)
