"""Deployment environments and their protection."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify

from responder.sandbox.github.errors import unprocessable
from responder.sandbox.github.requests import Api, body, listing
from responder.sandbox.github.state import BranchPolicy, Environment, Repository
from responder.sandbox.github.teams import Team

MOST_REVIEWERS = 6
MOST_MINUTES = 43_200
EMPTY = ("", 204)


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("environments", __name__, url_prefix="/repos/<owner>/<name>/environments")

    def shape(repository: Repository, environment: Environment) -> dict[str, Any]:
        return api.shapes.environment(repository, environment, api.users(environment.reviewers))

    @routes.get("")
    def environments(owner: str, name: str) -> Response:
        found = api.repository(owner, name)
        every = sorted(found.environments.values(), key=lambda environment: environment.name)
        return listing("environments", every, lambda environment: shape(found, environment))

    @routes.get("/<path:environment>")
    def environment_by_name(owner: str, name: str, environment: str) -> Response:
        found = api.repository(owner, name)
        return jsonify(shape(found, found.environment(environment)))

    @routes.put("/<path:environment>")
    def put_environment(owner: str, name: str, environment: str) -> Response:
        """Create or replace: protection that the body leaves out is gone afterwards."""
        found, sent = api.repository(owner, name, "admin"), body()
        reviewers, teams = _reviewers(api, found, sent.get("reviewers") or [])
        minutes = sent.get("wait_timer") or 0
        if not isinstance(minutes, int) or not 0 <= minutes <= MOST_MINUTES:
            raise unprocessable(f"wait_timer is between 0 and {MOST_MINUTES} minutes")
        policy = _policy(sent.get("deployment_branch_policy"))
        now = api.clock()
        kept = found.environments.get(environment) or api.state.add_environment(found, environment, now)
        kept.reviewers, kept.wait_timer, kept.updated_at = reviewers, minutes, now
        kept.reviewing_teams = teams
        kept.prevent_self_review = bool(sent.get("prevent_self_review"))
        kept.branch_policy = policy
        if policy != "custom":
            kept.branch_patterns.clear()
        api.record("environment.update_protection_rule", found, environment)
        return jsonify(shape(found, kept))

    @routes.delete("/<path:environment>")
    def delete_environment(owner: str, name: str, environment: str) -> tuple[str, int]:
        found = api.repository(owner, name, "admin")
        found.environment(environment)
        del found.environments[environment]
        return EMPTY

    return routes


def _policy(sent: Mapping[str, Any] | None) -> BranchPolicy | None:
    if sent is None:
        return None
    protected, custom = sent.get("protected_branches"), sent.get("custom_branch_policies")
    if protected is custom:
        raise unprocessable("protected_branches and custom_branch_policies cannot have the same value")
    return "protected" if protected else "custom"


def _reviewers(
    api: Api, repository: Repository, sent: list[Mapping[str, Any]]
) -> tuple[list[str], list[Team]]:
    """The logins, and the teams."""
    if len(sent) > MOST_REVIEWERS:
        raise unprocessable(f"At most {MOST_REVIEWERS} reviewers")
    logins = {user.id: user.login for user in api.state.users.values()}
    of_repository = {team.id: team for team, _ in repository.teams}
    people, teams = [], []
    for reviewer in sent:
        kind, number = reviewer.get("type"), reviewer.get("id", 0)
        login, team = logins.get(number), of_repository.get(number)
        if kind == "Team" and team is not None:
            teams.append(team)
        elif kind == "User" and login is not None and repository.allows(login, "read"):
            people.append(login)
        else:
            raise unprocessable("Validation Failed: a reviewer is a User or a Team with read access")
    return people, teams
