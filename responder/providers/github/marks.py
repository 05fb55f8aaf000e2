"""By what a review knows that a run of ours changed something: GitHub tells when it was, and not by whom."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

from responder.action import Nothing


def mark(address: str, updated_at: datetime) -> str:
    return f"{address} {updated_at.isoformat()}"


def environment_address(repository: str, environment: str) -> str:
    return f"/repos/{repository}/environments/{quote(environment, safe='')}"


def secrets_address(repository: str, environment: str) -> str:
    """Without an environment, of the repository's own."""
    place = environment_address(repository, environment) if environment else f"/repos/{repository}/actions"
    return f"{place}/secrets"


class Marked(Nothing):
    """Says as of when what was changed is ours; a later change by anybody is not."""

    marks: tuple[str, ...] = ()

    @classmethod
    def of(cls, address: str, shown: Mapping[str, Any]) -> Self:
        """`shown` is GitHub's JSON for what is at the address."""
        return cls(marks=(mark(address, datetime.fromisoformat(shown["updated_at"])),))
