"""What goes wrong at the services of one test file: nothing, until a test says so."""

import pytest

from responder.sandbox.faults import Faults, read_rule


@pytest.fixture(scope="module")
def faults():
    """The rules that are in force where the file's world is."""
    return Faults()


@pytest.fixture
def weather(faults):
    """Adds rules for the rest of the test."""
    yield lambda *lines: faults.add([read_rule(line) for line in lines])
    faults.clear()
