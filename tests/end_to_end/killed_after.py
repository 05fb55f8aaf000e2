"""`respond` as it is, killed by SIGKILL right after the event of the given number is on the disk.

python killed_after.py NUMBER ARGUMENTS-OF-RESPOND…
"""

import sys

from forked import die_after

from responder.cli import main

die_after(int(sys.argv[1]))
sys.argv = ["respond", *sys.argv[2:]]
main()
