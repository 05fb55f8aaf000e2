"""Which branches may deploy to an environment, where it has a custom policy."""

from typing import Any

from flask import Blueprint, Response, jsonify

from responder.sandbox.github.errors import not_found
from responder.sandbox.github.requests import Api, body, field, listing
from responder.sandbox.github.shapes import node_id

EMPTY = ("", 204)


def blueprint(api: Api) -> Blueprint:
    prefix = "/repos/<owner>/<name>/environments/<path:environment>/deployment-branch-policies"
    routes = Blueprint("branch_policies", __name__, url_prefix=prefix)

    @routes.get("")
    def branch_policies(owner: str, name: str, environment: str) -> Response:
        kept = api.repository(owner, name).environment(environment)
        return listing("branch_policies", list(kept.branch_patterns.items()), lambda item: _pattern(*item))

    @routes.post("")
    def create_branch_policy(owner: str, name: str, environment: str) -> Response | tuple[str, int]:
        kept = api.repository(owner, name, "admin").environment(environment)
        pattern = field(body(), "name", str)
        if kept.branch_policy != "custom":
            raise not_found()
        if pattern in kept.branch_patterns.values():
            return "", 303
        number = api.state.fresh_id()
        kept.branch_patterns[number] = pattern
        kept.updated_at = api.clock()
        return jsonify(_pattern(number, pattern))

    @routes.get("/<int:policy>")
    def branch_policy(owner: str, name: str, environment: str, policy: int) -> Response:
        kept = api.repository(owner, name).environment(environment)
        if policy not in kept.branch_patterns:
            raise not_found()
        return jsonify(_pattern(policy, kept.branch_patterns[policy]))

    @routes.delete("/<int:policy>")
    def delete_branch_policy(owner: str, name: str, environment: str, policy: int) -> tuple[str, int]:
        kept = api.repository(owner, name, "admin").environment(environment)
        if policy not in kept.branch_patterns:
            raise not_found()
        del kept.branch_patterns[policy]
        kept.updated_at = api.clock()
        return EMPTY

    return routes


def _pattern(number: int, pattern: str) -> dict[str, Any]:
    return {"id": number, "node_id": node_id("BranchPolicy", number), "name": pattern, "type": "branch"}
