"""Processes for containers, forked from one that has the client imported: none waits for an import."""

import asyncio
import itertools
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from responder.sandbox.modal import entry


@dataclass
class _Process:
    born: "asyncio.Future[int]"
    ended: "asyncio.Future[int]"


@dataclass(eq=False)
class _Stem:
    """The program that is forked, and the pipe of which its processes read one end until we are gone."""

    program: asyncio.subprocess.Process
    held: int
    processes: dict[int, _Process] = field(default_factory=dict)

    async def listen(self) -> None:
        """Until the program ends; what it has not said by then it never will."""
        if self.program.stdout is None:
            raise RuntimeError("A pipe was asked for.")
        async for line in self.program.stdout:
            said = json.loads(line)
            process = self.processes[said["id"]]
            if "pid" in said:
                process.born.set_result(said["pid"])
            else:
                self._end(said["id"], said["code"])
        for number in list(self.processes):
            self._end(number, -1)
        os.close(self.held)

    def _end(self, number: int, code: int) -> None:
        process = self.processes.pop(number)
        if not process.born.done():
            process.born.set_exception(ChildProcessError("its process died at birth"))
        process.ended.set_result(code)


class Forks:
    """Lives on one event loop. Processes never outlive this one, however it ends."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._starting = asyncio.Lock()
        self._stem: _Stem | None = None
        self._listening: asyncio.Task[None] | None = None

    async def fork(
        self, directory: Path, root: Path, env: dict[str, str]
    ) -> tuple[int, "asyncio.Future[int]"]:
        """The id of a new process that leads a group of its own, and its exit code to be.

        Raises:
            OSError: no process could be started.
        """
        stem = await self._running()
        loop = asyncio.get_running_loop()
        process = _Process(loop.create_future(), loop.create_future())
        number = next(self._numbers)
        stem.processes[number] = process
        order: entry.Order = {"id": number, "root": str(root), "directory": str(directory), "env": env}
        if stem.program.stdin is None:
            raise RuntimeError("A pipe was asked for.")
        stem.program.stdin.write(json.dumps(order).encode() + b"\n")
        return await process.born, process.ended

    async def _running(self) -> _Stem:
        async with self._starting:
            if self._stem is None or self._listening is None or self._listening.done():
                self._stem = await _start()
                self._listening = asyncio.create_task(self._stem.listen())
            return self._stem

    async def end(self) -> None:
        if self._stem is None or self._listening is None:
            return
        if self._stem.program.stdin is not None:
            self._stem.program.stdin.close()
        await self._listening
        await self._stem.program.wait()


async def _start() -> _Stem:
    lifeline, held = os.pipe()
    try:
        program = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # the entry's own folder is no place for the app's imports
            entry.__file__,
            str(lifeline),
            pass_fds=(lifeline,),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is not for it
            # The client reads some of this while it is imported. No profile of the person at the keyboard is.
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "MODAL_IS_REMOTE": "1",
                "MODAL_CONFIG_PATH": os.devnull,
            },
        )
    except OSError:
        os.close(held)
        raise
    finally:
        os.close(lifeline)
    return _Stem(program, held)
