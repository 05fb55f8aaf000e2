"""What the tests of several folders share. Being here also puts this folder on the path, for `incident`."""

import preloaded
import pytest
from incident import RunningSandbox

pytest.register_assert_rewrite("doctor_world", "leaky")
preloaded.once_read()


def pytest_make_parametrize_id(val, argname):
    """Bytes name no test: an archive's hold the time of its making, and the workers must agree on names."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="module")
def incident(tmp_path_factory):
    """A running sandbox for the tests of one file, its reviewer quick; they may `reset` it."""
    sandbox = RunningSandbox.start(tmp_path_factory.mktemp("sandbox"), approve_after=0.2)
    yield sandbox
    sandbox.stop()
