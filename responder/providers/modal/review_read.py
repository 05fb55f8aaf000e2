"""What of a workspace has a date: its apps and containers, tokens, Secrets, and the audit log; read only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from responder.errors import ConflictError, DeniedError, NotFoundError, RejectedError
from responder.providers.modal import workspace
from responder.providers.modal.connection import ModalConnection
from responder.questions import Answer, Questions

if TYPE_CHECKING:
    from modal.types import MemberTokenInfo, ProxyTokenInfo, ServiceUserInfo

_MOST_APPS: Final = 200  # that are asked for their history, a request each
_MOST_ENTRIES: Final = 2000  # of the audit log
_PAGE: Final = 100
_CLOCKS_DIFFER: Final = timedelta(minutes=5)
AUDIT_LOG: Final = "Modal's audit log"


@dataclass(frozen=True)
class Version:
    number: int
    at: datetime
    by: str
    kind: str  # standard, rollover, rollback


@dataclass(frozen=True)
class App:
    app_id: str
    name: str
    environment: str
    state: str  # deployed, ephemeral, stopped, …
    created_at: datetime
    created_by: str = ""
    stopped_by: str = ""
    versions: tuple[Version, ...] = ()  # newest first
    containers: int = 0

    @property
    def lives(self) -> bool:
        return self.state not in ("stopped", "stopping", "disabled")


@dataclass(frozen=True)
class Secret:
    secret_id: str
    name: str
    environment: str
    created_at: datetime
    created_by: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One of the audit log."""

    id: str
    action: str
    actor: str
    targets: tuple[str, ...]  # identifiers
    environment: str
    at: datetime
    succeeded: bool
    address: str  # where from


@dataclass(frozen=True)
class Workspace:
    """As far as it could be read."""

    us: str
    own_token: str
    service_users: "Sequence[ServiceUserInfo]"
    member_tokens: "Sequence[MemberTokenInfo]"
    proxy_tokens: "Sequence[ProxyTokenInfo]"
    apps: Sequence[App]
    secrets: Sequence[Secret]
    strays: Mapping[str, int]  # containers of apps that no list has, by the app's id
    entries: Sequence[Entry]


def read(connection: ModalConnection, since: datetime, now: datetime, questions: Questions) -> Workspace:
    """All of it asked at once, as far as one answer does not need another."""
    of = connection.workspace
    us = questions.ask("who we are at Modal", _us, connection)
    users = questions.ask("the service users", connection.run, "ServiceUserList", of.service_users.list.aio)
    tokens = questions.ask("the member tokens", connection.run, "TokensList", of.member_tokens.list.aio)
    all_tokens = questions.ask("the member tokens of others", workspace.sees_every_token, connection)
    proxies = questions.ask("the proxy tokens", connection.run, "WebhookTokenList", of.proxy_tokens.list.aio)
    log = questions.ask(AUDIT_LOG, _audit_log, connection, since, now, questions)
    environments = questions.ask("the Modal environments", _environments, connection).get() or ()
    apps = [questions.ask(f"the apps of {name}", _apps, connection, name) for name in environments]
    tasks = [questions.ask(f"the containers of {name}", _tasks, connection, name) for name in environments]
    secrets = [questions.ask(f"the Secrets of {name}", _secrets, connection, name) for name in environments]
    running = {app: count for answer in tasks for app, count in (answer.get() or {}).items()}
    found = list(_with_history(connection, questions, _all(apps), since, running))
    if all_tokens.get() is False:
        questions.not_read("the member tokens of others", "only owners and managers are shown them")
    return Workspace(
        us=us.get() or "",
        own_token=connection.account.token_id,
        service_users=users.get() or (),
        member_tokens=tokens.get() or (),
        proxy_tokens=proxies.get() or (),
        apps=found,
        secrets=_all(secrets),
        strays={app: count for app, count in running.items() if app not in {one.app_id for one in found}},
        entries=_entries(log, questions),
    )


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _all(answers: Sequence[Answer[list[Any]]]) -> list[Any]:
    return [one for answer in answers for one in answer.get() or ()]


def _us(connection: ModalConnection) -> str:
    return workspace.principal(connection.run("TokenInfoGet", lambda: workspace.token_info(connection)))


def _environments(connection: ModalConnection) -> list[str]:
    from google.protobuf.empty_pb2 import Empty  # noqa: PLC0415

    listed = connection.run("EnvironmentList", lambda: connection.rpc("EnvironmentList", Empty()))
    return [str(one.name) for one in listed.items]


def _apps(connection: ModalConnection, environment: str) -> list[App]:
    from modal_proto import api_pb2  # noqa: PLC0415

    request = api_pb2.AppListRequest(environment_name=environment)
    listed = connection.run("AppList", lambda: connection.rpc("AppList", request))
    return [
        App(
            app_id=one.app_id,
            name=one.name or one.description,
            environment=environment,
            state=api_pb2.AppState.Name(one.state).removeprefix("APP_STATE_").lower(),
            created_at=moment(one.created_at),
        )
        for one in listed.apps
    ]


