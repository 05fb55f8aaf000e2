"""Programs that start without importing anything: each is a fork of one process that has it all imported.

    ended = run("respond", "leak", "--yes", env=env)

As a program of its own it runs one of them in its place: python -SE preloaded.py SOCKET respond leak --yes
"""

import json
import os
import socket
import sys

SERVER = os.path.join(os.path.dirname(__file__), "preloaded_server.py")  # noqa: PTH118, PTH120  # starts fast
STREAMS = (0, 1, 2)


def address():
    """The socket of this process's server, which ends with it."""
    global _address  # noqa: PLW0603
    if _address is None:
        _address = _start()
    return _address


_address = None


def once_read():
    """Have what botocore knows of a service read from the disk once, not again for each session."""
    import functools  # noqa: PLC0415

    import botocore.session  # noqa: PLC0415

    botocore.session.create_loader = functools.cache(botocore.session.create_loader)


def _start():
    import atexit  # noqa: PLC0415  # the client's side has no time for these
    import shutil  # noqa: PLC0415
    import subprocess  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    folder = tempfile.mkdtemp(prefix="preloaded-")
    atexit.register(shutil.rmtree, folder)
    server = subprocess.Popen(
        [sys.executable, "-P", SERVER, f"{folder}/s"],
        env={"PATH": os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    atexit.register(server.communicate)
    assert server.stdout.readline() == b"ready\n"
    return f"{folder}/s"


def run(program, *arguments, env, cwd=None, timeout=60, **how):
    """A program to its end; `how` is what `preloaded_server.py` knows of.

    Raises:
        subprocess.TimeoutExpired: it took more than `timeout` seconds, and was killed.
    """
    import subprocess  # noqa: PLC0415
    import tempfile  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    with (
        Path(os.devnull).open("rb") as nothing,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        streams = (nothing.fileno(), out.fileno(), err.fileno())
        order = {"program": program, "arguments": arguments, "env": env, "cwd": str(cwd or Path.cwd()), **how}
        code = _end(address(), order, streams, timeout)
        if code is None:
            raise subprocess.TimeoutExpired((program, *arguments), timeout)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode())
    return subprocess.CompletedProcess((program, *arguments), code, *texts)


def _end(path, order, streams, timeout):
    """The exit code; None if it took too long, and was killed."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        socket.send_fds(server, [b"!"], streams)
        with server.makefile("rw") as talk:
            talk.write(json.dumps(order) + "\n")
            talk.flush()
            process = int(talk.readline())
            server.settimeout(timeout)
            try:
                return int(talk.readline())
            except TimeoutError:
                os.kill(process, 9)
                return None


if __name__ == "__main__":
    _, at, name, *typed = sys.argv
    ordered = {"program": name, "arguments": typed, "env": dict(os.environ), "cwd": os.getcwd()}  # noqa: PTH109
    ended = _end(at, ordered, STREAMS, None)
    sys.exit(ended if ended >= 0 else 128 - ended)
