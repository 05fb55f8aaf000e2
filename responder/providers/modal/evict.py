"""Stop and delete what somebody else made: an app, a service user's, a member's or a proxy token.

By identifier alone. What the inventory knows, what a run made and what the operator is are refused.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from responder.action import (
    Call,
    Done,
    Irreversible,
    NotDone,
    Nothing,
    Plan,
    Probe,
    Unknown,
    answered,
)
from responder.errors import NotFoundError
from responder.exposure import base_of
from responder.providers.modal import workspace
from responder.providers.modal.apps import CONTRIBUTOR
from responder.providers.modal.connection import ModalConnection
from responder.providers.modal.service_users import DeleteInput, DeleteServiceUser
from responder.providers.modal.tokens import DeleteProxyToken, ProxyTokenInput
from responder.trace import Foreign


class ForeignApp(Foreign):
    app_id: str
    environment: str


@dataclass(frozen=True)
class _Listed:
    name: str
    stopped: bool
    containers: int


class StopApp(Irreversible[ForeignApp, Nothing]):
    name = "modal.stop_app"
    permissions = (CONTRIBUTOR,)
    point_of_no_return = "A stopped app does not start again; it would have to be deployed anew."

    def plan(self, call: Call, given: ForeignApp) -> Plan:
        app = _app(call, given)
        if app is None:
            return Plan(f"Nothing: there is no app {given.app_id} in {given.environment}")
        given.refuse_known(app.name, given.app_id)
        return Plan(
            f"Stop app {app.name} ({given.app_id}) in {given.environment} and all that runs of it",
            breaks=f"Whoever calls {app.name} is refused, and what it was doing ends half done.",
        )

    @answered
    def probe(self, call: Call, given: ForeignApp) -> Probe[Nothing]:
        app = _app(call, given)
        if app is None:
            return Done(Nothing(), f"AppList of {given.environment}: {given.app_id} is not there")
        if not app.stopped:
            return NotDone(f"App {app.name} is not stopped.")
        if app.containers:
            return NotDone(f"{app.containers} of its containers still run.")
        return Done(Nothing(), f"AppList: {given.app_id} is stopped; TaskList: none of its containers runs")

    def apply(self, call: Call, given: ForeignApp) -> Nothing:
        """Stop that one app.

        Raises:
            RefusedError: it is one of ours.
        """
        from modal_proto import api_pb2  # noqa: PLC0415

        app = _app(call, given)
        if app is None:
            return Nothing()
        given.refuse_known(app.name, given.app_id)
        request = api_pb2.AppStopRequest(app_id=given.app_id, source=api_pb2.APP_STOP_SOURCE_CLI)
        connection = call.connections.get(ModalConnection)
        with suppress(NotFoundError):  # gone since it was looked for
            connection.run("AppStop", lambda: connection.rpc("AppStop", request))
        return Nothing()


def _app(call: Call, given: ForeignApp) -> _Listed | None:
    from modal_proto import api_pb2  # noqa: PLC0415

    connection = call.connections.get(ModalConnection)

    async def ask() -> tuple[Any, Any]:
        listed = api_pb2.AppListRequest(environment_name=given.environment)
        running = api_pb2.TaskListRequest(environment_name=given.environment)
        return await connection.rpc("AppList", listed), await connection.rpc("TaskList", running)

    apps, tasks = connection.run("AppList", ask)
    app = next((one for one in apps.apps if one.app_id == given.app_id), None)
    if app is None:
        return None
    containers = sum(task.app_id == given.app_id for task in tasks.tasks)
    stopped = app.state in (api_pb2.APP_STATE_STOPPED, api_pb2.APP_STATE_DISABLED)
    return _Listed(str(app.name or app.description), stopped, containers)


class ForeignToken(Foreign):
    token_id: str


class DeleteForeignToken(Irreversible[ForeignToken, Nothing]):
    """Whatever it is of: a service user goes with its token."""

    name = "modal.delete_foreign_token"
    permissions = (workspace.MANAGER,)
    point_of_no_return = "A deleted token never works again."

    def plan(self, call: Call, given: ForeignToken) -> Plan:
        name = _checked(call, given)
        if given.token_id.startswith("wk-"):
            return DeleteProxyToken().plan(call, ProxyTokenInput(token_id=given.token_id))
        if name:
            return DeleteServiceUser().plan(call, DeleteInput(name=name, token_id=given.token_id))
        token = workspace.member_token(call.connections.get(ModalConnection), given.token_id)
        if token is None:
            return Plan(f"Nothing: no token {given.token_id} is to be seen")
        return Plan(
            f"Delete token {given.token_id} of {token.username}",
            breaks=f"Whatever {token.username} runs with it is refused from then on.",
        )

    @answered
    def probe(self, call: Call, given: ForeignToken) -> Probe[Nothing]:
        connection = call.connections.get(ModalConnection)
        if given.token_id.startswith("wk-"):
            return DeleteProxyToken().probe(call, ProxyTokenInput(token_id=given.token_id))
        if user := workspace.service_user_of(connection, given.token_id):
            return NotDone(f"Token {given.token_id} belongs to service user {user.name}.")
        if token := workspace.member_token(connection, given.token_id):
            return NotDone(f"Token {given.token_id} of {token.username} is there.")
        if not workspace.sees_every_token(connection):
            return Unknown("Others' tokens are shown only to owners and managers.")
        return Done(Nothing(), f"ServiceUserList, TokensList: {given.token_id} is not there")

    def apply(self, call: Call, given: ForeignToken) -> Nothing:
        """Delete that one token.

        Raises:
            RefusedError: it is one of ours.
        """
        name = _checked(call, given)
        connection = call.connections.get(ModalConnection)
        if given.token_id.startswith("wk-"):
            return DeleteProxyToken().apply(call, ProxyTokenInput(token_id=given.token_id))
        if name:
            return DeleteServiceUser().apply(call, DeleteInput(name=name, token_id=given.token_id))
        delete = connection.workspace.member_tokens.delete.aio
        connection.run("TokenDelete", lambda: delete(given.token_id, allow_missing=True))
        return Nothing()


def _checked(call: Call, given: ForeignToken) -> str:
    """The name of the service user that has the token; empty where none has.

    Raises:
        RefusedError: it is one of ours, or has the name of one that a run elsewhere may have made.
    """
    connection = call.connections.get(ModalConnection)
    workspace.refuse_own(connection, given.token_id)
    given.refuse_known(given.token_id)
    if given.token_id.startswith("wk-"):
        return ""
    user = workspace.service_user_of(connection, given.token_id)
    if user is None:
        return ""
    given.refuse_known(user.name, base_of(user.name))
    return str(user.name)


ACTIONS = (StopApp(), DeleteForeignToken())
