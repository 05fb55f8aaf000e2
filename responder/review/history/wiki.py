"""The wiki of a repository on GitHub: a git repository of its own, with all that its pages ever were."""

import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Final

from responder.action import Connections
from responder.errors import ProviderError, UnavailableError
from responder.providers.github.connection import GithubConnection
from responder.providers.github.git_access import GitAccess, GitReader
from responder.providers.github.search import PATIENCE, Seen
from responder.questions import aside
from responder.review.history.fetched import NothingThereError, fetched
from responder.review.history.git import Git, Repository
from responder.review.history.objects import Objects, search_objects
from responder.review.history.patterns import Patterns, find_patterns, kingfisher
from responder.review.history.places import sightings
from responder.review.history.search import Needles
from responder.review.history.sighting import Sighting

_BRANCHES: Final = "+refs/heads/*:refs/heads/*"


@dataclass
class Wiki:
    """What was seen in it. `by_form` is None where it was not searched so."""

    seen: list[Seen] = field(default_factory=list)
    by_form: Patterns | None = None
    looked_at: list[str] = field(default_factory=list)
    not_looked_at: list[str] = field(default_factory=list)


def search_wiki(
    connections: Connections,
    repository: str,
    needles: Needles,
    by_form: bool,  # noqa: FBT001  # `Questions` names no arguments
) -> Wiki:
    """All of it; what stood in its way is in the answer.

    Args:
        connections: the operator's.
        repository: owner/name.
        needles: what to look for.
        by_form: look for credentials that nobody knew of, too, where there is a kingfisher.

    Raises:
        ProviderError: the repository cannot be seen.
    """
    github = connections.get(GithubConnection)
    if not github.get(f"/repos/{repository}")["has_wiki"]:
        return Wiki(looked_at=["no wiki, as it is switched off"])
    access, wiki = connections.get(GitReader).wiki(repository), Wiki()
    try:
        with fetched(access, [_BRANCHES], seconds=PATIENCE) as git:
            _search(git, access, needles, wiki, by_form=by_form)
    except NothingThereError as error:
        if _may_read(github, repository):  # GitHub makes it with the first page
            wiki.looked_at.append("no wiki, as it has no page")
        else:
            wiki.not_looked_at.append(f"the wiki: {error.what} {error.next_step}")
    except UnavailableError as error:
        wiki.not_looked_at.append(f"the wiki: {error.what} {error.next_step}")
    return wiki


def _search(git: Git, access: GitAccess, needles: Needles, wiki: Wiki, *, by_form: bool) -> None:
    by_itself = Repository(git, git.folder, git.folder, top=None, shallow=False, partial=False)
    patterns = aside(find_patterns, git.folder) if by_form and kingfisher() else None
    objects = search_objects(git, needles)
    wiki.not_looked_at += [f"the wiki: {why}" for why in _not_opened(objects)]
    found = sightings(by_itself, "", objects, needles, wiki.not_looked_at.append)
    page = access.url.removesuffix(".wiki.git") + "/wiki"
    wiki.seen = [_seen(one, page) for one in found]
    wiki.looked_at.append(f"the wiki and its history, {objects.count} objects")
    if patterns:
        told = patterns.result()
        wiki.by_form = replace(
            told, findings=tuple(replace(one, path=f"wiki/{one.path}") for one in told.findings)
        )


def _not_opened(objects: Objects) -> Iterator[str]:
    yield from (f"object {name[:12]} is damaged" for name in sorted(objects.damaged))
    for name, whys in objects.not_opened.items():
        yield from (f"object {name[:12]}: {why}" for why in whys)


def _seen(one: Sighting, page: str) -> Seen:
    first = one.commits[0] if one.commits else None
    parts = (
        one.place or one.where,
        f"line {one.line}" if one.line else "",
        "" if one.encoding == "plain" else one.encoding,
        f"since {first.at:%Y-%m-%d %H:%M %Z} by {first.author}" if first else "",
    )
    name = urllib.parse.quote(PurePosixPath(one.path).stem)
    address = f"{page}/{name}/{first.id}" if first and one.where == "history" else page
    return Seen("wiki", address, one.value, ", ".join(filter(None, parts)), one.secret)


def _may_read(github: GithubConnection, repository: str) -> bool:
    """Whether the token may read what is in the repository, and so its wiki, too."""
    try:
        github.get(f"/repos/{repository}/branches")
    except ProviderError:
        return False
    return True
