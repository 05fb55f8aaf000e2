"""Who is who in a review of GitHub: whose tokens leaked, what runs of ours did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from responder.exposure import GithubPlacement
from responder.providers.github.review_read import Secret

if TYPE_CHECKING:
    from responder.providers.github.review import GithubLookBack


@dataclass(frozen=True)
class Who:
    since: datetime
    leaked: frozenset[str]  # logins
    ours: frozenset[str]  # addresses of runs, and moments at which secrets were written
    rewritten: tuple[GithubPlacement, ...]
    confirmed_at: datetime | None
    settled: bool  # the run is over, so that all that it wrote is among `ours`

    @classmethod
    def of(cls, given: "GithubLookBack", since: datetime, *, settled: bool) -> Self:
        return cls(
            since=since,
            leaked=frozenset(given.logins),
            ours=frozenset(filter(None, given.ours)),
            rewritten=given.rewritten,
            confirmed_at=given.confirmed_at,
            settled=settled,
        )

    def ran(self, run: Mapping[str, Any]) -> bool:
        return run["html_url"] in self.ours or str(run["id"]) in self.ours

    def wrote(self, repository: str, secret: Secret) -> bool:
        """Whether a run of ours did: by the moment that it recorded, or before it could record any.

        While the run is under way nobody can tell its writing from another's; the next look can.
        """
        places = [
            one
            for one in self.rewritten
            if (one.repository, one.environment) == (repository, secret.environment)
            and not secret.shared
            and secret.name in (one.identifier_key.upper(), one.secret_key.upper())
        ]
        if (
            not places
            or self.confirmed_at is None
            or secret.updated_at < self.confirmed_at.replace(microsecond=0)
        ):
            return False
        recorded = {one for one in self.ours if _is_moment(one)} if self.settled else set()
        return not recorded or secret.updated_at.isoformat() in recorded


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
