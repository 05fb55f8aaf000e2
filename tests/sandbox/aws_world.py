"""An AWS account for each test module; the clients know nothing of the machine's own AWS configuration."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from aws_clients import BUCKET, AwsWorld, Clock

from responder.sandbox.aws import AwsPlane
from responder.sandbox.faults import Faults

pytest_plugins = ("bad_weather",)


@pytest.fixture(scope="module")
def running_aws(faults: Faults) -> Iterator[AwsWorld]:
    clock = Clock()
    plane = AwsPlane(clock, faults=faults)
    url = plane.start()
    plane.add_bucket(BUCKET)
    yield AwsWorld(plane, url, plane.add_administrator("respond-operator"), clock)
    plane.stop()


@pytest.fixture
def aws(running_aws: AwsWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AwsWorld:
    for name in (
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return running_aws
