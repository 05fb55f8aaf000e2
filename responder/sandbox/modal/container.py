"""One container: the package's own entry point in a process, behind a unix socket that is its identity."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from modal_proto import api_pb2

from responder.sandbox.modal.calls import Input
from responder.sandbox.modal.entry import kill_group
from responder.sandbox.modal.forks import Forks
from responder.sandbox.modal.server import Listener, Rpc, Service


@dataclass(eq=False)
class Container:
    task_id: str
    app_id: str
    environment: str
    arguments: api_pb2.ContainerArguments
    secret_values: dict[str, str] = field(repr=False)
    enqueued_at: float
    started_at: float = 0.0
    finished_at: float = 0.0
    draining: bool = False  # takes no more inputs
    killed: bool = False
    running: dict[str, Input] = field(default_factory=dict)
    waiting: "asyncio.Future[Input | None] | None" = None  # while it asks for an input
    ready: bool = False  # has asked for one, so its module could be imported
    result: api_pb2.GenericResult | None = None
    process: int | None = None  # while it lives

    @property
    def function_id(self) -> str:
        return self.arguments.function_id

    @property
    def accepts(self) -> bool:
        return not (self.draining or self.killed or self.finished_at)

    @property
    def idle(self) -> bool:
        return self.accepts and self.waiting is not None and not self.waiting.done()

    @property
    def coming(self) -> bool:
        """About to ask for an input: still starting, or just done with one."""
        return self.accepts and self.waiting is None and not self.running

    def hand(self, item: Input) -> None:
        """To an idle container. From here on the input fails if the container dies."""
        self.running[item.input_id] = item
        if self.waiting:
            self.waiting.set_result(item)

    def drain(self) -> None:
        """Finish what is running, then leave."""
        self.draining = True
        if self.waiting and not self.waiting.done():
            self.waiting.set_result(None)

    def kill(self) -> None:
        """At once, with every process that the body started."""
        self.killed = True
        if self.process is not None:
            kill_group(self.process)


def write_mounts(root: Path, files: Mapping[str, bytes]) -> None:
    """Lay files out below `root` as an image would have them below `/`."""
    for name, data in files.items():
        parts = [part for part in PurePosixPath(name).parts if part not in ("/", "..")]
        path = root.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


async def run(
    container: Container,
    directory: Path,
    rpcs: Mapping[str, Rpc],
    extra_env: Mapping[str, str],
    forks: Forks,
    started: Callable[[Container], Any],
) -> int:
    """Run the container until its process ends; gives the exit code.

    The environment is empty but for PATH, what the entry point needs, `extra_env` and the secrets' keys.
    Output goes nowhere: a body may print what it was given. The container never outlives this process.
    """
    (directory / "args").write_bytes(container.arguments.SerializeToString())
    socket = directory / "s"
    server = Listener(Service(rpcs, lambda _metadata: container))
    await server.start(path=str(socket))
    root = directory / "root"
    try:
        env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(root),  # so that no profile of the person at the keyboard is read
            "PYTHONPATH": str(root),
            "MODAL_IS_REMOTE": "1",
            "MODAL_TASK_ID": container.task_id,
            "MODAL_ENVIRONMENT": container.environment,
            "MODAL_SERVER_URL": f"unix://{socket}",
            "MODAL_CONTAINER_ARGUMENTS_PATH": str(directory / "args"),
            **extra_env,
            **container.secret_values,
        }
        container.process, exit_code = await forks.fork(directory, root, env)
        started(container)
        code = await exit_code
        container.process = None
        return code
    finally:
        container.kill()
        await server.end()
