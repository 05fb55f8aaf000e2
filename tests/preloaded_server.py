"""The other side of `preloaded.py`. It ends with its standard input, and listens on the socket that is named.

An order is a line of JSON after one byte with the three standard streams. It is answered with the process
and, at its end, its exit code.

    program     `respond`, or `modal`: the client's own command
    arguments, env, cwd: all of them
    killed_after, delay: a SIGKILL, so many seconds after an event as `die_after` takes it; 0 is never
    settings    {"module:name": value}: set before the program starts; or "module:Class.name"
"""

import functools
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path

sys.path += [str(Path(__file__).parent / "end_to_end"), str(Path(__file__).parent)]

from forked import die_after  # found there
from preloaded import once_read

STREAMS = (0, 1, 2)
MAINS = {"respond": "responder.cli", "modal": "modal.__main__"}


def import_all():
    import github  # noqa: F401, PLC0415
    import modal.__main__  # noqa: F401, PLC0415
    from boto3 import Session  # noqa: PLC0415

    import responder.cli  # noqa: PLC0415
    from responder.action import Actions  # noqa: PLC0415

    for module in pkgutil.iter_modules(responder.cli.__path__, "responder.cli."):
        importlib.import_module(module.name)
    list(Actions())
    once_read()
    session = Session(aws_access_key_id="none", aws_secret_access_key="none", region_name="us-east-1")
    for service in ("iam", "sts", "s3", "cloudtrail", "ec2"):
        session.client(service).close()  # what it reads of the service from the disk stays
    assert threading.active_count() == 1, "only the thread that forks lives on"
    gc.freeze()


class Server:
    def __init__(self, path):
        self._askers = {}  # by process
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(16)
        signal.signal(signal.SIGCHLD, self._bury)

    def serve(self):
        """Until standard input ends, and all that runs with it; in each new process gives its order."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._listener, selectors.EVENT_READ)
            waiting.register(0, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in waiting.select()}
                if 0 in ready:
                    self._end()
                if self._listener in ready and (order := self._take()) is not None:
                    return order

    def _take(self):
        """An order, but only in the process that is to carry it out."""
        asker, _ = self._listener.accept()
        _, streams, _, _ = socket.recv_fds(asker, 1, len(STREAMS))
        with asker.makefile("r") as talk:
            order = json.loads(talk.readline())
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD,))
        process = os.fork()
        if process == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for ours, theirs in zip(streams, STREAMS, strict=True):
                os.dup2(ours, theirs)
            for other in (asker, self._listener, *self._askers.values()):
                other.close()
        else:
            self._askers[process] = asker
            asker.sendall(f"{process}\n".encode())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGCHLD,))
        for stream in streams:
            os.close(stream)
        return None if process else order

    def _bury(self, _number, _frame):
        while self._askers:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                return
            with self._askers.pop(process) as asker:
                try:
                    asker.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
                except BrokenPipeError:
                    continue  # it waited no longer

    def _end(self):
        for process in self._askers:
            os.kill(process, signal.SIGKILL)
        os._exit(0)


def become(order):
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    tempfile.tempdir = None
    for place, value in order.get("settings", {}).items():
        module, _, path = place.partition(":")
        *owners, name = path.split(".")
        setattr(functools.reduce(getattr, owners, importlib.import_module(module)), name, value)
    if order.get("killed_after"):
        die_after(order["killed_after"], order.get("delay", 0.0))
    sys.argv = [order["program"], *order["arguments"]]
    sys.exit(importlib.import_module(MAINS[order["program"]]).main())


if __name__ == "__main__":
    import_all()
    server = Server(sys.argv[1])
    os.write(1, b"ready\n")
    become(server.serve())
