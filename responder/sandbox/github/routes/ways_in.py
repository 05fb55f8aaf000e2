"""Deploy keys, webhooks, collaborators and who is invited to become one."""

from typing import Any

from flask import Blueprint, Response, jsonify

from responder.sandbox.github.errors import ApiError, not_found, unprocessable
from responder.sandbox.github.requests import Api, body, field, paged
from responder.sandbox.github.shapes import moment, node_id
from responder.sandbox.github.state import PERMISSIONS, Repository
from responder.sandbox.github.ways_in import DeployKey, Hook, Invitation

EMPTY = ("", 204)
# The API's words for what it calls read, write and admin itself.
_PERMISSIONS = {"pull": "read", "push": "write", "admin": "admin"}


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("ways_in", __name__, url_prefix="/repos/<owner>/<name>")
    _add_keys(routes, api)
    _add_hooks(routes, api)
    _add_collaborators(routes, api)
    _add_invitations(routes, api)
    return routes


def _administered(api: Api, owner: str, name: str) -> Repository:
    """Whoever is no administrator is not told that there is anything."""
    repository = api.repository(owner, name)
    if not repository.allows(api.caller().login, "admin"):
        raise not_found()
    return repository


def _add_keys(routes: Blueprint, api: Api) -> None:
    @routes.get("/keys")
    def keys(owner: str, name: str) -> Response:
        found = _administered(api, owner, name)
        return paged([_key(api, found, one) for one in found.ways_in.keys.values()])

    @routes.get("/keys/<int:key_id>")
    def key(owner: str, name: str, key_id: int) -> Response:
        found = _administered(api, owner, name)
        if key_id not in found.ways_in.keys:
            raise not_found()
        return jsonify(_key(api, found, found.ways_in.keys[key_id]))

    @routes.post("/keys")
    def add_key(owner: str, name: str) -> tuple[Response, int]:
        found, sent = _administered(api, owner, name), body()
        text, caller = field(sent, "key", str), api.caller().login
        if any(one.key == text for one in found.ways_in.keys.values()):
            raise unprocessable("Validation Failed: key is already in use")
        title, read_only = str(sent.get("title", "")), bool(sent.get("read_only", False))
        made = DeployKey(api.state.fresh_id(), title, text, read_only, caller, api.clock())
        found.ways_in.keys[made.id] = made
        api.record("public_key.create", found, made.title)
        return jsonify(_key(api, found, made)), 201

    @routes.delete("/keys/<int:key_id>")
    def delete_key(owner: str, name: str, key_id: int) -> tuple[str, int]:
        found = _administered(api, owner, name)
        if found.ways_in.keys.pop(key_id, None) is None:
            raise not_found()
        api.record("public_key.delete", found)
        return EMPTY


def _add_hooks(routes: Blueprint, api: Api) -> None:
    @routes.get("/hooks")
    def hooks(owner: str, name: str) -> Response:
        found = _administered(api, owner, name)
        return paged([_hook(api, found, one) for one in found.ways_in.hooks.values()])

    @routes.post("/hooks")
    def add_hook(owner: str, name: str) -> tuple[Response, int]:
        found, sent = _administered(api, owner, name), body()
        config = field(sent, "config", dict)
        events = sent.get("events") or ["push"]
        made = Hook(api.state.fresh_id(), field(config, "url", str), events, api.clock())
        found.ways_in.hooks[made.id] = made
        api.record("hook.create", found, made.url)
        return jsonify(_hook(api, found, made)), 201

    @routes.delete("/hooks/<int:hook_id>")
    def delete_hook(owner: str, name: str, hook_id: int) -> tuple[str, int]:
        found = _administered(api, owner, name)
        if found.ways_in.hooks.pop(hook_id, None) is None:
            raise not_found()
        api.record("hook.destroy", found)
        return EMPTY


