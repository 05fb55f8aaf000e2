"""What a draft says, and how sure it is of each part."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from responder.found import Kind
from responder.inventory.document import CHOOSE
from responder.places import Place, Workflow


@dataclass(frozen=True)
class Guess:
    """A value, and why it is taken to be so; without a reason it is what a service said."""

    value: str
    why: str = ""

    @property
    def is_open(self) -> bool:
        return self.value.startswith(CHOOSE)


@dataclass
class GuessedCredential:
    name: str
    kind: Kind
    owner: Guess  # its IAM user, or its service user; of a proxy token its id
    candidates: tuple[str, ...] = ()  # who it may be, for people
    places: list[Place] = field(default_factory=list)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class GuessedWorkload:
    name: str
    app: str
    environment: str
    function: Guess
    runs_with: tuple[str, ...]  # names of credentials
    deployed_with: tuple[str, ...]
    source: Guess | None
    workflow: Workflow | None
    inputs: dict[str, str]
    notes: tuple[str, ...]


def fresh_name(wanted: str, taken: Collection[str]) -> str:
    """A key for a table that no other has, and that needs no quotes."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", wanted).strip("-") or "unnamed"
    names = (plain, *(f"{plain}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
