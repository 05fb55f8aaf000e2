"""What protects an environment; read only."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from responder.action import Connections
from responder.providers.github.connection import GithubConnection
from responder.providers.github.environments import reviewing_of
from responder.providers.github.people import permission
from responder.providers.github.teams import Team, everyone

if TYPE_CHECKING:
    from github import Github


@dataclass(frozen=True)
class Protection:
    """Attributes that say who are logins of people, or slugs of teams."""

    required: tuple[str, ...]  # any one of whom must approve
    able: tuple[str, ...]  # people of these, themselves or by a team, who may do so still
    lost: tuple[str, ...]  # of the required: people without access, and teams without people
    self_review: bool  # whoever asked for a deployment may approve it
    bypass: bool  # administrators may go past it all
    branches: tuple[str, ...] | None  # that may deploy; None where every one may
    default_branch: str


def protection_of(connections: Connections, repository: str, environment: str) -> Protection:
    """Who must approve what is deployed to an environment, and which branches may.

    Raises:
        ProviderError: GitHub could not be asked, has no such environment, or does not show a team.
    """
    connection = connections.get(GithubConnection)
    address = f"/repos/{repository}/environments/{quote(environment, safe='')}"

    def ask(github: "Github") -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...] | None]:
        _, itself = github.requester.requestJsonAndCheck("GET", f"/repos/{repository}")
        _, found = github.requester.requestJsonAndCheck("GET", address)
        return itself, found, _branches(github, address, found, itself)

    itself, found, branches = connection.ask(f"GET {address}", ask)
    who = reviewing_of(found)
    people = {login: (login,) if permission(connection, repository, login) else () for login in who.people}
    organization = repository.partition("/")[0]
    teams = {slug: everyone(connection, Team(organization, slug)) for slug in who.teams}
    able = [*people.items(), *teams.items()]
    rules = found.get("protection_rules", ())
    return Protection(
        required=(*who.people, *who.teams),
        able=tuple(dict.fromkeys(login for _, logins in able for login in logins)),
        lost=tuple(name for name, logins in able if not logins),
        self_review=not any(rule.get("prevent_self_review") for rule in rules),
        bypass=bool(found.get("can_admins_bypass")),  # GitHub tells of it, and its description does not
        branches=branches,
        default_branch=str(itself["default_branch"]),
    )


def _branches(
    github: "Github", address: str, environment: dict[str, Any], repository: dict[str, Any]
) -> tuple[str, ...] | None:
    match environment.get("deployment_branch_policy"):
        case {"custom_branch_policies": True}:
            where = f"{address}/deployment-branch-policies"
            _, found = github.requester.requestJsonAndCheck("GET", where, parameters={"per_page": "100"})
            return tuple(sorted(_pattern(one) for one in found["branch_policies"]))
        case {"protected_branches": True}:
            where = f"/repos/{repository['full_name']}/branches"
            _, protected = github.requester.requestJsonAndCheck(
                "GET", where, parameters={"protected": "true"}
            )
            # Where none is protected, GitHub lets every branch deploy.
            return tuple(sorted(str(one["name"]) for one in protected)) or None
    return None


def _pattern(policy: dict[str, Any]) -> str:
    """A tag is none of the branches, whatever its name."""
    return f"tag {policy['name']}" if policy.get("type") == "tag" else str(policy["name"])
