"""Who must approve what a workflow does in an environment."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from responder.action import Connections
from responder.providers.github.connection import GithubConnection

if TYPE_CHECKING:
    from github import Github


def reviewers(connections: Connections, repository: str, environment: str) -> tuple[str, ...]:
    """Logins of people and slugs of teams, any one of whom is enough; empty when nobody has to.

    Raises:
        NotFoundError: there is no such environment.
        ProviderError: any other refusal.
    """

    def ask(github: "Github") -> list[dict[str, Any]]:
        found = github.get_repo(repository).get_environment(environment).raw_data
        return [each["reviewer"] for rule in found["protection_rules"] for each in rule.get("reviewers", ())]

    operation = f"GET /repos/{repository}/environments/{environment}"
    return logins(connections.get(GithubConnection).ask(operation, ask))


def logins(accounts: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """People by login, teams by slug."""
    return tuple(str(account.get("login") or account["slug"]) for account in accounts)
