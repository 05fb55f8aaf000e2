"""How GitHub words bad weather.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
"""

import json
import secrets
from wsgiref.types import WSGIApplication, WSGIEnvironment

from responder.sandbox.faults import Faults, Rule
from responder.sandbox.faults.http import Refusal, Weather, gateway_page, retry_after
from responder.sandbox.github.errors import ApiError

_REFUSALS = {
    "403": ApiError(403, "Resource not accessible by personal access token"),
    "429": ApiError(429, "API rate limit exceeded. Wait before you try again."),
    "secondary-limit": ApiError(
        403,
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
        "If you reach out to GitHub Support for help, please include the request ID.",
    ),
}
_SERVER_ERROR = {"500", "502"}


def under_weather(api: WSGIApplication, faults: Faults) -> WSGIApplication:
    """A service that is down resets every connection: its port stays open for the sandbox's own endpoint."""
    return Weather(api, faults, "github", _operation, _refusal)


def _operation(environ: WSGIEnvironment) -> str:
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def _refusal(_: WSGIEnvironment, rule: Rule) -> Refusal:
    if rule.kind in _SERVER_ERROR:
        return _json(ApiError(int(rule.kind), "Server Error"), rule)
    if rule.kind in _REFUSALS:
        return _json(_REFUSALS[rule.kind], rule)
    return gateway_page(int(rule.kind))


def _json(error: ApiError, rule: Rule) -> Refusal:
    headers = (
        ("Content-Type", "application/json; charset=utf-8"),
        ("X-GitHub-Request-Id", secrets.token_hex(16).upper()),
        *retry_after(rule),
    )
    return Refusal(error.status, headers, json.dumps(error.body()).encode())
