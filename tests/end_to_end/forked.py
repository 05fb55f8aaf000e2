"""`respond` in many processes without imports: starts are cheap.

Each is as it is, but for SIGKILL right after the asked event is on the disk: of that number, or the first
that `edge` names so.
"""

import os
import signal
import threading
from dataclasses import dataclass, field

from responder.journal import Event, Journal


@dataclass
class Forked:
    env: dict[str, str] = field(repr=False)
    settings: dict[str, object] = field(default_factory=dict)  # as preloaded_server.py takes them

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def respond(self, *arguments, killed_after=0, delay=0.0, **more):
        """Run to its end, or until it is killed `delay` seconds after that event; 0 is never.

        `more` is of its environment.
        """
        import preloaded  # noqa: PLC0415  # not found by the programs that only die

        how = {"killed_after": killed_after, "delay": delay, "settings": self.settings}
        return preloaded.run("respond", *arguments, env={**self.env, **more}, timeout=None, **how)


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
