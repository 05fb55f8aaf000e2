"""`respond` as it is, killed by SIGKILL right after the event of the given number is on the disk.

python killed_after.py NUMBER ARGUMENTS-OF-RESPOND…
"""

import os
import signal
import sys
import threading

from responder.cli import main
from responder.journal import Journal

last = int(sys.argv[1])
written = 0
lock = threading.Lock()


def counting(original):
    def counted(*args, **kwargs):
        global written  # noqa: PLW0603  # one count a process is the point
        result = original(*args, **kwargs)
        with lock:
            written += 1
            if written == last:
                os.kill(os.getpid(), signal.SIGKILL)
        return result

    return counted


for name in ("begin", "append"):
    setattr(Journal, name, counting(getattr(Journal, name)))
sys.argv = ["respond", *sys.argv[2:]]
main()
