"""The organisation's secrets and variables as one of its repositories sees them."""

from flask import Blueprint, Response

from responder.sandbox.github import shapes
from responder.sandbox.github.requests import Api, listing


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("organization", __name__, url_prefix="/repos/<owner>/<name>/actions")

    @routes.get("/organization-secrets")
    def secrets(owner: str, name: str) -> Response:
        found, shared = api.repository(owner, name, "write"), api.state.shared(owner)
        given = sorted(shared.given(shared.secrets, found.full_name).items())
        return listing("secrets", given, lambda item: shapes.secret(*item))

    @routes.get("/organization-variables")
    def variables(owner: str, name: str) -> Response:
        found, shared = api.repository(owner, name, "write"), api.state.shared(owner)
        given = sorted(shared.given(shared.variables, found.full_name).items())
        return listing("variables", given, lambda item: shapes.variable(*item))

    return routes
