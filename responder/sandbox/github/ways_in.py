"""What lets somebody into a repository without a token of its people: deploy keys, webhooks, invitations."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DeployKey:
    id: int
    title: str
    key: str
    read_only: bool
    added_by: str
    created_at: float


@dataclass(frozen=True)
class Hook:
    id: int
    url: str
    events: Sequence[str]
    created_at: float


@dataclass(frozen=True)
class Invitation:
    id: int
    login: str
    permission: str
    inviter: str
    created_at: float


@dataclass
class WaysIn:
    keys: dict[int, DeployKey] = field(default_factory=dict)
    hooks: dict[int, Hook] = field(default_factory=dict)
    invitations: dict[int, Invitation] = field(default_factory=dict)


@dataclass(frozen=True)
class Push:
    """What moved a branch; kept also when the branch is gone."""

    ref: str
    before: str
    after: str
    kind: str  # push, branch_creation, branch_deletion
    login: str
    at: float
