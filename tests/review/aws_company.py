"""A company's account at AWS, aged and seeded, its leaked key, and whoever does something there."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from responder.action import Call, Connections
from responder.providers.aws.review import AwsLookBack, ReviewAws
from responder.sandbox import seed
from responder.sandbox.attack.loot import Loot
from responder.sandbox.aws import AwsPlane, KeyPair
from responder.sandbox.aws import regions as sandbox_aws
from responder.sandbox.aws.regions import REGIONS
from responder.sandbox.faults import Faults
from responder.trace import Reviewed

USER = seed.KEY_OWNER
NOBODY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'


def trust(account: str) -> str:
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def self_signed() -> str:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ghost")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@dataclass
class Company:
    plane: AwsPlane
    faults: Faults
    url: str
    operator: KeyPair
    leaked: KeyPair
    _connections: dict[str, Connections] = field(default_factory=dict)  # clients take long to make
    _boto: boto3.session.Session = field(default_factory=boto3.session.Session)

    @property
    def environ(self) -> dict[str, str]:
        return self.environ_of(self.operator)

    def environ_of(self, key: KeyPair) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def client(self, service: str, key: Any, region: str = "us-east-1", agent: str | None = None) -> Any:
        """For a key pair, or for what IAM and STS gave."""
        if isinstance(key, KeyPair):
            key = {"AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key}
        return self._boto.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            aws_session_token=key.get("SessionToken"),
            config=Config(user_agent=agent),
        )

    def loot(self) -> Loot:
        text = seed.leaked_file(self.leaked, seed.Token("ak-x", "as-x"))
        return Loot.of(text, {"aws": self.url}, seed=7)

    def review(self, key: KeyPair | None = None, **given: Any) -> Reviewed:
        asked = {"leaked": (self.leaked.access_key_id,), "user": USER, **given}
        call = Call(
            run="r1",
            step="s1",
            connections=self.connections(key or self.operator),
            clock=lambda: datetime.now(UTC),
            progress=lambda _: None,
        )
        return ReviewAws().see(call, AwsLookBack(**asked))

    def connections(self, key: KeyPair) -> Connections:
        name = key.access_key_id
        return self._connections.setdefault(name, Connections(self.environ_of(key)))


@contextmanager
def company(account: str, *, regions: Sequence[str] = REGIONS) -> Iterator[Company]:
    """To look into all 17 regions takes most of a look's time, where it makes no difference."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox_aws, "REGIONS", regions)
        yield from _company(account)


def _company(account: str) -> Iterator[Company]:
    faults = Faults()
    plane = AwsPlane(account=account, faults=faults)
    url = plane.start()
    try:
        seeded = seed.seed_aws(plane, too_wide=True)
        opened = Company(plane, faults, url, seeded.operator, seeded.leaked)
        yield opened
        for connections in opened._connections.values():
            connections.close()
    finally:
        plane.stop()


def things(reviewed: Reviewed) -> set[tuple[str, str, str]]:
    """What is worth a look: kind, owner, identifier."""
    return {one.thing for one in reviewed.traces if one.to_look_at}


def only(reviewed: Reviewed, kind: str) -> Any:
    (found,) = [one for one in reviewed.traces if one.kind == kind]
    return found
