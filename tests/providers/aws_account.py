"""An AWS account for each test module, with an operator, and the provider's connections to it."""

import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from responder.action import AnyAction, Call, Connections, NotDone
from responder.found import Found, Kind
from responder.sandbox.aws import AwsPlane, KeyPair
from responder.secret import Secret

BUCKET = "rentagpu-artifacts"
NOWHERE = "http://127.0.0.1:1"  # tcpmux: nothing listens there


@dataclass
class Clock:
    """Of the plane: seconds go by only when a test says so."""

    now: float = field(default_factory=lambda: float(int(datetime.now(UTC).timestamp())))

    def __call__(self) -> float:
        return self.now

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


@dataclass(frozen=True)
class AwsAccount:
    plane: AwsPlane
    url: str
    clock: Clock
    admin: KeyPair
    boto: boto3.session.Session = field(default_factory=boto3.session.Session)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def environ(self, key: KeyPair | None = None) -> dict[str, str]:
        key = key or self.admin
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def user(self, *allowed: str) -> tuple[str, KeyPair]:
        """A fresh user that may do `allowed` anywhere, or only read the bucket; and its key."""
        name = f"rentagpu-s3-{next(self._numbers)}"
        bucket = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
        statement = {
            "Effect": "Allow",
            "Action": list(allowed) or "s3:*",
            "Resource": "*" if allowed else bucket,
        }
        self.plane.add_user(name, {"Version": "2012-10-17", "Statement": [statement]})
        return name, self.plane.add_access_key(name)

    def client(self, service: str, key: KeyPair | Mapping[str, Any] | None = None) -> Any:
        """A plain boto3 client, for a key pair or for what STS gave."""
        key = key or self.admin
        if isinstance(key, KeyPair):
            key = {"AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key}
        return self.boto.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            aws_session_token=key.get("SessionToken"),
        )

    def session_of(self, key: KeyPair) -> dict[str, Any]:
        return self.client("sts", key).get_session_token(DurationSeconds=900)["Credentials"]

    def truth(self, user: str) -> dict[str, Any]:
        return next(u for u in self.plane.world()["users"] if u["name"] == user)

    def statuses(self, user: str) -> dict[str, str]:
        return {key["access_key_id"]: key["status"] for key in self.truth(user)["access_keys"]}


@contextmanager
def call_with(environ: Mapping[str, str], **fields: Any) -> Iterator[Call]:
    connections = Connections(environ)
    yield Call(
        run="r1",
        step="s1",
        connections=connections,
        clock=lambda: datetime.now(UTC),
        progress=lambda _: None,
        **fields,
    )
    connections.close()


def intended(action: AnyAction, call: Call, given: Any) -> Call:
    found = action.before(call, given)
    assert isinstance(found, NotDone), found
    return replace(call, seen=json.loads(json.dumps(dict(found.seen))), intended_at=datetime.now(UTC))


def as_secret(credentials: Mapping[str, Any]) -> Secret:
    return Secret(json.dumps({n: credentials[n] for n in ("AccessKeyId", "SecretAccessKey", "SessionToken")}))


def found(key: KeyPair, *, secret: str | None = "") -> Found:
    """The key as it stands in a text; with another secret, or with None without any."""
    value = None if secret is None else Secret(secret or key.secret_access_key)
    return Found(kind=Kind.AWS_ACCESS_KEY, identifier=key.access_key_id, secret=value)


@pytest.fixture(scope="module")
def account() -> Iterator[AwsAccount]:
    clock = Clock()
    plane = AwsPlane(clock, account="222222222222")  # two planes in one process need two numbers
    url = plane.start()
    yield AwsAccount(plane, url, clock, plane.add_administrator("respond-operator"))
    plane.stop()


@pytest.fixture(scope="module")
def connections(account: AwsAccount) -> Iterator[Connections]:
    made = Connections(account.environ())
    yield made
    made.close()


@pytest.fixture
def call(connections: Connections) -> Call:
    return Call(
        run="r1",
        step="s1",
        connections=connections,
        clock=lambda: datetime.now(UTC),
        progress=lambda _: None,
    )
