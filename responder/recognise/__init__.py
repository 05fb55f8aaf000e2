"""Credentials in a text, by their form alone: nothing is contacted.

A further kind of credential is one more module here with a `sightings(text)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from responder.found import Found
from responder.recognise import aws, github, modal
from responder.recognise.text import Fragment, Text

__all__ = ["Fragment", "Recognised", "completed", "recognise"]


@dataclass(frozen=True)
class Recognised:
    """What stands in a text, in the text's order; each credential once, however often it stands there."""

    found: tuple[Found, ...] = ()
    fragments: tuple[Fragment, ...] = ()  # keys that are cut, secrets without their identifiers
    lines: Mapping[str, int] = field(default_factory=dict)  # identifier -> line (from 1) that it is first on


def completed(one: Found, other: Found) -> Found:
    """The first of two sightings of one credential, with the parts that only the other has."""
    return replace(
        one, secret=one.secret or other.secret, session_token=one.session_token or other.session_token
    )


def recognise(text: str) -> Recognised:
    """Every credential in `text`. Takes time linear in the text's length."""
    searched = Text(text)
    seen = [*aws.sightings(searched), *modal.sightings(searched), *github.sightings(searched)]
    seen.sort(key=lambda sighting: sighting[0])
    found: dict[str, Found] = {}
    lines: dict[str, int] = {}
    fragments: dict[Fragment, None] = {}
    for offset, sighting in seen:
        if isinstance(sighting, Fragment):
            fragments[sighting] = None
            continue
        lines.setdefault(sighting.identifier, searched.line(offset))
        earlier = found.get(sighting.identifier)
        found[sighting.identifier] = completed(earlier, sighting) if earlier else sighting
    return Recognised(tuple(found.values()), tuple(fragments), lines)
