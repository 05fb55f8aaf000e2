"""Before an incident: who we are at Modal, what we may do there, and what of the inventory exists."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from responder.action import Connections
from responder.errors import NotFoundError
from responder.exposure import ModalSecretPlacement, Workload, base_of
from responder.finding import Finding, age, failed, ok, warning
from responder.found import Kind
from responder.providers.modal import workspace
from responder.providers.modal.apps import CONTRIBUTOR
from responder.providers.modal.connection import ModalConnection, operator_token_id
from responder.providers.modal.secret_values import keys_of

if TYPE_CHECKING:
    from modal.types import ServiceUserInfo

_ANY_TOKEN = "any live token of the workspace"  # noqa: S105  # `identity` proves it
KNOWN = frozenset({workspace.MANAGER, CONTRIBUTOR, _ANY_TOKEN})  # what `permissions` can tell of
_OTHER_TOKEN = "Sign in as another manager: set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET, or `modal token new`."  # noqa: S105  # words


def identity(connections: Connections) -> Iterator[Finding]:
    """Modal's answers tell no time, and its tokens depend on none."""
    yield ok(f"You are {workspace.whoami(connections)}.")


def permissions(
    connections: Connections, wanted: Collection[str], environments: Collection[str]
) -> Iterator[Finding]:
    """Whether our role in the workspace and those in these environments are what the actions declare."""
    us = _Us.ask(connections.get(ModalConnection))
    if workspace.MANAGER in wanted:
        yield us.as_manager()
    if CONTRIBUTOR in wanted:
        for environment in sorted(environments):
            yield us.in_environment(environment)
    if unknown := sorted(set(wanted) - KNOWN):
        yield warning(
            f"Whether you have {', '.join(unknown)} could not be found out.",
            "Compare with `modal environment roles list ENVIRONMENT` and `modal workspace members list`.",
        )


def secret(connections: Connections, place: ModalSecretPlacement) -> Iterator[Finding]:
    what = f"Secret {place.secret} of {place.environment}"
    try:
        there = keys_of(connections.get(ModalConnection), place.environment, place.secret)
    except NotFoundError:
        yield failed(
            f"There is no {what}.",
            f"modal secret create -e {place.environment} {place.secret} --from-dotenv FILE "
            f"(with {place.identifier_key} and {place.secret_key}), or name the right one in respond.toml.",
        )
        return
    if missing := [key for key in (place.identifier_key, place.secret_key) if key not in there]:
        yield failed(
            f"{what} has no {' nor '.join(missing)}, only {', '.join(there) or 'nothing'}.",
            "Name the right keys in respond.toml, or add them at https://modal.com/secrets.",
        )
        return
    yield ok(f"{what} has {place.identifier_key} and {place.secret_key}.")


def function(connections: Connections, workload: Workload) -> Iterator[Finding]:
    """The one by which a workload is proven to run with the fresh credential; it is not called."""
    from modal_proto import api_pb2  # noqa: PLC0415

    connection = connections.get(ModalConnection)
    request = api_pb2.FunctionGetRequest(
        app_name=workload.app, object_tag=workload.function, environment_name=workload.environment
    )
    what = f"function {workload.function} of app {workload.app} in {workload.environment}"
    try:
        connection.run("FunctionGet", lambda: connection.rpc("FunctionGet", request))
    except NotFoundError:
        yield failed(f"There is no {what}.", _deploy(workload))
        return
    yield ok(f"There is a {what}.")


def service_user(
    connections: Connections, base: str, max_age: timedelta | None, now: datetime
) -> Iterator[Finding]:
    """The service user of this name, or the successor that a rotation gave it."""
    connection = connections.get(ModalConnection)
    listed: list[ServiceUserInfo] = connection.run(
        "ServiceUserList", connection.workspace.service_users.list.aio
    )
    users = [user for user in listed if base_of(user.name) == base]
    if not users:
        yield failed(
            f"There is no service user {base}.",
            f"modal workspace service-users create {base}, or name the right one in respond.toml; these "
            "exist: modal workspace service-users list",
        )
    if len(users) > 1:
        yield warning(
            f"{' and '.join(user.name for user in users)} stand for the same credential: a rotation was not "
            "brought to its end, or somebody else made one.",
            "`respond runs` shows runs to resume; what nothing uses: "
            "modal workspace service-users delete NAME",
        )
    for user in users:
        if user.token_id == operator_token_id(connections):
            yield _own(user.token_id)
        yield age(f"Service user {user.name}", user.created_at, now, max_age)


