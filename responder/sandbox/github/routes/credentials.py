"""What belongs to tokens and not to repositories."""

from flask import Blueprint, Response, g, jsonify, request

from responder.sandbox.github.errors import ApiError, unprocessable
from responder.sandbox.github.requests import Api, body, field

MOST_CREDENTIALS = 1000
LIMIT = 5000


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("credentials", __name__)

    @routes.post("/credentials/revoke")
    def revoke() -> tuple[Response, int]:
        """Unknown credentials are accepted like known ones, so that nobody learns which exist.

        https://docs.github.com/rest/credentials/revoke
        """
        if "Authorization" in request.headers:
            raise ApiError(403, "This endpoint may only be called without authentication.")
        listed = field(body(), "credentials", list)
        if not 1 <= len(listed) <= MOST_CREDENTIALS:
            raise unprocessable(f"Between 1 and {MOST_CREDENTIALS} credentials")
        for value in listed:
            token = api.state.tokens.get(value)
            if token is not None and token.revoked_at is None and not token.is_installation:
                token.revoked_at = api.clock()
        return jsonify({}), 202

    @routes.delete("/installation/token")
    def revoke_own() -> tuple[str, int]:
        """An app's token.

        https://docs.github.com/rest/apps/installations#revoke-an-installation-access-token
        """
        if g.installation is None:
            raise ApiError(403, "This endpoint requires an installation access token.")
        g.installation.revoked_at = api.clock()
        return "", 204

    @routes.get("/rate_limit")
    def rate_limit() -> Response:
        """The sandbox counts nothing."""
        rate = {"limit": LIMIT, "remaining": LIMIT, "reset": int(api.clock()) + 3600, "used": 0}
        return jsonify({"rate": rate, "resources": {"core": rate, "search": rate}})

    @routes.get("/meta")
    def meta() -> Response:
        return jsonify({"verifiable_password_authentication": False})

    return routes
