"""A leaked value on GitHub, beyond what a clone has."""

import re
from collections.abc import Sequence
from datetime import datetime

from responder.action import Connections
from responder.providers.github.search import Looked, Match, Searched, search_github
from responder.review.history.forms import Value
from responder.review.history.git import Git
from responder.review.history.search import Hit, Needles


def scan_github(
    connections: Connections, repository: str, values: Sequence[Value], since: datetime
) -> Searched:
    """Alerts, code of the owner's, logs and artifacts of workflows, issues and their comments, gists.

    Args:
        connections: the operator's.
        repository: owner/name.
        values: what to look for; only identifiers are sent to GitHub.
        since: which runs, issues, comments and gists to read.

    Raises:
        ProviderError: the repository cannot be seen.
    """
    needles = Needles(values)

    def look(data: bytes) -> Looked:
        hits, not_opened = needles.searcher().hits(data)  # one of its own: it is asked from several threads
        return Looked([Match(hit.value.label, _place(hit), hit.value.secret) for hit in hits], not_opened)

    identifiers = [value.label for value in values if not value.secret]
    return search_github(connections, repository, identifiers=identifiers, look=look, since=since)


def _place(hit: Hit) -> str:
    parts = [
        hit.inside,
        f"line {hit.line}" if hit.line else "",
        "" if hit.encoding == "plain" else hit.encoding,
    ]
    return ", ".join(filter(None, parts))


def origin(git: Git) -> str | None:
    """OWNER/NAME of the clone's own remote, whatever the host; None where it has none such."""
    found = re.search(r"[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$", origin_url(git))
    return found[1] if found else None


def origin_url(git: Git) -> str:
    """As git has it; empty where there is none. It may hold a password."""
    urls = git.lines("config", "--get", "remote.origin.url", may_fail=True)
    return urls[0] if urls else ""
