"""A workspace's environments, Secrets by the names of their keys, apps with what they run with; read only."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from responder.action import Connections
from responder.places import (
    Discovered,
    ModalApp,
    ModalEnvironment,
    ModalFunction,
    ModalSecret,
    ModalServiceUser,
    ProxyToken,
    Read,
    Scope,
)
from responder.providers.modal import workspace
from responder.providers.modal.apps import history
from responder.providers.modal.attached import functions_of, secret_ids_of
from responder.providers.modal.connection import ModalConnection
from responder.questions import Answer, Questions

_PAGE = 100  # Secrets; as modal's own client asks for them


def discover(
    connections: Connections, questions: Questions, without: Collection[tuple[str, str]] = ()
) -> Discovered:
    """All that the operator may see of the workspace.

    Args:
        connections: the operator's.
        questions: with what time there is.
        without: apps that nothing is asked about, by environment and name.

    Raises:
        UnauthenticatedError: no token is configured.
        RejectedError: what is configured makes no sense.
    """
    connection = connections.get(ModalConnection)
    us = questions.ask("who we are at Modal", _service_user, connection)
    users = questions.ask("the service users", _service_users, connection)
    proxies = questions.ask("the proxy tokens", _proxy_tokens, connection)
    environments = questions.ask("the Modal environments", _environments, connection)
    names = [one.name for one in environments.get() or ()]
    secrets = {
        name: questions.ask(f"the Secrets of {name}", _secrets, connection, questions, name) for name in names
    }
    apps = {name: questions.ask(f"the apps of {name}", _apps, connection, questions, name) for name in names}
    asked = [
        _AskedApp(connection, questions, app, name)
        for name in names
        for app in apps[name].get() or ()
        if (name, app.name) not in without
    ]
    for app in asked:
        app.ask_functions()
    lists: dict[Scope, Answer[Any]] = {
        Read.SERVICE_USERS: users,
        Read.PROXY_TOKENS: proxies,
        Read.MODAL_ENVIRONMENTS: environments,
        **{Read.modal_secrets(name): answer for name, answer in secrets.items()},
        **{Read.modal_apps(name): answer for name, answer in apps.items()},
    }
    return Discovered(
        modal_environments=environments.get() or (),
        modal_secrets=tuple(one for name in names for one in secrets[name].get() or ()),
        modal_apps=tuple(app.told() for app in asked),
        service_users=users.get() or (),
        proxy_tokens=proxies.get() or (),
        ours=(("modal", name),) if (name := us.get()) else (),
        read=frozenset(scope for scope, answer in lists.items() if answer.get() is not None),
    )


class _AskedApp:
    """One app, whose functions are asked for when its layout is there."""

    def __init__(
        self,
        connection: ModalConnection,
        questions: Questions,
        app: Any,  # noqa: ANN401  # an AppListItem
        environment: str,
    ) -> None:
        self._connection, self._questions, self._app = connection, questions, app
        self._environment = environment
        self._name = app.name or app.description
        what = f"of {self._name} in {environment}"
        self._layout = questions.ask(f"the functions {what}", functions_of, connection, questions, app.app_id)
        self._by = questions.ask(f"who deployed {what[3:]}", _deployed_by, connection, questions, app.app_id)
        self._functions: dict[str, Answer[tuple[str, ...]]] = {}

    def ask_functions(self) -> None:
        for name, function_id in sorted((self._layout.get() or {}).items()):
            what = f"the Secrets of {name} of {self._name} in {self._environment}"
            self._functions[name] = self._questions.ask(
                what, secret_ids_of, self._connection, self._questions, function_id
            )

    def told(self) -> ModalApp:
        known = self._layout.get() is not None
        functions = (ModalFunction(name=n, secret_ids=a.get()) for n, a in self._functions.items())
        return ModalApp(
            environment=self._environment,
            name=self._name,
            app_id=self._app.app_id,
            deployed_by=self._by.get(),
            functions=tuple(functions) if known else None,
        )


def _service_user(connection: ModalConnection) -> str:
    """The one that we are; empty where we are a member."""
    info = connection.run("TokenInfoGet", lambda: workspace.token_info(connection))
    return workspace.principal(info) if info.HasField("service_user_identity") else ""


def _service_users(connection: ModalConnection) -> tuple[ModalServiceUser, ...]:
    users = connection.run("ServiceUserList", connection.workspace.service_users.list.aio)
    return tuple(
        ModalServiceUser(
            name=user.name,
            created_at=user.created_at.astimezone(UTC),
            roles=workspace.open_roles(user),
        )
        for user in users
    )


def _proxy_tokens(connection: ModalConnection) -> tuple[ProxyToken, ...]:
    tokens = connection.run("WebhookTokenList", connection.workspace.proxy_tokens.list.aio)
    return tuple(
        ProxyToken(
            token_id=token.token_id,
            name=token.name,
            created_at=token.created_at.astimezone(UTC),
            created_by=token.created_by,
        )
        for token in tokens
    )


def _environments(connection: ModalConnection) -> tuple[ModalEnvironment, ...]:
    from google.protobuf.empty_pb2 import Empty  # noqa: PLC0415

    listed = connection.run("EnvironmentList", lambda: connection.rpc("EnvironmentList", Empty()))
    return tuple(ModalEnvironment(name=one.name, restricted=one.is_managed) for one in listed.items)


def _secrets(connection: ModalConnection, questions: Questions, environment: str) -> tuple[ModalSecret, ...]:
    """`Secret.objects.list` pages in the same way, and keeps the keys' names to itself."""
    from modal_proto import api_pb2  # noqa: PLC0415

    async def ask() -> list[Any]:
        items: list[Any] = []
        before = 0.0
        while True:
            page = api_pb2.ListPagination(max_objects=_PAGE, created_before=before)
            request = api_pb2.SecretListRequest(environment_name=environment, pagination=page)
            found = (await connection.rpc("SecretList", request)).items
            items.extend(found)
            if len(found) < _PAGE:
                return items
            before = found[-1].metadata.creation_info.created_at

    items = connection.run("SecretList", ask, questions.left)
    return tuple(
        ModalSecret(
            environment=environment,
            name=item.label,
            secret_id=item.secret_id,
            keys=tuple(sorted(item.metadata.keys)),
            created_at=_moment(item.metadata.creation_info.created_at or item.created_at),
            last_used_at=_moment(item.last_used_at),
        )
        for item in sorted(items, key=lambda item: str(item.label))
    )


def _apps(connection: ModalConnection, questions: Questions, environment: str) -> list[Any]:
    """Those that run or may run: what was stopped holds nothing."""
    from modal_proto import api_pb2  # noqa: PLC0415

    over = {api_pb2.APP_STATE_STOPPED, api_pb2.APP_STATE_STOPPING, api_pb2.APP_STATE_DISABLED}
    request = api_pb2.AppListRequest(environment_name=environment)
    listed = connection.run("AppList", lambda: connection.rpc("AppList", request), questions.left)
    return [app for app in listed.apps if app.state not in over]


def _deployed_by(connection: ModalConnection, questions: Questions, app_id: str) -> str:
    """Who deployed its code; new containers for the same code are anybody's."""
    versions = connection.run("AppDeploymentHistory", lambda: history(connection, app_id), questions.left)
    return next((version.deployed_by for version in versions if not version.rollover), "")


def _moment(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
