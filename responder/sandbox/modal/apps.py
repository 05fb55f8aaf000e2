"""Apps: deploy, redeploy, roll over, roll back, stop, and their containers as the client sees them."""

import hashlib
from collections.abc import Callable

from google.protobuf.empty_pb2 import Empty
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from modal_proto import api_pb2

from responder.sandbox.modal.fleet import Fleet
from responder.sandbox.modal.identity import Caller
from responder.sandbox.modal.layout import app_layout
from responder.sandbox.modal.state import App, AppVersion, FunctionDefinition, State, fresh_id, invalid


class AppRpcs:
    def __init__(self, state: Callable[[], State], clock: Callable[[], float], fleet: Fleet) -> None:
        self._state = state
        self._clock = clock
        self._fleet = fleet

    def _readable(self, app_id: str, caller: Caller) -> App:
        app = self._state().app(app_id)
        caller.require_read(self._state().environment(app.environment))
        return app

    def _writable(self, app_id: str, caller: Caller) -> App:
        app = self._state().app(app_id)
        caller.require_write(self._state().environment(app.environment))
        return app

    def AppGetByDeploymentName(
        self, request: api_pb2.AppGetByDeploymentNameRequest, caller: Caller
    ) -> api_pb2.AppGetByDeploymentNameResponse:
        environment = self._state().environment(request.environment_name)
        caller.require_read(environment)
        reply = api_pb2.AppGetByDeploymentNameResponse(environment_name=environment.name)
        if app := self._state().app_named(request.name, environment.name):
            if app.live:
                reply.app_id = app.app_id
            else:
                reply.previous_app_id = app.app_id
            reply.lifecycle.CopyFrom(_lifecycle(app))
        return reply

    def AppCreate(self, request: api_pb2.AppCreateRequest, caller: Caller) -> api_pb2.AppCreateResponse:
        environment = self._state().environment(request.environment_name)
        caller.require_write(environment)
        app = App(
            app_id=fresh_id("ap"),
            name="",  # until it is published
            description=request.description,
            environment=environment.name,
            state=request.app_state,
            created_at=self._clock(),
            created_by=caller.name,
            tags=dict(request.tags),
        )
        self._state().apps[app.app_id] = app
        return api_pb2.AppCreateResponse(app_id=app.app_id, app_page_url=self._url(app))

    def AppGetLayout(
        self, request: api_pb2.AppGetLayoutRequest, caller: Caller
    ) -> api_pb2.AppGetLayoutResponse:
        return api_pb2.AppGetLayoutResponse(app_layout=app_layout(self._readable(request.app_id, caller)))

    def AppGetLifecycle(
        self, request: api_pb2.AppGetLifecycleRequest, caller: Caller
    ) -> api_pb2.AppGetLifecycleResponse:
        return api_pb2.AppGetLifecycleResponse(lifecycle=_lifecycle(self._readable(request.app_id, caller)))

    def AppHeartbeat(self, request: api_pb2.AppHeartbeatRequest, caller: Caller) -> Empty:
        self._readable(request.app_id, caller)
        return Empty()

    def AppClientDisconnect(self, request: api_pb2.AppClientDisconnectRequest, caller: Caller) -> Empty:
        app = self._writable(request.app_id, caller)
        if app.state in (api_pb2.APP_STATE_INITIALIZING, api_pb2.APP_STATE_EPHEMERAL):
            self._stop(app, caller)
        return Empty()

    def AppPublish(self, request: api_pb2.AppPublishRequest, caller: Caller) -> api_pb2.AppPublishResponse:
        app = self._writable(request.app_id, caller)
        unknown = set(request.function_ids.values()) - set(app.drafts)
        unknown |= {f"{name}.*" for name in request.class_ids} - set(request.function_ids)
        if unknown:
            raise invalid("Only functions and classes that were created in this app can be published.")
        definitions = {fid: app.drafts[fid] for fid in request.function_ids.values()}
        app.tags.update(request.tags)
        if app.state == request.app_state == api_pb2.APP_STATE_DEPLOYED and _same(app.current, definitions):
            # Skipped as the service does it: the old containers go on serving.
            return api_pb2.AppPublishResponse(url=self._url(app), deployed_at=0)
        app.state = request.app_state
        app.name = request.name or app.name
        app.classes = dict(request.class_ids)
        version = self._add_version(
            app, definitions, caller, tag=request.deployment_tag, commit=request.commit_info
        )
        return api_pb2.AppPublishResponse(url=self._url(app), deployed_at=version.deployed_at)

    def AppRollover(self, request: api_pb2.AppRolloverRequest, caller: Caller) -> api_pb2.AppRolloverResponse:
        app, current = self._deployed(request.app_id, caller)
        version = self._add_version(
            app, current.definitions, caller, kind=api_pb2.DEPLOYMENT_TYPE_ROLLOVER, commit=current.commit
        )
        return api_pb2.AppRolloverResponse(url=self._url(app), deployed_at=version.deployed_at)

    def AppRollback(self, request: api_pb2.AppRollbackRequest, caller: Caller) -> api_pb2.AppRollbackResponse:
        app, current = self._deployed(request.app_id, caller)
        wanted = current.number - 1 if request.version < 0 else request.version
        target = next((v for v in app.versions[:-1] if v.number == wanted), None)
        if target is None:
            raise GRPCError(Status.NOT_FOUND, f"App has no earlier version v{wanted}.")
        version = self._add_version(
            app,
            target.definitions,
            caller,
            kind=api_pb2.DEPLOYMENT_TYPE_ROLLBACK,
            commit=target.commit,
            rollback_version=target.number,
        )
        return api_pb2.AppRollbackResponse(url=self._url(app), deployed_at=version.deployed_at)

    def _deployed(self, app_id: str, caller: Caller) -> tuple[App, AppVersion]:
        app = self._writable(app_id, caller)
        if app.state != api_pb2.APP_STATE_DEPLOYED or app.current is None:
            raise GRPCError(Status.FAILED_PRECONDITION, "App is not deployed.")
        return app, app.current

    def _add_version(
        self,
        app: App,
        definitions: dict[str, FunctionDefinition],
        caller: Caller,
        *,
        kind: "api_pb2.DeploymentType.ValueType" = api_pb2.DEPLOYMENT_TYPE_STANDARD,
        tag: str = "",
        commit: api_pb2.CommitInfo,
        rollback_version: int = 0,
    ) -> AppVersion:
        version = AppVersion(
            number=len(app.versions) + 1,
            deployed_at=self._clock(),
            deployed_by=caller.name,
            tag=tag,
            kind=kind,
            client_version=caller.client_version,
            commit=commit,
            definitions=definitions,
            rollback_version=rollback_version,
        )
        app.versions.append(version)
        self._fleet.replace(app.app_id)
        return version

    def AppDeploymentHistory(
        self, request: api_pb2.AppDeploymentHistoryRequest, caller: Caller
    ) -> api_pb2.AppDeploymentHistoryResponse:
        app = self._readable(request.app_id, caller)
        return api_pb2.AppDeploymentHistoryResponse(
            production_app_version=len(app.versions),
            app_deployment_histories=[
                api_pb2.AppDeploymentHistory(
                    app_id=app.app_id,
                    version=version.number,
                    client_version=version.client_version,
                    deployed_at=version.deployed_at,
                    deployed_by=version.deployed_by,
                    tag=version.tag,
                    rollback_version=version.rollback_version,
                    rollback_allowed=version is not app.current,
                    commit_info=version.commit,
                    deployment_type=version.kind,
                )
                for version in reversed(app.versions)
            ],
        )

    def AppList(self, request: api_pb2.AppListRequest, caller: Caller) -> api_pb2.AppListResponse:
        environment = self._state().environment(request.environment_name)
        caller.require_read(environment)
        apps = [app for app in self._state().apps.values() if app.environment == environment.name]
        return api_pb2.AppListResponse(
            apps=[
                api_pb2.AppListResponse.AppListItem(
                    app_id=app.app_id,
                    description=app.description,
                    name=app.name,
                    state=app.state,
                    created_at=app.created_at,
                    stopped_at=app.stopped_at,
                    n_running_tasks=len(self._fleet.live(app.app_id)),
                    metadata=_handle(app),
                )
                for app in apps
            ]
        )

    def AppGetInfo(self, request: api_pb2.AppGetInfoRequest, caller: Caller) -> api_pb2.AppGetInfoResponse:
        return api_pb2.AppGetInfoResponse(info=_handle(self._readable(request.app_id, caller)))

    def AppStop(self, request: api_pb2.AppStopRequest, caller: Caller) -> Empty:
        self._stop(self._writable(request.app_id, caller), caller)
        return Empty()

    def _stop(self, app: App, caller: Caller) -> None:
        if app.live:
            app.state = api_pb2.APP_STATE_STOPPED
            app.stopped_at, app.stopped_by = self._clock(), caller.name
        self._fleet.stop_app(app.app_id)

    def TaskList(self, request: api_pb2.TaskListRequest, caller: Caller) -> api_pb2.TaskListResponse:
        if request.app_id:
            app = self._readable(request.app_id, caller)
            environment = self._state().environment(app.environment)
        else:
            environment = self._state().environment(request.environment_name)
            caller.require_read(environment)
        return api_pb2.TaskListResponse(
            tasks=[
                api_pb2.TaskStats(
                    task_id=container.task_id,
                    app_id=container.app_id,
                    app_description=self._state().app(container.app_id).description,
                    started_at=container.started_at,
                    enqueued_at=container.enqueued_at,
                )
                for container in self._fleet.live(request.app_id)
                if container.environment == environment.name
            ]
        )

    def TaskGetInfo(self, request: api_pb2.TaskGetInfoRequest, caller: Caller) -> api_pb2.TaskGetInfoResponse:
        container = self._fleet.container(request.task_id)
        self._readable(container.app_id, caller)
        return api_pb2.TaskGetInfoResponse(
            app_id=container.app_id,
            info=api_pb2.TaskInfo(
                id=container.task_id,
                enqueued_at=container.enqueued_at,
                started_at=container.started_at,
                finished_at=container.finished_at,
            ),
        )

    def ContainerStop(
        self, request: api_pb2.ContainerStopRequest, caller: Caller
    ) -> api_pb2.ContainerStopResponse:
        container = self._fleet.container(request.task_id)
        self._writable(container.app_id, caller)
        self._fleet.stop_container(container, graceful=request.graceful)
        return api_pb2.ContainerStopResponse()

    def ImageGetOrCreate(
        self, request: api_pb2.ImageGetOrCreateRequest, _caller: Caller
    ) -> api_pb2.ImageGetOrCreateResponse:
        """Nothing is built, as bodies run on the interpreter at hand: equal recipes need only equal ids."""
        digest = hashlib.sha256(request.image.SerializeToString(deterministic=True)).hexdigest()
        return api_pb2.ImageGetOrCreateResponse(
            image_id=f"im-{digest[:22]}",
            result=api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS),
        )

    def _url(self, app: App) -> str:
        return f"https://modal.com/apps/{self._state().workspace}/{app.environment}/{app.app_id}"


def _same(current: AppVersion | None, definitions: dict[str, FunctionDefinition]) -> bool:
    ids = {fid: definition.definition_id for fid, definition in definitions.items()}
    return current is not None and ids == {fid: d.definition_id for fid, d in current.definitions.items()}


def _lifecycle(app: App) -> api_pb2.AppLifecycle:
    lifecycle = api_pb2.AppLifecycle(
        app_state=app.state,
        created_at=app.created_at,
        created_by=app.created_by,
        stopped_at=app.stopped_at,
        stopped_by=app.stopped_by,
    )
    if version := app.current:
        lifecycle.version = version.number
        lifecycle.deployed_at, lifecycle.deployed_by = version.deployed_at, version.deployed_by
    return lifecycle


def _handle(app: App) -> api_pb2.AppHandleMetadata:
    functions = app.current.definitions.values() if app.current else ()
    return api_pb2.AppHandleMetadata(
        description=app.description,
        app_id=app.app_id,
        environment_name=app.environment,
        lifecycle=_lifecycle(app),
        functions={definition.tag: definition.function_id for definition in functions},
    )
