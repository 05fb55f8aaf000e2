"""Who is who in a review of GitHub: whose tokens leaked, what runs of ours did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from responder.exposure import GithubPlacement
from responder.providers.github.marks import mark
from responder.providers.github.review_read import Kept

if TYPE_CHECKING:
    from responder.providers.github.review import GithubLookBack


@dataclass(frozen=True)
class Who:
    since: datetime
    leaked: frozenset[str]  # logins
    ours: frozenset[str]  # addresses of runs, and marks of what was changed
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

    def wrote(self, repository: str, secret: Kept) -> bool:
        """Whether a run of ours did.

        While the run is under way nobody can tell its writing from another's; the next look can.
        """
        if self.left_so(secret.address, secret.updated_at):
            return True
        if self.settled or self.confirmed_at is None:
            return False
        places = [
            one
            for one in self.rewritten
            if (one.repository, one.environment) == (repository, secret.environment)
            and not (secret.shared or secret.is_variable)
            and secret.keeper == "actions"
            and secret.name in (one.identifier_key.upper(), one.secret_key.upper())
        ]
        return bool(places) and secret.updated_at >= self.confirmed_at.replace(microsecond=0)

    def left_so(self, address: str, updated_at: datetime) -> bool:
        """Whether a run of ours changed it, and nobody since."""
        return mark(address, updated_at) in self.ours