def _tasks(connection: ModalConnection, environment: str) -> dict[str, int]:
    """How many containers each app has."""
    from modal_proto import api_pb2  # noqa: PLC0415

    request = api_pb2.TaskListRequest(environment_name=environment)
    listed = connection.run("TaskList", lambda: connection.rpc("TaskList", request))
    ids = [str(task.app_id) for task in listed.tasks]
    return {app: ids.count(app) for app in ids}


def _with_history(
    connection: ModalConnection,
    questions: Questions,
    apps: Sequence[App],
    since: datetime,
    running: Mapping[str, int],
) -> Iterator[App]:
    """Those that run or may run, and those that have come since; what has long been stopped did nothing."""
    wanted = [one for one in apps if one.lives or one.created_at >= since or one.app_id in running]
    if len(wanted) > _MOST_APPS:
        questions.not_read("who deployed which app", f"{len(wanted)} apps are too many to ask for each")
        wanted = wanted[:_MOST_APPS]
    answers = [
        questions.ask(f"who deployed {one.name} in {one.environment}", _history, connection, one.app_id)
        for one in wanted
    ]
    for app, answer in zip(wanted, answers, strict=True):
        told = answer.get() or {}
        yield replace(app, containers=running.get(app.app_id, 0), **told)


def _history(connection: ModalConnection, app_id: str) -> dict[str, Any]:
    from modal_proto import api_pb2  # noqa: PLC0415

    async def ask() -> tuple[Any, Any]:
        life = await connection.rpc("AppGetLifecycle", api_pb2.AppGetLifecycleRequest(app_id=app_id))
        request = api_pb2.AppDeploymentHistoryRequest(app_id=app_id)
        return life, await connection.rpc("AppDeploymentHistory", request)

    life, answer = connection.run("AppDeploymentHistory", ask)
    versions = [
        Version(
            number=one.version,
            at=moment(one.deployed_at),
            by=one.deployed_by,
            kind=api_pb2.DeploymentType.Name(one.deployment_type).removeprefix("DEPLOYMENT_TYPE_").lower(),
        )
        for one in answer.app_deployment_histories
    ]
    return {
        "created_by": str(life.lifecycle.created_by),
        "stopped_by": str(life.lifecycle.stopped_by),
        "versions": tuple(sorted(versions, key=lambda one: -one.number)),
    }


def _secrets(connection: ModalConnection, environment: str) -> list[Secret]:
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

    return [
        Secret(
            secret_id=one.secret_id,
            name=one.label,
            environment=environment,
            created_at=moment(one.metadata.creation_info.created_at or one.created_at),
            created_by=one.metadata.creation_info.created_by,
            keys=tuple(sorted(one.metadata.keys)),
        )
        for one in connection.run("SecretList", ask)
    ]


def _audit_log(
    connection: ModalConnection, since: datetime, now: datetime, questions: Questions
) -> list[Any] | str:
    """The newest entries, oldest first; or in Modal's words why there is no log to read."""
    from modal_proto import api_pb2  # noqa: PLC0415

    async def ask() -> list[Any]:
        settings = await connection.rpc("AuditLogSettingsGet", api_pb2.AuditLogSettingsGetRequest())
        request = api_pb2.AuditLogListRequest(
            oldest_ms=int(since.timestamp() * 1000),
            newest_ms=int((now + _CLOCKS_DIFFER).timestamp() * 1000),
            limit=settings.page_size,
        )
        found: list[Any] = []
        while True:
            page = await connection.rpc("AuditLogList", request)
            found += page.items
            if not page.HasField("next_cursor") or len(found) >= _MOST_ENTRIES:
                return found[::-1]
            request.newest_cursor.CopyFrom(page.next_cursor)

    try:
        return connection.run("AuditLogList", ask, questions.left)
    except (DeniedError, RejectedError, ConflictError, NotFoundError) as error:
        return error.what  # no entries are kept for a plan without them


def _entries(answer: Answer[list[Any] | str], questions: Questions) -> list[Entry]:
    found = answer.get() or []
    if isinstance(found, str):
        questions.not_read(AUDIT_LOG, f"not on this plan, or not for this token ({found})")
        return []
    if len(found) >= _MOST_ENTRIES:
        questions.not_read(AUDIT_LOG, f"only its newest {len(found)} entries were read")
    return [
        Entry(
            action=one.action,
            actor=one.actor.name or one.actor.email or one.actor.id,
            targets=tuple(target.id for target in one.targets),
            environment=one.context.environment_name,
            at=datetime.fromisoformat(one.event_at),
            succeeded=one.status == "success",
            address=one.context.ip_address,
            id=one.id,
        )
        for one in found
    ]
