"""Real boto3 clients for a sandbox AWS, and how tests ask for a refusal."""

import functools
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from responder.sandbox.aws import AwsPlane, KeyPair

BUCKET = "rentagpu-artifacts"
S3_ACCESS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetObject", "s3:PutObject"],
            "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
        }
    ],
}


@dataclass
class Clock:
    """Seconds go by only when a test says so."""

    now: float = 1_800_000_000.25

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class AwsWorld:
    plane: AwsPlane
    url: str
    operator: KeyPair
    clock: Clock
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def client(
        self, service: str, key: KeyPair | dict[str, Any], *, region: str = "us-east-1", **config: Any
    ) -> Any:
        """For a key pair, or for the `Credentials` of an STS answer."""
        if isinstance(key, KeyPair):
            key = {"AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key}
        return boto3_session().client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            aws_session_token=key.get("SessionToken"),
            config=Config(retries={"max_attempts": 0}, **config),
        )

    @property
    def iam(self) -> Any:
        return self.client("iam", self.operator)

    def new_user(self, *statements: dict[str, Any]) -> tuple[str, KeyPair]:
        """A fresh user with the S3 policy, or with `statements` alone, and its key."""
        name = f"user-{next(self._numbers)}"
        self.plane.add_user(
            name, {"Version": "2012-10-17", "Statement": list(statements)} if statements else S3_ACCESS
        )
        return name, self.plane.add_access_key(name)

    def deny(self, user: str, condition: dict[str, Any] | None = None) -> None:
        statement = {"Effect": "Deny", "Action": "*", "Resource": "*"}
        document = {
            "Version": "2012-10-17",
            "Statement": [statement | ({"Condition": condition} if condition else {})],
        }
        self.iam.put_user_policy(UserName=user, PolicyName="contain", PolicyDocument=json.dumps(document))

    def user(self, name: str) -> dict[str, Any]:
        return next(u for u in self.plane.world()["users"] if u["name"] == name)


@functools.cache
def boto3_session() -> Any:
    """One for all clients, because making one reads megabytes."""
    return boto3.session.Session()


def refusal(call: Any, **arguments: Any) -> tuple[str, int, str]:
    """The code, HTTP status and message with which the service refuses."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    answer = refused.value.response
    return (
        answer["Error"]["Code"],
        answer["ResponseMetadata"]["HTTPStatusCode"],
        answer["Error"].get("Message", ""),
    )
