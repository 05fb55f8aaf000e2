"""`respond`, forked and killed as in tests/end_to_end, that leaves seconds of overlap to the next start."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "end_to_end"))

from forked import Forked  # found there

SAT_OUT = 2.0  # seconds


def hasty(env):
    return Forked(env, {"responder.cli.replacing:LONGEST_WAIT": SAT_OUT})
