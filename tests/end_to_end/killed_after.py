"""`respond` as it is, killed by SIGKILL right after the event of the given number is on the disk.

python killed_after.py NUMBER[:SIGNAL] ARGUMENTS-OF-RESPOND…
"""

import signal
import sys

from forked import die_after

from responder.cli import main

event, _, name = sys.argv[1].partition(":")
die_after(int(event), number=signal.Signals[name or "SIGKILL"])
sys.argv = ["respond", *sys.argv[2:]]
main()
