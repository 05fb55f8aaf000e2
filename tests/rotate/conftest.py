"""What the tests of rotations share."""

import pytest
from hasty import hasty
from hourly import Job, inventory


@pytest.fixture(scope="module")
def forked(incident):
    return hasty(incident.env)


@pytest.fixture
def job(forked, tmp_path):
    return Job(forked, tmp_path / "home", inventory(tmp_path / "respond.toml"))
