"""An organisation's people and teams.

https://docs.github.com/rest/teams/members and https://docs.github.com/rest/orgs/members
"""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from responder.sandbox.github.errors import ApiError, not_found
from responder.sandbox.github.requests import Api, body, paged
from responder.sandbox.github.shapes import node_id
from responder.sandbox.github.state import User
from responder.sandbox.github.teams import People, Team

EMPTY = ("", 204)


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("teams", __name__)
    _add_teams(routes, api)
    _add_members(routes, api)
    return routes


def _seen(api: Api, organization: str) -> People:
    """Whoever is not of the organisation sees none of it."""
    people = api.state.people.get(organization)
    if people is None or api.caller().login not in people.members:
        raise not_found()
    return people


def _team(api: Api, organization: str, slug: str) -> Team:
    people = _seen(api, organization)
    if slug not in people.teams:
        raise not_found()
    return people.teams[slug]


def _require_owner(api: Api, people: People, maintained: Team | None = None) -> None:
    caller = api.caller().login
    maintains = maintained is not None and maintained.members.get(caller) == "maintainer"
    if people.members.get(caller) != "admin" and not maintains:
        raise ApiError(403, "You must be an organization owner or team maintainer to do this.")


def _add_teams(routes: Blueprint, api: Api) -> None:
    @routes.get("/orgs/<organization>/teams/<slug>/members")
    def members(organization: str, slug: str) -> Response:
        team = _team(api, organization, slug)
        return paged([api.shapes.user(user) for user in api.users(team.everyone())])

    @routes.get("/orgs/<organization>/teams/<slug>/teams")
    def children(organization: str, slug: str) -> Response:
        team = _team(api, organization, slug)
        return paged([api.shapes.team(organization, child) for child in team.children])

    @routes.get("/orgs/<organization>/teams/<slug>/memberships/<login>")
    def team_membership(organization: str, slug: str, login: str) -> Response:
        """Also of who is in it through a child team."""
        team, user = _team(api, organization, slug), api.state.user(login)
        if user.login not in team.everyone():
            raise not_found()
        return jsonify(_of_team(api, organization, team, user))

    @routes.put("/orgs/<organization>/teams/<slug>/memberships/<login>")
    def join_team(organization: str, slug: str, login: str) -> Response:
        """Whoever is not of the organisation would be invited; here they are made a member at once."""
        team, user = _team(api, organization, slug), api.state.user(login)
        people = api.state.people_of(organization)
        _require_owner(api, people, team)
        team.members[user.login] = "maintainer" if body().get("role") == "maintainer" else "member"
        people.members.setdefault(user.login, "member")
        return jsonify(_of_team(api, organization, team, user))

    @routes.delete("/orgs/<organization>/teams/<slug>/memberships/<login>")
    def leave_team(organization: str, slug: str, login: str) -> tuple[str, int]:
        team, user = _team(api, organization, slug), api.state.user(login)
        _require_owner(api, api.state.people_of(organization), team)
        if team.members.pop(user.login, None) is None:
            raise not_found()
        return EMPTY


def _add_members(routes: Blueprint, api: Api) -> None:
    @routes.get("/orgs/<organization>/members")
    def everybody(organization: str) -> Response:
        """Others see only who shows their membership, which nobody here does."""
        people = api.state.people.get(organization)
        of = people.members if people and api.caller().login in people.members else {}
        among = [login for login, role in of.items() if request.args.get("role", "all") in ("all", role)]
        return paged([api.shapes.user(user) for user in api.users(sorted(among))])

    @routes.get("/user/memberships/orgs/<organization>")
    def own_membership(organization: str) -> Response:
        return jsonify(_of_organization(api, organization, _seen(api, organization), api.caller()))

    @routes.get("/orgs/<organization>/memberships/<login>")
    def membership(organization: str, login: str) -> Response:
        people, user = _seen(api, organization), api.state.user(login)
        if user.login not in people.members:
            raise not_found()
        return jsonify(_of_organization(api, organization, people, user))

    @routes.delete("/orgs/<organization>/memberships/<login>")
    def remove(organization: str, login: str) -> tuple[str, int]:
        """Out of its teams and its private repositories, too."""
        people, user = _seen(api, organization), api.state.user(login)
        _require_owner(api, people)
        if user.login not in people.members:
            raise not_found()
        people.forget(user.login)
        for repository in api.state.repositories.values():
            if repository.full_name.startswith(f"{organization}/"):
                repository.permissions.pop(user.login, None)
        return EMPTY


def _of_team(api: Api, organization: str, team: Team, user: User) -> dict[str, Any]:
    url = f"{api.shapes.base}/orgs/{organization}/teams/{team.slug}/memberships/{user.login}"
    return {"url": url, "role": team.members.get(user.login, "member"), "state": "active"}


def _of_organization(api: Api, organization: str, people: People, user: User) -> dict[str, Any]:
    url, number = f"{api.shapes.base}/orgs/{organization}", api.state.user(organization).id
    return {
        "url": f"{url}/memberships/{user.login}",
        "state": "active",
        "role": people.members[user.login],
        "organization_url": url,
        "organization": {
            "login": organization,
            "id": number,
            "node_id": node_id("Organization", number),
            "url": url,
            "repos_url": f"{url}/repos",
            "events_url": f"{url}/events",
            "hooks_url": f"{url}/hooks",
            "issues_url": f"{url}/issues",
            "members_url": f"{url}/members{{/member}}",
            "public_members_url": f"{url}/public_members{{/member}}",
            "avatar_url": f"{api.shapes.base}/avatars/u/{number}",
            "description": None,
        },
        "user": api.shapes.user(user),
    }