def _add_collaborators(routes: Blueprint, api: Api) -> None:
    @routes.get("/collaborators")
    def collaborators(owner: str, name: str) -> Response:
        found = api.repository(owner, name)
        if not found.allows(api.caller().login, "write"):
            raise ApiError(403, "Must have push access to view repository collaborators.")
        through = (login for team, _ in found.teams for login in team.everyone())
        logins = dict.fromkeys([*found.permissions, *through])
        return paged([_collaborator(api, found, login) for login in logins])

    @routes.put("/collaborators/<login>")
    def invite(owner: str, name: str, login: str) -> tuple[Response | str, int]:
        """Whoever is none yet becomes one when they accept, which nobody does here."""
        found, sent = _administered(api, owner, name), body()
        invitee = api.state.user(login).login
        permission = _PERMISSIONS.get(str(sent.get("permission", "push")))
        if permission is None:
            raise unprocessable("Validation Failed: no such permission")
        if invitee in found.permissions:
            found.permissions[invitee] = next(one for one in PERMISSIONS if one == permission)
            return EMPTY
        made = Invitation(api.state.fresh_id(), invitee, permission, api.caller().login, api.clock())
        found.ways_in.invitations[made.id] = made
        api.record("repository_invitation.create", found, invitee)
        return jsonify(_invitation(api, found, made)), 201

    @routes.delete("/collaborators/<login>")
    def remove(owner: str, name: str, login: str) -> tuple[str, int]:
        """What they have through teams stays."""
        found = _administered(api, owner, name)
        if found.permissions.pop(api.state.user(login).login, None) is None:
            raise not_found()
        api.record("repo.remove_member", found, login)
        return EMPTY

    @routes.get("/collaborators/<login>/permission")
    def permission(owner: str, name: str, login: str) -> Response:
        found, user = api.repository(owner, name), api.state.user(login)
        if not found.allows(api.caller().login, "write"):
            raise ApiError(403, "Must have push access to view collaborator permission.")
        shown = _collaborator(api, found, user.login)
        return jsonify({"permission": shown["role_name"], "role_name": shown["role_name"], "user": shown})


def _add_invitations(routes: Blueprint, api: Api) -> None:
    @routes.get("/invitations")
    def invitations(owner: str, name: str) -> Response:
        found = _administered(api, owner, name)
        return paged([_invitation(api, found, one) for one in found.ways_in.invitations.values()])

    @routes.delete("/invitations/<int:invitation_id>")
    def withdraw(owner: str, name: str, invitation_id: int) -> tuple[str, int]:
        found = _administered(api, owner, name)
        if found.ways_in.invitations.pop(invitation_id, None) is None:
            raise not_found()
        api.record("repository_invitation.cancel", found)
        return EMPTY


def _key(api: Api, repository: Repository, key: DeployKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "key": key.key,
        "url": f"{api.shapes.repository_url(repository)}/keys/{key.id}",
        "title": key.title,
        "verified": True,
        "created_at": moment(key.created_at),
        "read_only": key.read_only,
        "added_by": key.added_by,
        "last_used": None,
        "enabled": True,
    }


def _hook(api: Api, repository: Repository, hook: Hook) -> dict[str, Any]:
    url = f"{api.shapes.repository_url(repository)}/hooks/{hook.id}"
    return {
        "type": "Repository",
        "id": hook.id,
        "name": "web",
        "active": True,
        "events": list(hook.events),
        "config": {"url": hook.url, "content_type": "json", "insecure_ssl": "0"},
        "updated_at": moment(hook.created_at),
        "created_at": moment(hook.created_at),
        "url": url,
        "test_url": f"{url}/test",
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
        "last_response": {"code": None, "status": "unused", "message": None},
    }


def _collaborator(api: Api, repository: Repository, login: str) -> dict[str, Any]:
    may = {word: repository.allows(login, need) for word, need in zip(_PERMISSIONS, PERMISSIONS, strict=True)}
    return {
        **api.shapes.user(api.state.user(login)),
        "permissions": {**may, "triage": may["push"], "maintain": may["admin"]},
        "role_name": repository.permission(login) or "none",
    }


def _invitation(api: Api, repository: Repository, invitation: Invitation) -> dict[str, Any]:
    return {
        "id": invitation.id,
        "node_id": node_id("RepositoryInvitation", invitation.id),
        "repository": api.shapes.minimal_repository(repository, api.owner(repository)),
        "invitee": api.shapes.user(api.state.user(invitation.login)),
        "inviter": api.shapes.user(api.state.user(invitation.inviter)),
        "permissions": invitation.permission,
        "created_at": moment(invitation.created_at),
        "expired": False,
        "url": f"{api.shapes.base}/user/repository_invitations/{invitation.id}",
        "html_url": f"{api.shapes.base}/{repository.full_name}/invitations",
    }
