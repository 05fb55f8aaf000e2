"""A leaked value on GitHub, beyond what a clone has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from responder.action import Connections
from responder.providers.github.search import PATIENCE, Looked, Match, Searched, search_github
from responder.questions import Questions
from responder.review.history.forms import Value
from responder.review.history.patterns import Patterns
from responder.review.history.search import Hit, Needles
from responder.review.history.wiki import Wiki, search_wiki


@dataclass(frozen=True)
class OnGithub:
    """`by_form` is of the wiki alone; None where it was not searched so."""

    searched: Searched
    by_form: Patterns | None


def scan_github(
    connections: Connections,
    repository: str,
    values: Sequence[Value],
    since: datetime,
    *,
    by_form: bool = False,
) -> OnGithub:
    """Alerts, code of the owner's, logs and artifacts of workflows, issues and comments, gists, the wiki.

    Args:
        connections: the operator's.
        repository: owner/name.
        values: what to look for; only identifiers are sent to GitHub.
        since: which runs, issues, comments and gists to read.
        by_form: look in the wiki for credentials that nobody knew of, too.

    Raises:
        ProviderError: the repository cannot be seen.
    """
    needles = Needles(values)
    questions = Questions(PATIENCE)
    wiki = questions.ask("the wiki", search_wiki, connections, repository, needles, by_form)

    def look(data: bytes) -> Looked:
        hits, not_opened = needles.searcher().hits(data)  # one of its own: it is asked from several threads
        return Looked([Match(hit.value.label, _place(hit), hit.value.secret) for hit in hits], not_opened)

    identifiers = [value.label for value in values if not value.secret]
    searched = search_github(connections, repository, identifiers=identifiers, look=look, since=since)
    of_wiki = wiki.get() or Wiki()
    searched.seen += of_wiki.seen
    searched.looked_at += of_wiki.looked_at
    searched.not_looked_at += [*of_wiki.not_looked_at, *questions.unread]
    return OnGithub(searched, of_wiki.by_form)


def _place(hit: Hit) -> str:
    parts = [
        hit.inside,
        f"line {hit.line}" if hit.line else "",
        "" if hit.encoding == "plain" else hit.encoding,
    ]
    return ", ".join(filter(None, parts))
