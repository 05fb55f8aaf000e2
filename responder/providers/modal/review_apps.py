"""The apps of a workspace: who deployed which version, what runs of them, what foreign ones are given."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from responder.providers.modal.attached import functions_of, secret_ids_of
from responder.providers.modal.connection import ModalConnection
from responder.questions import Questions

_MOST_APPS: Final = 200  # that are asked for their history, a request each


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
    given: tuple[str, ...] | None = ()  # ids of Secrets; None where Modal did not tell of all functions

    @property
    def lives(self) -> bool:
        return self.state not in ("stopped", "stopping", "disabled")

    def came_since(self, since: datetime) -> bool:
        """Itself, or some version of it."""
        return self.created_at >= since or any(one.at >= since for one in self.versions)


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def apps_of(connection: ModalConnection, environment: str) -> list[App]:
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


def tasks_of(connection: ModalConnection, environment: str) -> dict[str, int]:
    """How many containers each app has."""
    from modal_proto import api_pb2  # noqa: PLC0415

    request = api_pb2.TaskListRequest(environment_name=environment)
    listed = connection.run("TaskList", lambda: connection.rpc("TaskList", request))
    ids = [str(task.app_id) for task in listed.tasks]
    return {app: ids.count(app) for app in ids}


def with_history(
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


def with_secrets(
    connection: ModalConnection,
    questions: Questions,
    apps: Sequence[App],
    since: datetime,
    known: Container[str],
) -> Iterator[App]:
    """What a foreign app is given it has read: that has to be replaced, too."""
    foreign = [one for one in apps if one.lives and one.name not in known and one.came_since(since)]
    layouts = {
        one.app_id: questions.ask(
            f"the functions of {one.name} in {one.environment}",
            functions_of,
            connection,
            questions,
            one.app_id,
        )
        for one in foreign
    }
    given = {
        one.app_id: [
            questions.ask(
                f"the Secrets of {name} of {one.name} in {one.environment}",
                secret_ids_of,
                connection,
                questions,
                function_id,
            )
            for name, function_id in sorted((layouts[one.app_id].get() or {}).items())
        ]
        for one in foreign
    }
    for app in apps:
        answers = [answer.get() for answer in given.get(app.app_id, ())]
        untold = None in answers or (app.app_id in layouts and layouts[app.app_id].get() is None)
        ids = sorted({secret for answer in answers for secret in answer or ()})
        yield replace(app, given=None if untold and not ids else tuple(ids))


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
