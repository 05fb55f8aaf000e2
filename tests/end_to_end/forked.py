"""`respond` in many processes, each forked from one that has everything imported: starts are cheap.

As a script it reads requests from standard input, a JSON line each, and answers with one. In each process
`respond` runs as it is, but for SIGKILL right after the asked event is on the disk: of that number, or
the first that `edge` names so.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

from responder.cli import main
from responder.journal import Event, Journal


@dataclass
class Forked:
    """The caller's side."""

    env: dict[str, str] = field(repr=False)

    def __enter__(self):
        self._server = subprocess.Popen(
            [sys.executable, __file__], env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_):
        self._server.stdin.close()
        self._server.wait(10)
        self._server.stdout.close()

    def respond(self, *arguments, killed_after=0, delay=0.0, **more):
        """Run to its end, or until it is killed `delay` seconds after that event; 0 is never.

        `more` is of its environment.
        """
        self._server.stdin.write(json.dumps([killed_after, delay, arguments, more]) + "\n")
        self._server.stdin.flush()
        code, out, err = json.loads(self._server.stdout.readline())
        return subprocess.CompletedProcess(arguments, code, out, err)


def serve():
    for line in sys.stdin:
        event, delay, arguments, more = json.loads(line)
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder) / "out", Path(folder) / "err"
            child = os.fork()
            if child == 0:
                os.environ |= more
                be_respond(event, delay, arguments, out, err)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            sys.stdout.write(json.dumps([code, out.read_text(), err.read_text()]) + "\n")
            sys.stdout.flush()


def be_respond(event, delay, arguments, out, err):
    for stream, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    die_after(event, delay)
    sys.argv = ["respond", *arguments]
    code = 1
    try:
        main()
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def die_after(event, delay=0.0, number=signal.SIGKILL):
    """A signal to this process when that event is on the disk, at once or so many seconds later."""
    written = 0
    over = False
    lock = threading.Lock()

    def counting(original):
        def counted(*args, **kwargs):
            nonlocal written, over
            result = original(*args, **kwargs)
            with lock:
                written += 1
                if over or event not in (written, edge(result)):
                    return result
                over = True
                if delay:
                    threading.Timer(delay, os.kill, (os.getpid(), number)).start()
                else:
                    os.kill(os.getpid(), number)
            return result

        return counted

    for name in ("begin", "append"):
        setattr(Journal, name, counting(getattr(Journal, name)))


def edge(written):
    """What an event is called, whenever it comes: "step.applied create_key[s3]"."""
    return f"{written.kind.value} {written.step}".strip() if isinstance(written, Event) else "run.started"


if __name__ == "__main__":
    import boto3  # noqa: F401  # all that a run imports, imported before the forks
    import github  # noqa: F401
    import modal  # noqa: F401

    import responder.cli.leak
    import responder.cli.playing
    import responder.cli.resume  # noqa: F401
    from responder.action import Actions

    list(Actions())
    serve()
