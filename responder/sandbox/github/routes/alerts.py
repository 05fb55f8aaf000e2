"""Secret-scanning alerts.

https://docs.github.com/rest/secret-scanning/secret-scanning
"""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from responder.sandbox.github.errors import not_found, unprocessable
from responder.sandbox.github.leaks import Alert, Location
from responder.sandbox.github.requests import Api, body, paged
from responder.sandbox.github.shapes import moment, optional_moment
from responder.sandbox.github.state import Repository, blob_sha

RESOLUTIONS = ("false_positive", "wont_fix", "revoked", "used_in_tests")


def blueprint(api: Api) -> Blueprint:
    prefix = "/repos/<owner>/<name>/secret-scanning/alerts"
    routes = Blueprint("alerts", __name__, url_prefix=prefix)

    @routes.get("")
    def alerts(owner: str, name: str) -> Response:
        repository = _administered(api, owner, name)
        state = request.args.get("state")
        newest = sorted(repository.spilt.alerts.values(), key=lambda alert: -alert.number)
        asked = [_alert(api, repository, one) for one in newest if state in (None, _state(one))]
        return paged(asked)

    @routes.get("/<int:number>")
    def alert(owner: str, name: str, number: int) -> Response:
        repository = _administered(api, owner, name)
        return jsonify(_alert(api, repository, _found(repository, number)))

    @routes.patch("/<int:number>")
    def resolve(owner: str, name: str, number: int) -> Response:
        repository = _administered(api, owner, name)
        found, sent = _found(repository, number), body()
        resolution = sent.get("resolution")
        if sent.get("state") == "resolved":
            if resolution not in RESOLUTIONS:
                raise unprocessable("A resolution is required to resolve an alert.")
            found.resolution, found.resolved_at = resolution, api.clock()
            found.resolved_by = api.caller().login
        elif sent.get("state") == "open":
            found.resolution, found.resolved_at, found.resolved_by = None, None, ""
        return jsonify(_alert(api, repository, found))

    @routes.get("/<int:number>/locations")
    def locations(owner: str, name: str, number: int) -> Response:
        repository = _administered(api, owner, name)
        found = _found(repository, number)
        return paged([_location(api, repository, one) for one in found.locations])

    return routes


def _administered(api: Api, owner: str, name: str) -> Repository:
    """Whoever is no administrator is not told that there are alerts."""
    repository = api.repository(owner, name)
    if not repository.allows(api.caller().login, "admin"):
        raise not_found()
    return repository


def _found(repository: Repository, number: int) -> Alert:
    if number not in repository.spilt.alerts:
        raise not_found()
    return repository.spilt.alerts[number]


def _state(alert: Alert) -> str:
    return "resolved" if alert.resolution else "open"


def _alert(api: Api, repository: Repository, alert: Alert) -> dict[str, Any]:
    url = f"{api.shapes.repository_url(repository)}/secret-scanning/alerts/{alert.number}"
    by = api.shapes.user(api.state.user(alert.resolved_by)) if alert.resolved_by else None
    return {
        "number": alert.number,
        "created_at": moment(alert.created_at),
        "updated_at": optional_moment(alert.resolved_at),
        "url": url,
        "html_url": f"{api.shapes.base}/{repository.full_name}/security/secret-scanning/{alert.number}",
        "locations_url": f"{url}/locations",
        "state": _state(alert),
        "resolution": alert.resolution,
        "resolved_at": optional_moment(alert.resolved_at),
        "resolved_by": by,
        "secret_type": alert.secret_type,
        "secret_type_display_name": alert.name,
        "secret": alert.secret,
        "push_protection_bypassed": False,
        "push_protection_bypassed_by": None,
        "push_protection_bypassed_at": None,
        "resolution_comment": None,
        "validity": alert.validity,
        "publicly_leaked": False,
        "multi_repo": False,
    }


def _location(api: Api, repository: Repository, location: Location) -> dict[str, Any]:
    base = api.shapes.repository_url(repository)
    if location.kind != "commit":
        return {"type": location.kind, "details": {f"{location.kind}_url": api.shapes.base + location.url}}
    commit = repository.spilt.commits[location.commit]
    blob = blob_sha(commit.tree[location.path])
    details = {
        "path": location.path,
        "start_line": location.line,
        "end_line": location.line,
        "start_column": 1,
        "end_column": 1,
        "blob_sha": blob,
        "blob_url": f"{base}/git/blobs/{blob}",
        "commit_sha": commit.sha,
        "commit_url": f"{base}/git/commits/{commit.sha}",
    }
    return {"type": "commit", "details": details}
