"""Secrets and variables of an organisation, and which of its repositories are given them."""

from dataclasses import dataclass, field

from responder.sandbox.github import vault
from responder.sandbox.github.vault import Entry


@dataclass
class Shared:
    """What an organisation keeps. A name that `only` has not is shared with all of its repositories."""

    secrets: dict[str, Entry] = field(default_factory=dict)
    variables: dict[str, Entry] = field(default_factory=dict)
    only: dict[str, frozenset[str]] = field(default_factory=dict)  # name -> full names of repositories

    def put(self, entries: dict[str, Entry], name: str, value: str, only: frozenset[str], now: float) -> None:
        vault.put(entries, name, value, now)
        if only:
            self.only[name.upper()] = only

    def given(self, entries: dict[str, Entry], repository: str) -> dict[str, Entry]:
        return {
            name: entry for name, entry in entries.items() if repository in self.only.get(name, {repository})
        }
