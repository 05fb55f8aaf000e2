"""`respond`, forked and killed as in tests/end_to_end, that leaves an overlap of seconds to the next start.

As a script it is the server's side.
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "end_to_end"))

from forked import Forked, serve  # found there

SAT_OUT = 2.0  # seconds


class Hasty(Forked):
    def __enter__(self):
        self._server = subprocess.Popen(
            [sys.executable, __file__], env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self


if __name__ == "__main__":
    import boto3  # noqa: F401  # all that a run imports, imported before the forks
    import github  # noqa: F401
    import modal  # noqa: F401

    import responder.cli.leak
    import responder.cli.resume
    import responder.cli.rotate  # noqa: F401
    from responder.action import Actions
    from responder.cli import replacing

    replacing.LONGEST_WAIT = SAT_OUT
    list(Actions())
    serve()
