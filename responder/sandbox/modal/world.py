"""The ground truth as JSON: everything there is, secret values in clear."""

from collections.abc import Iterable
from typing import Any

from modal_proto import api_pb2

from responder.sandbox.modal.container import Container
from responder.sandbox.modal.identity import effective_role, is_live
from responder.sandbox.modal.state import App, Member, ServiceUser, State


def world(state: State, containers: Iterable[Container], now: float) -> dict[str, Any]:
    owners = {m.user_id: m.name for m in state.members.values()}
    owners |= {u.service_user_id: u.name for u in state.service_users.values()}
    principals: list[Member | ServiceUser] = [*state.members.values(), *state.service_users.values()]
    return {
        "workspace": state.workspace,
        "environments": [
            {
                "name": e.name,
                "restricted": e.restricted,
                "default_role": e.default_role,
                "roles": {p.name: effective_role(p, e) for p in principals},
            }
            for e in state.environments.values()
        ],
        "members": [{"name": m.name, "email": m.email, "role": m.role} for m in state.members.values()],
        "tokens": [
            {
                "token_id": t.token_id,
                "token_secret": t.token_secret,
                "kind": t.kind,
                "owner": owners[t.owner_id],
                "created_at": t.created_at,
                "expires_at": t.expires_at,
                "disabled": t.disabled,
                "live": is_live(t, now),
            }
            for t in state.tokens.values()
        ],
        "service_users": [
            {
                "name": u.name,
                "token_id": u.token_id,
                "token_secret": state.tokens[u.token_id].token_secret,
                "roles": dict(u.roles),
                "created_by": u.created_by,
                "created_at": u.created_at,
            }
            for u in state.service_users.values()
        ],
        "secrets": [
            {
                "environment": s.environment,
                "name": s.name,
                "values": dict(s.values),
                "created_by": s.created_by,
                "created_at": s.created_at,
                "updated_by": s.updated_by,
                "updated_at": s.updated_at,
            }
            for s in state.secrets.values()
        ],
        "proxy_tokens": [
            {
                "token_id": t.token_id,
                "token_secret": t.token_secret,
                "name": t.name,
                "created_by": t.created_by.name,
                "created_at": t.created_at,
                "environments": sorted(t.environments),
            }
            for t in state.proxy_tokens.values()
        ],
        "apps": [_app(app) for app in state.apps.values()],
        "containers": [_container(c, state) for c in containers],
        "function_calls": state.function_calls,
    }


def _app(app: App) -> dict[str, Any]:
    return {
        "app_id": app.app_id,
        "environment": app.environment,
        "name": app.name or app.description,
        "state": api_pb2.AppState.Name(app.state).removeprefix("APP_STATE_").lower(),
        "versions": [
            {
                "version": v.number,
                "deployed_at": v.deployed_at,
                "deployed_by": v.deployed_by,
                "kind": api_pb2.DeploymentType.Name(v.kind).removeprefix("DEPLOYMENT_TYPE_").lower(),
            }
            for v in app.versions
        ],
    }


def _container(container: Container, state: State) -> dict[str, Any]:
    app = state.app(container.app_id)
    return {
        "task_id": container.task_id,
        "app": app.name or app.description,
        "environment": container.environment,
        "started_at": container.started_at,
        "state": "stopped" if container.finished_at else "draining" if container.draining else "running",
        "values": dict(container.secret_values),
    }
