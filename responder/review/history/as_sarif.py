"""Sightings and findings for code hosts and dashboards."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from responder.providers.github.search import Seen
from responder.report.export.sarif import Found, Rule, Where, sarif
from responder.review.history.patterns import Finding
from responder.review.history.sighting import Sighting

_MEND: Final = "Revoke it and replace it (respond leak); taking it out of the history does not undo the leak."
_VALUE: Final = Rule("respond/leaked-value", "LeakedValue", "A value that is known to have leaked.", _MEND)
_IDENTIFIER: Final = Rule(
    "respond/leaked-identifier",
    "LeakedIdentifier",
    "The public identifier of a credential that leaked.",
    "Look whether its secret is near.",
    level="note",
    severity=2.0,
)
_DOMAIN: Final = b"respond:sighting:v1\0"


def as_sarif(
    sightings: Sequence[Sighting],
    findings: Sequence[Finding],
    on_github: Sequence[Seen],
    not_looked_at: Sequence[str],
    version: str,
) -> dict[str, Any]:
    """A log of all; a finding's rule is named after the scanner's own."""
    rules = {
        one.rule: Rule(one.rule, one.name, f"Looks like a credential: {one.name}.", _MEND) for one in findings
    }
    found = [*map(_of_sighting, sightings), *map(_on_github, on_github), *map(_of_finding, findings)]
    return sarif(found, version, (_VALUE, _IDENTIFIER, *rules.values()), not_looked_at)


def _mark(parts: Sequence[str]) -> str:
    return hashlib.sha256(_DOMAIN + "\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def _of_sighting(one: Sighting) -> Found:
    rule = _VALUE if one.secret else _IDENTIFIER
    parts = (one.value, one.where, one.place, one.encoding)
    reached = ", ".join(one.refs) or one.kept or "no commit"
    return Found(
        rule=rule.id,
        message=f"{one.value} is here ({one.where}, {one.encoding}); reached by {reached}.",
        where=Where(_address(one), one.line, commit=one.commits[0].id if one.commits else ""),
        fingerprint=_mark(parts),
        properties=(
            ("where", one.where),
            ("encoding", one.encoding),
            ("fingerprint", one.fingerprint),
            ("commits", " ".join(commit.id for commit in one.commits)),
            ("objects", " ".join(one.objects)),
            ("refs", " ".join(one.refs)),
            ("kept", one.kept),
        ),
    )


def _on_github(one: Seen) -> Found:
    parts = (one.value, one.what, one.address, one.place)
    return Found(
        rule=(_VALUE if one.secret else _IDENTIFIER).id,
        message=f"{one.value} is here ({one.what}{f', {one.place}' if one.place else ''}).",
        where=Where(one.address),
        fingerprint=_mark(parts),
    )


def _address(one: Sighting) -> str:
    """What has no path is named as git stores it."""
    if one.where in {"commit message", "tag message", "dangling"} and one.objects:
        name = one.objects[0]
        return f".git/objects/{name[:2]}/{name[2:]}"
    return f"{one.repository}/{one.path}" if one.repository else one.path


def _of_finding(one: Finding) -> Found:
    return Found(
        rule=one.rule,
        message=f"This looks like a credential: {one.name}.",
        where=Where(one.path, one.line, one.column, one.commit),
        fingerprint=one.fingerprint,
        properties=(("author", one.author), ("day", one.day)),
    )
