"""What of a workspace has a date: its apps and containers, tokens, Secrets, and the audit log; read only."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from responder.errors import ConflictError, DeniedError, NotFoundError, RejectedError
from responder.providers.modal import workspace
from responder.providers.modal.connection import ModalConnection
from responder.providers.modal.review_apps import App, apps_of, moment, tasks_of, with_history, with_secrets
from responder.questions import Answer, Questions

if TYPE_CHECKING:
    from modal.types import MemberTokenInfo, ProxyTokenInfo, ServiceUserInfo

_MOST_ENTRIES: Final = 2000  # of the audit log
_PAGE: Final = 100
_CLOCKS_DIFFER: Final = timedelta(minutes=5)
AUDIT_LOG: Final = "Modal's audit log"


@dataclass(frozen=True)
class Secret:
    secret_id: str
    name: str
    environment: str
    created_at: datetime
    created_by: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Environment:
    environment_id: str
    name: str
    created_at: datetime


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
    environments: Sequence[Environment]
    apps: Sequence[App]
    secrets: Sequence[Secret]
    strays: Mapping[str, int]  # containers of apps that no list has, by the app's id
    entries: Sequence[Entry]
    opened: Mapping[str, Sequence[str]]  # environments, by a proxy token that does not open all


def read(
    connection: ModalConnection,
    since: datetime,
    now: datetime,
    questions: Questions,
    known: Container[str] = (),
) -> Workspace:
    """All of it asked at once, as far as one answer does not need another.

    Args:
        connection: the operator's.
        since: of apps that were deployed before, only what runs is looked at.
        now: the log ends here.
        questions: with what time there is.
        known: apps by name: of all others it is asked which Secrets they are given.
    """
    of = connection.workspace
    us = questions.ask("who we are at Modal", _us, connection)
    users = questions.ask("the service users", connection.run, "ServiceUserList", of.service_users.list.aio)
    tokens = questions.ask("the member tokens", connection.run, "TokensList", of.member_tokens.list.aio)
    all_tokens = questions.ask("the member tokens of others", workspace.sees_every_token, connection)
    proxies = questions.ask("the proxy tokens", connection.run, "WebhookTokenList", of.proxy_tokens.list.aio)
    log = questions.ask(AUDIT_LOG, _audit_log, connection, since, now, questions)
    places = questions.ask("the Modal environments", _environments, connection).get() or ()
    environments = [one.name for one in places]
    listed = [questions.ask(f"the apps of {name}", apps_of, connection, name) for name in environments]
    tasks = [questions.ask(f"the containers of {name}", tasks_of, connection, name) for name in environments]
    secrets = [questions.ask(f"the Secrets of {name}", _secrets, connection, name) for name in environments]
    running = {app: count for answer in tasks for app, count in (answer.get() or {}).items()}
    every = {one.app_id for one in _all(listed)}
    found = list(with_history(connection, questions, _all(listed), since, running))
    found = list(with_secrets(connection, questions, found, since, known))
    if all_tokens.get() is False:
        questions.not_read("the member tokens of others", "only owners and managers are shown them")
    return Workspace(
        us=us.get() or "",
        own_token=connection.account.token_id,
        service_users=users.get() or (),
        member_tokens=tokens.get() or (),
        proxy_tokens=proxies.get() or (),
        environments=places,
        apps=found,
        secrets=_all(secrets),
        strays={
            app: count
            for apps, answer in zip(listed, tasks, strict=True)
            if apps.get() is not None
            for app, count in (answer.get() or {}).items()
            if app not in every
        },
        entries=_entries(log, questions),
        opened=_opened(connection, questions, proxies.get() or (), environments),
    )


def _all(answers: Sequence[Answer[list[Any]]]) -> list[Any]:
    return [one for answer in answers for one in answer.get() or ()]


def _us(connection: ModalConnection) -> str:
    return workspace.principal(connection.run("TokenInfoGet", lambda: workspace.token_info(connection)))


def _environments(connection: ModalConnection) -> list[Environment]:
    from google.protobuf.empty_pb2 import Empty  # noqa: PLC0415

    listed = connection.run("EnvironmentList", lambda: connection.rpc("EnvironmentList", Empty()))
    return [Environment(one.environment_id, str(one.name), moment(one.created_at)) for one in listed.items]


def _opened(
    connection: ModalConnection,
    questions: Questions,
    tokens: "Sequence[ProxyTokenInfo]",
    environments: Sequence[str],
) -> dict[str, list[str]]:
    if not any(one.scoped for one in tokens):
        return {}
    listed = connection.workspace.proxy_tokens.list.aio
    asked = {
        name: questions.ask(
            f"the proxy tokens of {name}",
            connection.run,
            "WebhookTokenListForEnvironment",
            partial(listed, environment_name=name),
        )
        for name in environments
    }
    opening = {name: {one.token_id for one in answer.get() or ()} for name, answer in asked.items()}
    return {
        one.token_id: [name for name, ids in opening.items() if one.token_id in ids]
        for one in tokens
        if one.scoped
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
        lost = "so a Secret that was changed, or what was made and is gone again, is not told"
        questions.not_read(
            AUDIT_LOG, f"not on this plan, or not for this token ({found}), {lost}", limited=True
        )
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
