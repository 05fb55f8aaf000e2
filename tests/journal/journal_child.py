"""A process that works on a journal, for tests that need a real one. Its first argument says at what."""

import base64
import os
import sys
import threading
from pathlib import Path

from responder.journal import EventKind, Holder, Journal
from responder.journal.keys import master_key

PATIENCE = 30.0


def environ():
    import responder  # noqa: PLC0415

    return {
        **os.environ,
        "PYTHONPATH": str(Path(responder.__file__).parent.parent),
        "PYTHONKEYRING": "",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


def append(path, run, count):
    """Append `count` events to a run of its own as soon as a line comes; say each that is acknowledged."""
    with Journal.open(Path(path)) as journal:
        print("ready", flush=True)  # noqa: T201
        sys.stdin.readline()
        writer = journal.begin(run, Holder.current(), {})
        for number in range(1, int(count) + 1):
            event = writer.append(EventKind.STEP_INTENDED, step="s", attempt=number, data={"text": "." * 200})
            print(event.hash, flush=True)  # noqa: T201


def hold(path):
    """Keep the journal locked until a line comes."""
    with Journal.open(Path(path)) as journal, journal.database.transaction():
        print("ready", flush=True)  # noqa: T201
        sys.stdin.readline()


def key(state_dir):
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    found = master_key(Path(state_dir), {})
    print(len(base64.b64decode(found.reveal())), found.fingerprint, flush=True)  # noqa: T201


def live():
    print("ready", flush=True)  # noqa: T201
    threading.Timer(PATIENCE, os._exit, [1]).start()
    sys.stdin.readline()
    os._exit(0)


if __name__ == "__main__":
    {"append": append, "hold": hold, "key": key, "live": live}[sys.argv[1]](*sys.argv[2:])
