"""A small company in which something has leaked: one AWS, Modal and GitHub for the tests of a file."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from responder.action import Connections
from responder.inventory import EXAMPLE, Inventory
from responder.profile import Profile
from responder.profiling import profiles
from responder.recognise.source import Part
from responder.sandbox.aws import AwsPlane, KeyPair
from responder.sandbox.github import GithubPlane
from responder.sandbox.modal import ModalPlane, Token
from responder.sources import gathered

ACCOUNT = "333333333333"  # two planes in one process need two numbers
REPOSITORY = "rentagpu/executor"
S3 = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::artifacts/*"}
NOWHERE = "http://127.0.0.1:1"  # tcpmux: nothing listens there


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


@dataclass
class Company:
    aws: AwsPlane
    modal: ModalPlane
    github: GithubPlane
    environ: dict[str, str]
    admin: KeyPair
    ci_prod: Token
    sam: Token
    oncall: str
    inventory: Inventory
    _numbers: itertools.count = field(default_factory=itertools.count)

    def client(self, service: str, key: KeyPair | None = None) -> Any:
        key = key or self.admin
        return boto3.session.Session().client(
            service,
            endpoint_url=self.environ["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
        )

    def user(self, *statements: dict[str, Any], name: str = "") -> tuple[str, KeyPair]:
        name = name or f"service-{next(self._numbers)}"
        self.aws.add_user(name, document(*(statements or (S3,))))
        return name, self.aws.add_access_key(name)

    def role(self, *statements: dict[str, Any], **more: str) -> tuple[str, dict[str, Any]]:
        """A role, and a session of it that the administrator took."""
        name = f"deploy-{next(self._numbers)}"
        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/respond-operator"},
        }
        iam = self.client("iam")
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document(trust)), **more)
        iam.put_role_policy(
            RoleName=name, PolicyName="access", PolicyDocument=json.dumps(document(*(statements or (S3,))))
        )
        taken = self.client("sts").assume_role(RoleArn=made["Role"]["Arn"], RoleSessionName="ci")
        return name, taken["Credentials"]

    def connections(self, **environ: str) -> Connections:
        return Connections({**self.environ, **environ})

    def profiles(self, text: str, *, probe: bool = False, **environ: str) -> list[Profile]:
        connections = self.connections(**environ)
        material = gathered("a.env", [Part("a.env", text)])
        try:
            return profiles(connections, self.inventory, material, probe=probe)
        finally:
            connections.close()

    def uses_of(self, key_id: str) -> int:
        """How many requests were signed with it, by CloudTrail's count."""
        found = self.client("cloudtrail").lookup_events(
            LookupAttributes=[{"AttributeKey": "AccessKeyId", "AttributeValue": key_id}]
        )
        return len(found["Events"])


def of_key(key: KeyPair) -> str:
    return f"AWS_ACCESS_KEY_ID={key.access_key_id}\nAWS_SECRET_ACCESS_KEY={key.secret_access_key}\n"


def of_session(got: dict[str, Any]) -> str:
    return (
        f"aws_access_key_id={got['AccessKeyId']}\naws_secret_access_key={got['SecretAccessKey']}\n"
        f"aws_session_token={got['SessionToken']}\n"
    )


def of_token(token: Token) -> str:
    return f"MODAL_TOKEN_ID={token.token_id}\nMODAL_TOKEN_SECRET={token.token_secret}\n"


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    aws, modal, github = AwsPlane(account=ACCOUNT), ModalPlane(), GithubPlane()
    oncall = github.add_user("oncall")
    github.add_user("grace")
    github.add_repository(REPOSITORY, {"a.txt": b"a"}, permissions={"oncall": "admin", "grace": "write"})
    modal.add_environment("prod", restricted=True, default_role="viewer")
    modal.add_member("ada", "ada@example.com", role="owner")
    modal.add_member("sam", "sam@example.com")
    ada = modal.add_member_token("ada")
    urls = {
        "AWS_ENDPOINT_URL": aws.start(),
        "MODAL_SERVER_URL": modal.start(),
        "GITHUB_API_URL": github.start(),
    }
    admin = aws.add_administrator("respond-operator")
    environ = {
        **urls,
        "AWS_ACCESS_KEY_ID": admin.access_key_id,
        "AWS_SECRET_ACCESS_KEY": admin.secret_access_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "MODAL_CONFIG_PATH": "/nonexistent",
        "MODAL_TOKEN_ID": ada.token_id,
        "MODAL_TOKEN_SECRET": ada.token_secret,
        "GITHUB_TOKEN": oncall,
    }
    yield Company(
        aws=aws,
        modal=modal,
        github=github,
        environ=environ,
        admin=admin,
        ci_prod=modal.add_service_user("ci-prod", {"prod": "contributor"}, created_by="ada"),
        sam=modal.add_member_token("sam"),
        oncall=oncall,
        inventory=Inventory.load(EXAMPLE, {}, tmp_path_factory.mktemp("cwd")),
    )
    for plane in (aws, modal, github):
        plane.stop()
