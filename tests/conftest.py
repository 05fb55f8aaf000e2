"""What the tests of several folders share. Being here also puts this folder on the path, for `incident`."""

import os
import signal
import sys
from pathlib import Path

import preloaded
import pytest
from hypothesis import settings
from incident import RunningSandbox
from xdist.scheduler import LoadFileScheduling

HELPERS = {path.stem for path in Path(__file__).parent.rglob("*.py") if "data" not in path.parts}
pytest.register_assert_rewrite(*sorted(HELPERS - sys.modules.keys()))
preloaded.once_read()
signal.signal(signal.SIGINT, signal.default_int_handler)  # what starts in a shell's background ignores Ctrl-C
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"  # never the tester's own
# The same examples everywhere, and as long as they take on a machine that others use, too.
settings.register_profile("here", deadline=None, derandomize=True)
settings.load_profile("here")


# What takes longest begins first, so that no worker waits for another in the end. A file is one worker's,
# with its sandbox; but for the longest, whose tests are as many as there are workers.
LONGEST = (
    "end_to_end",
    "rotate",
    "breach",
    "leaving",
    "workflows",
    "setup",
    "cli",
    "scan",
    "sandbox",
    "contract",
)
SHARED = "tests/end_to_end/test_kill.py"


class ByFile(LoadFileScheduling):
    def _split_scope(self, nodeid):
        return nodeid if nodeid.startswith(SHARED) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)


def pytest_collection_modifyitems(items):
    def rank(item):
        folder = item.nodeid.split("/")[1]
        return not item.nodeid.startswith(SHARED), (*LONGEST, folder).index(folder)

    items.sort(key=rank)


def pytest_make_parametrize_id(val, argname):
    """Bytes name no test: an archive's hold the time of its making, and the workers must agree on names."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="module")
def incident(tmp_path_factory):
    """A running sandbox for the tests of one file, its reviewer quick; they may `reset` it."""
    sandbox = RunningSandbox.start(tmp_path_factory.mktemp("sandbox"), approve_after=0.2)
    yield sandbox
    sandbox.stop()
