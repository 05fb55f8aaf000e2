"""What protects an environment; read only."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from responder.action import Connections
from responder.providers.github.connection import GithubConnection
from responder.providers.github.environments import logins

if TYPE_CHECKING:
    from github import Github


@dataclass(frozen=True)
class Protection:
    reviewers: tuple[str, ...]
    branches: tuple[str, ...] | None  # that may deploy; None where every one may
    default_branch: str


def protection_of(connections: Connections, repository: str, environment: str) -> Protection:
    """Who must approve what is deployed to an environment, and which branches may.

    Raises:
        ProviderError: GitHub could not be asked, or has no such environment.
    """
    address = f"/repos/{repository}/environments/{quote(environment, safe='')}"

    def ask(github: "Github") -> Protection:
        _, itself = github.requester.requestJsonAndCheck("GET", f"/repos/{repository}")
        _, found = github.requester.requestJsonAndCheck("GET", address)
        rules = found.get("protection_rules", ())
        who = logins(each["reviewer"] for rule in rules for each in rule.get("reviewers", ()))
        return Protection(who, _branches(github, address, found, itself), str(itself["default_branch"]))

    return connections.get(GithubConnection).ask(f"GET {address}", ask)


def _branches(
    github: "Github", address: str, environment: dict[str, Any], repository: dict[str, Any]
) -> tuple[str, ...] | None:
    match environment.get("deployment_branch_policy"):
        case {"custom_branch_policies": True}:
            where = f"{address}/deployment-branch-policies"
            _, found = github.requester.requestJsonAndCheck("GET", where, parameters={"per_page": "100"})
            return tuple(sorted(str(one["name"]) for one in found["branch_policies"]))
        case {"protected_branches": True}:
            where = f"/repos/{repository['full_name']}/branches"
            _, protected = github.requester.requestJsonAndCheck(
                "GET", where, parameters={"protected": "true"}
            )
            # Where none is protected, GitHub lets every branch deploy.
            return tuple(sorted(str(one["name"]) for one in protected)) or None
    return None
