"""Which container runs which input: start, reuse, replace, scale down, stop."""

import asyncio
import collections
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from responder.sandbox.modal.calls import Input, failed
from responder.sandbox.modal.container import Container, run, write_mounts
from responder.sandbox.modal.forks import Forks
from responder.sandbox.modal.layout import container_arguments
from responder.sandbox.modal.server import Rpc, rpcs_of
from responder.sandbox.modal.state import App, FunctionDefinition, State, fresh_id, not_found

MAX_CONTAINERS_PER_FUNCTION = 4
IDLE_SECONDS = 60.0  # where the function names no scaledown window; the client's documented default
GRACE_SECONDS = 5.0  # from the kill switch to SIGKILL

_Status = api_pb2.GenericResult


class Fleet:
    """The containers. Lives on the server's event loop; nothing here is for other threads."""

    def __init__(
        self, state: Callable[[], State], clock: Callable[[], float], container_env: Mapping[str, str]
    ) -> None:
        self._state = state
        self._clock = clock
        self._container_env = dict(container_env)
        self._queues: dict[str, collections.deque[Input]] = collections.defaultdict(collections.deque)
        self._tasks: set[asyncio.Task[None]] = set()
        self._forks = Forks()
        self.containers: dict[str, Container] = {}
        self._rpcs: Mapping[str, Rpc] = rpcs_of(self)

    def answer_containers(self, part: object) -> None:
        """Have `part`, too, answer what containers ask."""
        self._rpcs = {**self._rpcs, **rpcs_of(part)}

    def live(self, app_id: str = "") -> list[Container]:
        return [c for c in self.containers.values() if not c.finished_at and app_id in ("", c.app_id)]

    def container(self, task_id: str) -> Container:
        if task_id not in self.containers:
            raise not_found(f"Container '{task_id}'")
        return self.containers[task_id]

    def submit(self, item: Input) -> None:
        self._queues[item.call.function_id].append(item)
        self._dispatch(item.call.function_id)

    def replace(self, app_id: str) -> None:
        """Rolling: containers of before finish what they run, and get nothing more."""
        for container in self.live(app_id):
            container.drain()

    def stop_container(self, container: Container, *, graceful: bool) -> None:
        if graceful:
            container.drain()
        else:
            self._end(container)
            for item in container.running.values():
                self.submit(item)
            container.running.clear()

    def stop_app(self, app_id: str) -> None:
        functions = set(self._state().app(app_id).drafts)
        for function_id in functions:
            self._fail_queued(function_id, failed(_Status.GENERIC_STATUS_TERMINATED, "The app was stopped."))
        for container in self.live(app_id):
            self._fail_running(container, failed(_Status.GENERIC_STATUS_TERMINATED, "The app was stopped."))
            self._end(container)

    async def stop_all(self) -> None:
        self._queues.clear()
        for container in self.live():
            container.running.clear()
            self._end(container)
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def end(self) -> None:
        await self.stop_all()
        await self._forks.end()

    def _end(self, container: Container) -> None:
        container.finished_at = container.finished_at or self._clock()
        container.drain()
        container.kill()

    def _dispatch(self, function_id: str) -> None:
        queue = self._queues[function_id]
        accepting = [c for c in self.live() if c.function_id == function_id and c.accepts]
        for container in accepting:
            if queue and container.idle:
                container.hand(queue.popleft())
        coming = sum(1 for c in accepting if c.coming)
        for _ in range(min(len(queue) - coming, MAX_CONTAINERS_PER_FUNCTION - len(accepting))):
            self._start(function_id)

    def _start(self, function_id: str) -> None:
        state = self._state()
        app = state.app_of_function(function_id)
        definition = app.current.definitions.get(function_id) if app.current else None
        if not app.live or definition is None:
            self._fail_queued(
                function_id, failed(_Status.GENERIC_STATUS_TERMINATED, "The app is not running.")
            )
            return
        container = self._new_container(app, definition)
        self.containers[container.task_id] = container
        task = asyncio.create_task(self._run(container, definition))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _new_container(self, app: App, definition: FunctionDefinition) -> Container:
        now, task_id = self._clock(), fresh_id("ta")
        values: dict[str, str] = {}
        for secret_id in definition.function.secret_ids:
            # Functions refer to secrets by id: they go without one that was deleted since the deployment.
            if secret := self._state().secrets.get(secret_id):
                secret.last_used_at = now
                values.update(secret.values)
        arguments = container_arguments(app, definition, task_id)
        return Container(task_id, app.app_id, app.environment, arguments, values, enqueued_at=now)

    async def _run(self, container: Container, definition: FunctionDefinition) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="modal-", ignore_cleanup_errors=True) as name:
                directory = Path(name)
                (directory / "root").mkdir()
                for mount_id in definition.function.mount_ids:
                    write_mounts(directory, self._files(mount_id))
                exit_code = await run(
                    container, directory, self._rpcs, self._container_env, self._forks, self._started
                )
        except OSError as error:  # a full disk, no processes left, a TMPDIR too long for a socket's path
            exit_code = -1
            container.result = failed(_Status.GENERIC_STATUS_INIT_FAILURE, f"No container: {error}")
        container.finished_at = container.finished_at or self._clock()
        self._after(container, exit_code)

    def _started(self, container: Container) -> None:
        container.started_at = self._clock()
        if container.finished_at:  # stopped while its process was being started
            container.kill()

    def _after(self, container: Container, exit_code: int) -> None:
        why = container.result or failed(
            _Status.GENERIC_STATUS_FAILURE, f"The container's process ended with exit code {exit_code}."
        )
        self._fail_running(container, why)
        failed_to_start = not (container.ready or container.killed or container.draining)
        if container.result is not None or failed_to_start:
            # It could not even import: the next one would not either, and callers would wait for ever.
            self._fail_queued(container.function_id, why)
        elif self._queues[container.function_id]:
            self._dispatch(container.function_id)

    def _files(self, mount_id: str) -> dict[str, bytes]:
        state = self._state()
        return {name: state.files[digest] for name, digest in state.mounts.get(mount_id, {}).items()}

    def _fail_running(self, container: Container, why: api_pb2.GenericResult) -> None:
        for item in container.running.values():
            item.call.fail(item, why, container.task_id)
        container.running.clear()

    def _fail_queued(self, function_id: str, why: api_pb2.GenericResult) -> None:
        queue = self._queues[function_id]
        while queue:
            item = queue.popleft()
            item.call.fail(item, why)

    # What a container itself may ask; `container` is known from the socket.

    def ContainerHello(self, _request: Empty, _container: Container) -> Empty:
        return Empty()

    def ContainerHeartbeat(
        self, _request: api_pb2.ContainerHeartbeatRequest, _container: Container
    ) -> api_pb2.ContainerHeartbeatResponse:
        return api_pb2.ContainerHeartbeatResponse()

    def TaskResult(self, request: api_pb2.TaskResultRequest, container: Container) -> Empty:
        container.result = request.result
        return Empty()

    def ContainerStop(
        self, _request: api_pb2.ContainerStopRequest, container: Container
    ) -> api_pb2.ContainerStopResponse:
        container.drain()
        return api_pb2.ContainerStopResponse()

    async def FunctionGetInputs(
        self, _request: api_pb2.FunctionGetInputsRequest, container: Container
    ) -> api_pb2.FunctionGetInputsResponse:
        item = await self._next_input(container)
        if item is None:
            container.draining = True
            asyncio.get_running_loop().call_later(GRACE_SECONDS, container.kill)
            return api_pb2.FunctionGetInputsResponse(inputs=[api_pb2.FunctionGetInputsItem(kill_switch=True)])
        limit = container.arguments.function_def.timeout_secs
        if limit:
            asyncio.get_running_loop().call_later(limit, self._time_out, container, item)
        return api_pb2.FunctionGetInputsResponse(
            inputs=[
                api_pb2.FunctionGetInputsItem(
                    input_id=item.input_id,
                    input=item.payload,
                    function_call_id=item.call.call_id,
                    function_call_invocation_type=item.call.invocation,
                    function_map_idx=item.idx,
                )
            ]
        )

    async def _next_input(self, container: Container) -> Input | None:
        """None when it is time to leave: replaced, stopped, or idle for its scaledown window."""
        if not container.accepts:
            return None
        container.ready = True
        container.waiting = asyncio.get_running_loop().create_future()
        queue = self._queues[container.function_id]
        if queue:
            container.hand(queue.popleft())
        idle = container.arguments.function_def.task_idle_timeout_secs or IDLE_SECONDS
        try:
            return await asyncio.wait_for(container.waiting, idle)
        except TimeoutError:
            return None
        finally:
            container.waiting = None

    def _time_out(self, container: Container, item: Input) -> None:
        if item.input_id in container.running:
            self._fail_running(
                container, failed(_Status.GENERIC_STATUS_TIMEOUT, "The function's timeout passed.")
            )
            self._end(container)

    def FunctionPutOutputs(self, request: api_pb2.FunctionPutOutputsRequest, container: Container) -> Empty:
        for output in request.outputs:
            # The container leaves the call's id empty: the input's id says whose answer it is.
            if item := container.running.pop(output.input_id, None):
                item.call.answer(
                    item,
                    api_pb2.FunctionGetOutputsItem(
                        result=output.result,
                        data_format=output.data_format,
                        task_id=container.task_id,
                        input_started_at=output.input_started_at,
                        output_created_at=output.output_created_at,
                        retry_count=output.retry_count,
                    ),
                )
        return Empty()
