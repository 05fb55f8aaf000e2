"""What every route needs: who asks, what they may, what they sent."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Response, g, jsonify, request

from responder.sandbox.github.actions import Actions
from responder.sandbox.github.audit import Audited
from responder.sandbox.github.errors import ApiError, not_found, unprocessable
from responder.sandbox.github.run_shapes import RunShapes
from responder.sandbox.github.shapes import Shapes
from responder.sandbox.github.state import Permission, Repository, State, User

T = TypeVar("T")
MOST_PER_PAGE = 100
_SCHEMES = ("bearer", "token", "basic")


@dataclass(frozen=True)
class Api:
    """The plane as its routes hold it."""

    current: Callable[[], State]
    actions: Actions
    clock: Callable[[], float] = time.time

    @property
    def state(self) -> State:
        return self.current()

    @property
    def shapes(self) -> Shapes:
        return Shapes(request.host_url.rstrip("/"))

    @property
    def run_shapes(self) -> RunShapes:
        return RunShapes(self.shapes)

    def authenticate(self) -> None:
        """Know the caller, if there is an Authorization header: a bearer's, or with the token as password.

        Raises:
            ApiError: 401; the token is unknown, revoked or expired.
        """
        g.login, g.installation = None, None
        if "Authorization" not in request.headers:
            return
        given = request.authorization
        value = given and (given.password if given.type == "basic" else given.token)
        token = self.state.tokens.get(value or "")
        if given is None or given.type not in _SCHEMES or token is None or not token.live(self.clock()):
            raise ApiError(401, "Bad credentials")
        g.login = token.login
        g.installation = token if token.is_installation else None
        g.expires_at, g.scopes = token.expires_at, token.scopes

    def caller(self) -> User:
        if g.login is None:
            raise ApiError(401, "Requires authentication")
        return self.state.user(g.login)

    def repository(self, owner: str, name: str, need: Permission = "read") -> Repository:
        """The repository, if the caller may.

        Raises:
            ApiError: 404 for what they cannot see, 403 for what they may not do.
        """
        repository = self.state.repositories.get(f"{owner}/{name}")
        if repository is None or g.login is None or not repository.allows(g.login, "read"):
            raise not_found()
        if not repository.allows(g.login, need):
            raise ApiError(403, f"Must have {need} rights to Repository.")
        return repository

    def record(self, action: str, repository: Repository, about: str = "") -> None:
        """In the organisation's audit log, where it has one."""
        log, number = self.state.audit_log, self.state.fresh_id()
        if log is not None:
            who = self.caller().login
            log.append(Audited(f"audit-{number}", action, who, repository.full_name, self.clock(), about))

    def owner(self, repository: Repository) -> User:
        return self.state.user(repository.full_name.partition("/")[0])

    def users(self, logins: Sequence[str]) -> list[User]:
        return [self.state.user(login) for login in logins]


def body() -> Mapping[str, Any]:
    """The request's JSON object; an absent body is an empty one."""
    if not request.get_data():
        return {}
    sent = request.get_json(force=True, silent=True)
    if not isinstance(sent, dict):
        raise ApiError(400, "Problems parsing JSON")
    return sent


def field(sent: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """A required field of the body.

    Raises:
        ApiError: 422; it is absent or of another type.
    """
    value = sent.get(name)
    if not isinstance(value, kind):
        raise unprocessable(f"Invalid request. {name!r} is not a {kind.__name__}.")
    return value


def page(items: Sequence[T]) -> tuple[Sequence[T], dict[str, str]]:
    """The asked-for page, and the Link header that leads on from it."""
    size = min(request.args.get("per_page", 30, int), MOST_PER_PAGE)
    number = request.args.get("page", 1, int)
    rest = len(items) > number * size
    following = {**request.args.to_dict(), "page": number + 1}
    query = "&".join(f"{key}={value}" for key, value in following.items())
    headers = {"Link": f'<{request.base_url}?{query}>; rel="next"'} if rest else {}
    return items[(number - 1) * size : number * size], headers


def listing(name: str, items: Sequence[T], shape: Callable[[T], dict[str, Any]]) -> Response:
    """A page of a collection, in the envelope that GitHub gives most of them."""
    shown, headers = page(items)
    response = jsonify({"total_count": len(items), name: [shape(item) for item in shown]})
    response.headers.update(headers)
    return response


def paged(shapes: Sequence[Mapping[str, Any]]) -> Response:
    """A page of a collection that GitHub gives as a bare list."""
    shown, headers = page(shapes)
    response = jsonify(list(shown))
    response.headers.update(headers)
    return response
