"""What lets somebody into a repository without a token of its people, and what guards it.

Deploy keys, webhooks, invitations, runners; rulesets; and the secrets that are kept beside those of Actions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from responder.sandbox.github.vault import Entry


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
class Ruleset:
    """For the default branch alone."""

    id: int
    name: str
    enforcement: str  # active, evaluate, disabled
    rules: Sequence[str]  # their types
    created_at: float
    updated_at: float


@dataclass(frozen=True)
class Runner:
    """Self-hosted; GitHub does not tell since when."""

    id: int
    name: str
    labels: Sequence[str]


@dataclass
class WaysIn:
    keys: dict[int, DeployKey] = field(default_factory=dict)
    hooks: dict[int, Hook] = field(default_factory=dict)
    invitations: dict[int, Invitation] = field(default_factory=dict)
    rulesets: dict[int, Ruleset] = field(default_factory=dict)
    runners: dict[int, Runner] = field(default_factory=dict)
    beside: dict[str, dict[str, Entry]] = field(
        default_factory=lambda: {"dependabot": {}, "codespaces": {}}
    )  # secrets, by who keeps them


@dataclass(frozen=True)
class Push:
    """What moved a branch; kept also when the branch is gone."""

    ref: str
    before: str
    after: str
    kind: str  # push, branch_creation, branch_deletion
    login: str
    at: float
