"""What an organisation lets in and keeps: webhooks, applications, invitations, runners. For its owners.

https://docs.github.com/rest/orgs
"""

from typing import Any

from flask import Blueprint, Response, jsonify

from responder.sandbox.github import shapes
from responder.sandbox.github.errors import ApiError, not_found
from responder.sandbox.github.organization import Installation, Shared
from responder.sandbox.github.requests import Api, body, field, listing, paged
from responder.sandbox.github.routes.guards import runner_shape
from responder.sandbox.github.shapes import moment, node_id
from responder.sandbox.github.ways_in import Hook, Invitation, Runner

EMPTY = ("", 204)
_KEEPERS = ("dependabot", "codespaces")


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("company", __name__, url_prefix="/orgs/<organization>")
    _add_hooks(routes, api)
    _add_invitations(routes, api)

    @routes.get("/installations")
    def installations(organization: str) -> Response:
        owned = _owned(api, organization)
        return listing(
            "installations",
            list(owned.installations.values()),
            lambda one: _installation(api, organization, one),
        )

    @routes.get("/actions/runners")
    def runners(organization: str) -> Response:
        return listing("runners", list(_owned(api, organization).runners.values()), runner_shape)

    @routes.post("/actions/runners/generate-jitconfig")
    def add_runner(organization: str) -> tuple[Response, int]:
        owned, sent = _owned(api, organization), body()
        made = Runner(api.state.fresh_id(), field(sent, "name", str), field(sent, "labels", list))
        owned.runners[made.id] = made
        return jsonify({"runner": runner_shape(made), "encoded_jit_config": "e30="}), 201

    @routes.get("/<keeper>/secrets")
    def secrets(organization: str, keeper: str) -> Response:
        if keeper not in _KEEPERS:
            raise not_found()
        kept = _owned(api, organization).beside.get(keeper, {})
        return listing("secrets", sorted(kept.items()), lambda one: _secret(api, organization, keeper, *one))

    return routes


def _owned(api: Api, organization: str) -> Shared:
    people = api.state.people.get(organization)
    if people is None or api.caller().login not in people.members:
        raise not_found()
    if people.members[api.caller().login] != "admin":
        raise ApiError(403, "You must be an admin of the organization.")
    return api.state.shared(organization)


def _add_hooks(routes: Blueprint, api: Api) -> None:
    @routes.get("/hooks")
    def hooks(organization: str) -> Response:
        owned = _owned(api, organization)
        return paged([_hook(api, organization, one) for one in owned.hooks.values()])

    @routes.post("/hooks")
    def add_hook(organization: str) -> tuple[Response, int]:
        owned, sent = _owned(api, organization), body()
        config = field(sent, "config", dict)
        made = Hook(
            api.state.fresh_id(), field(config, "url", str), sent.get("events") or ["push"], api.clock()
        )
        owned.hooks[made.id] = made
        return jsonify(_hook(api, organization, made)), 201

    @routes.delete("/hooks/<int:number>")
    def delete_hook(organization: str, number: int) -> tuple[str, int]:
        if _owned(api, organization).hooks.pop(number, None) is None:
            raise not_found()
        return EMPTY


def _add_invitations(routes: Blueprint, api: Api) -> None:
    @routes.get("/invitations")
    def invitations(organization: str) -> Response:
        owned = _owned(api, organization)
        return paged([_invitation(api, organization, one) for one in owned.invitations.values()])

    @routes.post("/invitations")
    def invite(organization: str) -> tuple[Response, int]:
        owned, sent = _owned(api, organization), body()
        invitee = next(
            one for one in api.state.users.values() if one.id == field(sent, "invitee_id", int)
        ).login
        role = str(sent.get("role", "direct_member"))
        made = Invitation(api.state.fresh_id(), invitee, role, api.caller().login, api.clock())
        owned.invitations[made.id] = made
        return jsonify(_invitation(api, organization, made)), 201

    @routes.delete("/invitations/<int:number>")
    def withdraw(organization: str, number: int) -> tuple[str, int]:
        if _owned(api, organization).invitations.pop(number, None) is None:
            raise not_found()
        return EMPTY


def _hook(api: Api, organization: str, hook: Hook) -> dict[str, Any]:
    url = f"{api.shapes.base}/orgs/{organization}/hooks/{hook.id}"
    return {
        "type": "Organization",
        "id": hook.id,
        "name": "web",
        "active": True,
        "events": list(hook.events),
        "config": {"url": hook.url, "content_type": "json", "insecure_ssl": "0"},
        "updated_at": moment(hook.created_at),
        "created_at": moment(hook.created_at),
        "url": url,
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
    }


def _invitation(api: Api, organization: str, invitation: Invitation) -> dict[str, Any]:
    return {
        "id": invitation.id,
        "node_id": node_id("OrganizationInvitation", invitation.id),
        "login": invitation.login,
        "email": None,
        "role": invitation.permission,
        "created_at": moment(invitation.created_at),
        "inviter": api.shapes.user(api.state.user(invitation.inviter)),
        "team_count": 0,
        "invitation_teams_url": f"{api.shapes.base}/orgs/{organization}/invitations/{invitation.id}/teams",
    }


def _installation(api: Api, organization: str, one: Installation) -> dict[str, Any]:
    url, account = f"{api.shapes.base}/app/installations/{one.id}", api.state.user(organization)
    return {
        "id": one.id,
        "app_id": one.id,
        "app_slug": one.app,
        "account": api.shapes.user(account),
        "target_id": account.id,
        "target_type": "Organization",
        "repository_selection": "all",
        "permissions": {"contents": "write", "metadata": "read"},
        "events": ["push"],
        "single_file_name": None,
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{api.shapes.base}/installation/repositories",
        "html_url": f"{api.shapes.base}/organizations/{organization}/settings/installations/{one.id}",
        "created_at": moment(one.created_at),
        "updated_at": moment(one.created_at),
        "suspended_at": None,
        "suspended_by": None,
    }


def _secret(api: Api, organization: str, keeper: str, name: str, entry: Any) -> dict[str, Any]:  # noqa: ANN401  # a vault's entry
    url = f"{api.shapes.base}/orgs/{organization}/{keeper}/secrets/{name}/repositories"
    return {**shapes.secret(name, entry), "visibility": "selected", "selected_repositories_url": url}
