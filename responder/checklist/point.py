"""One line of the checklist, and what a look at it gives."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from responder.action import Connections
from responder.discover import Survey
from responder.errors import RespondError
from responder.inventory import Inventory
from responder.places import Discovered, Scope

__all__ = [
    "Facts",
    "Look",
    "Point",
    "Result",
    "Verdict",
    "asked",
    "cannot_tell",
    "fail",
    "fail_by_hand",
    "passes",
    "unread",
]

Verdict = Literal["pass", "fail", "cannot tell"]


@dataclass(frozen=True)
class Look:
    """What one look found: the evidence, and how to mend what is not as it should be."""

    verdict: Verdict
    evidence: str
    mend: str = ""
    where: str = ""  # a path in the project, where it is in a file
    line: int = 0  # from 1; 0 where there is none
    by_hand: bool = False  # no playbook mends it

    def __post_init__(self) -> None:
        if self.verdict != "pass" and not self.mend:
            raise ValueError(f"How is this mended? {self.evidence}")


def passes(evidence: str) -> Look:
    return Look("pass", evidence)


def fail(evidence: str, mend: str, where: str = "", line: int = 0) -> Look:
    return Look("fail", evidence, mend, where, line)


def fail_by_hand(evidence: str, mend: str) -> Look:
    """What the point's playbook does not mend."""
    return Look("fail", evidence, mend, by_hand=True)


def cannot_tell(evidence: str, mend: str) -> Look:
    return Look("cannot tell", evidence, mend)


def unread(repository: str, path: str, why: str) -> Look:
    """Of a file at GitHub that nothing is known of."""
    return cannot_tell(
        f"{repository}: what {path} does is not known: {why}",
        f"gh api repos/{repository}/contents/{path} shows it; mend it, or take it out.",
    )


class Facts:
    """What all points are looked at with. Changes nothing anywhere.

    Args:
        connections: the operator's.
        inventory: what should be.
        project: the folder of the repository that is checked.
        now: UTC.
    """

    def __init__(
        self,
        connections: Connections,
        inventory: Inventory,
        project: Path,
        now: datetime,
    ) -> None:
        self.connections = connections
        self.inventory = inventory
        self.project = project
        self.now = now
        repositories = {place.repository for place in inventory.github_environments} | {inventory.repository}
        self.repositories = tuple(sorted(repositories - {""}))
        self._survey = Survey(connections, self.repositories)

    @property
    def discovered(self) -> Discovered:
        return self._survey.result()

    def unread(self, scope: Scope, what: str) -> Iterator[Look]:
        """That a list is not whole, where it is not."""
        found = self.discovered
        if scope not in found.read:
            why = "; ".join(found.unread) or "the list was cut short"
            yield cannot_tell(f"{what} could not be read: {why}.", "respond doctor")

    def missing(self, what: str) -> Look:
        """Nothing can be said of what the inventory names and no list has."""
        return cannot_tell(
            f"respond.toml names {what}, of which nothing is to be seen.",
            "respond run setup, or mend respond.toml",
        )


@dataclass(frozen=True)
class Point:
    """`look` gives one `Look` or more; the worst of them is the point's verdict."""

    id: str
    title: str  # what should be so
    look: Callable[[Facts], Iterable[Look]]
    fix: str = ""  # the playbook that mends it
    files_only: bool = False  # the project's folder tells it, with no inventory and no service


@dataclass(frozen=True)
class Result:
    point: Point
    looks: tuple[Look, ...]

    @property
    def verdict(self) -> Verdict:
        verdicts = {look.verdict for look in self.looks}
        if "fail" in verdicts:
            return "fail"
        return "pass" if verdicts == {"pass"} else "cannot tell"


def asked(look: Callable[[], Iterable[Look]], what: str, mend: str = "") -> Iterator[Look]:
    """Its looks; where a service could not be asked, that this cannot be told, and how to mend that."""
    try:
        yield from look()
    except RespondError as error:
        yield cannot_tell(f"{what}: {error.what}", mend or error.next_step or "respond doctor")
