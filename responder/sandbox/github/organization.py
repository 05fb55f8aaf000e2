"""What an organisation keeps for its repositories, and what it lets in."""

from dataclasses import dataclass, field

from responder.sandbox.github import vault
from responder.sandbox.github.vault import Entry
from responder.sandbox.github.ways_in import Hook, Invitation, Runner


@dataclass(frozen=True)
class Installation:
    """Of a GitHub App: a person makes it at the site, and no program."""

    id: int
    app: str
    created_at: float


@dataclass
class Shared:
    """What an organisation keeps. A name that `only` has not is shared with all of its repositories."""

    secrets: dict[str, Entry] = field(default_factory=dict)
    variables: dict[str, Entry] = field(default_factory=dict)
    only: dict[str, frozenset[str]] = field(default_factory=dict)  # name -> full names of repositories
    beside: dict[str, dict[str, Entry]] = field(default_factory=dict)  # dependabot's and codespaces' secrets
    hooks: dict[int, Hook] = field(default_factory=dict)
    invitations: dict[int, Invitation] = field(default_factory=dict)
    runners: dict[int, Runner] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)

    def put(self, entries: dict[str, Entry], name: str, value: str, only: frozenset[str], now: float) -> None:
        vault.put(entries, name, value, now)
        if only:
            self.only[name.upper()] = only

    def given(self, entries: dict[str, Entry], repository: str) -> dict[str, Entry]:
        return {
            name: entry for name, entry in entries.items() if repository in self.only.get(name, {repository})
        }