def token(connections: Connections, kind: Kind, identifier: str) -> Iterator[Finding]:
    """A member's or a proxy token that the inventory names by its id."""
    connection = connections.get(ModalConnection)
    look = workspace.member_token if kind is Kind.MODAL_MEMBER_TOKEN else workspace.proxy_token
    if identifier == operator_token_id(connections):
        yield _own(identifier)
    elif look(connection, identifier):
        yield ok(f"There is a token {identifier}.")
    else:
        yield failed(
            f"There is no token {identifier} that you may see.",
            "Take it out of respond.toml, or name the right one: modal workspace member-tokens list, "
            "modal workspace proxy-tokens list",
        )


def _own(token_id: str) -> Finding:
    return failed(
        f"{token_id} is what you are signed in with, and the inventory has it replaced: that would lock you "
        "out half way.",
        _OTHER_TOKEN,
    )


def _deploy(workload: Workload) -> str:
    if workload.source:
        return f"modal deploy -e {workload.environment} {workload.source}"
    if workload.workflow:
        return f"gh workflow run {workload.workflow.file} --repo {workload.workflow.repository}"
    return "Name the right app and function in respond.toml."


class _Us:
    """The operator in the workspace: one question for all that follows."""

    def __init__(self, info: Any, role: str, environments: dict[str, str]) -> None:  # noqa: ANN401  # a TokenInfoGetResponse
        self._info = info
        self._role = role  # empty for a service user
        self._environments = environments  # name -> our role there, empty where Modal does not say

    @classmethod
    def ask(cls, connection: ModalConnection) -> "_Us":
        from google.protobuf.empty_pb2 import Empty  # noqa: PLC0415
        from modal_proto import api_pb2  # noqa: PLC0415

        async def ask() -> _Us:
            info = await workspace.token_info(connection)
            members = await connection.workspace.members.list.aio()
            listed = await connection.rpc("EnvironmentList", Empty())
            mine = (member.role for member in members if member.user_id == info.user_identity.user_id)
            roles = {
                each.name: api_pb2.EnvironmentRole.Name(each.effective_role)
                .removeprefix("ENVIRONMENT_ROLE_")
                .removeprefix("UNSPECIFIED")
                .lower()
                for each in listed.items
            }
            return cls(info, next(mine, ""), roles)

        return connection.run("EnvironmentList", ask)

    @property
    def _manages(self) -> bool:
        return self._role in ("owner", "manager")

    def as_manager(self) -> Finding:
        name, where = workspace.principal(self._info), self._info.workspace_name
        if self._manages:
            return ok(f"{name} is {self._role} of workspace {where}.")
        if not self._role:
            return failed(f"{name} is no member of {where} who could be its manager.", _OTHER_TOKEN)
        return failed(
            f"{name} has the role {self._role} in workspace {where}; to freeze, create and delete service "
            "users takes a manager or owner.",
            f"Have an owner make {name} a manager at https://modal.com/settings/members. Or: {_OTHER_TOKEN}",
        )

    def in_environment(self, environment: str) -> Finding:
        name = workspace.principal(self._info)
        if environment not in self._environments:
            return failed(
                f"There is no environment {environment} in workspace {self._info.workspace_name}.",
                f"modal environment create {environment}, or name the right one in respond.toml.",
            )
        role = self._environments[environment]
        if role == "contributor" or (not role and self._manages):  # who contribute everywhere
            return ok(f"{name} is contributor in {environment}.")
        give = f"modal environment roles update {environment} {name} --role contributor"
        if not role:
            return warning(f"Modal does not say what {name} may in {environment}.", give)
        return failed(f"{name} is {role.replace('_', '-')} in {environment}, not contributor.", give)
