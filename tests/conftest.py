"""What the tests of several folders share. Being here also puts this folder on the path, for `incident`."""

import pytest
from incident import RunningSandbox


@pytest.fixture(scope="module")
def incident(tmp_path_factory):
    """A running sandbox for the tests of one file, its reviewer quick; they may `reset` it."""
    sandbox = RunningSandbox.start(tmp_path_factory.mktemp("sandbox"), approve_after=0.2)
    yield sandbox
    sandbox.stop()
