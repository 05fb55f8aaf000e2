"""What the workspace says of deployed apps: their versions, who deployed them, and their containers."""

import asyncio
from dataclasses import dataclass
from typing import Any

from responder.action import Connections
from responder.providers.modal.connection import ModalConnection
from responder.providers.modal.workspace import principal, token_info

CONTRIBUTOR = "environment role: contributor"


@dataclass(frozen=True)
class Version:
    number: int
    deployed_by: str
    rollover: bool  # the same code in new containers

    def __str__(self) -> str:
        kind = "rollover" if self.rollover else "deployment"
        return f"version {self.number} ({kind} by {self.deployed_by})"


@dataclass(frozen=True)
class Deployed:
    app_id: str
    versions: tuple[Version, ...]  # newest first
    containers: tuple[str, ...]  # ids of those that run now, also of earlier versions
    us: str  # the name under which the history shows what we do

    @property
    def newest(self) -> Version:
        return self.versions[0]

    def ours_since(self, number: int, *, rollover: bool) -> Version | None:
        """The newest version after `number` that the operator made, of that sort."""
        ours = (v for v in self.versions if (v.deployed_by, v.rollover) == (self.us, rollover))
        return next((version for version in ours if version.number > number), None)


def deployed(connection: ModalConnection, app: str, environment: str) -> Deployed | None:
    """The app as it is deployed, or None when there is no deployed app of that name."""
    from modal_proto import api_pb2  # noqa: PLC0415

    async def ask() -> Deployed | None:
        by_name = api_pb2.AppGetByDeploymentNameRequest(name=app, environment_name=environment)
        found = await connection.rpc("AppGetByDeploymentName", by_name)
        if not found.app_id:
            return None
        tasks = api_pb2.TaskListRequest(environment_name=environment, app_id=found.app_id)
        versions, running, us = await asyncio.gather(
            history(connection, found.app_id), connection.rpc("TaskList", tasks), token_info(connection)
        )
        if not versions:
            return None
        containers = tuple(task.task_id for task in running.tasks)
        return Deployed(found.app_id, versions, containers, principal(us))

    return connection.run("AppDeploymentHistory", ask)


def deployed_by(connections: Connections, environment: str, name: str) -> list[str]:
    """Names of the apps of an environment whose newest version was deployed by that member or service user.

    Revoking a token stops nothing that was started with it: these go on running.
    """
    from modal_proto import api_pb2  # noqa: PLC0415

    connection = connections.get(ModalConnection)

    async def ask() -> list[str]:
        listed = await connection.rpc("AppList", api_pb2.AppListRequest(environment_name=environment))
        running = [app for app in listed.apps if app.state == api_pb2.APP_STATE_DEPLOYED]
        histories = await asyncio.gather(*(history(connection, app.app_id) for app in running))
        return sorted(
            app.name or app.description
            for app, versions in zip(running, histories, strict=True)
            if versions and versions[0].deployed_by == name
        )

    return connection.run("AppList", ask)


async def history(connection: ModalConnection, app_id: str) -> tuple[Version, ...]:
    from modal_proto import api_pb2  # noqa: PLC0415

    answer = await connection.rpc("AppDeploymentHistory", api_pb2.AppDeploymentHistoryRequest(app_id=app_id))
    entries: list[Any] = list(answer.app_deployment_histories)
    versions = (
        Version(entry.version, entry.deployed_by, entry.deployment_type == api_pb2.DEPLOYMENT_TYPE_ROLLOVER)
        for entry in entries
    )
    return tuple(sorted(versions, key=lambda version: version.number, reverse=True))
