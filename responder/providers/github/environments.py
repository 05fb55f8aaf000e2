"""Who must approve what a workflow does in an environment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from responder.action import Connections
from responder.providers.github.connection import GithubConnection

if TYPE_CHECKING:
    from github import Github


@dataclass(frozen=True)
class Reviewing:
    people: tuple[str, ...]  # logins
    teams: tuple[str, ...]  # slugs, of the organisation that has the repository


def reviewing(connections: Connections, repository: str, environment: str) -> Reviewing:
    """Any one of whom is enough; nobody has to where there are none.

    Raises:
        NotFoundError: there is no such environment.
        ProviderError: any other refusal.
    """

    def ask(github: "Github") -> Mapping[str, Any]:
        return github.get_repo(repository).get_environment(environment).raw_data

    operation = f"GET /repos/{repository}/environments/{environment}"
    return reviewing_of(connections.get(GithubConnection).ask(operation, ask))


def reviewing_of(environment: Mapping[str, Any]) -> Reviewing:
    """Of GitHub's JSON for an environment."""
    rules = environment.get("protection_rules", ())
    who = [each for rule in rules for each in rule.get("reviewers", ())]
    people = logins(one["reviewer"] for one in who if one["type"] == "User")
    return Reviewing(people, logins(one["reviewer"] for one in who if one["type"] == "Team"))


def reviewers(connections: Connections, repository: str, environment: str) -> tuple[str, ...]:
    """As `reviewing`, all of them by name."""
    found = reviewing(connections, repository, environment)
    return (*found.people, *found.teams)


def logins(accounts: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """People by login, teams by slug."""
    return tuple(str(account.get("login") or account["slug"]) for account in accounts)
