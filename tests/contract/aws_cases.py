"""A user of its own for every stage, and an operator that may do only what the action says it needs."""

import itertools
import json
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import boto3
from aws_review_cases import REVIEW
from case import Case, Cases, Stage

from responder.action import Actions
from responder.providers.aws.close_user import ClosedUser
from responder.providers.aws.create import FreshAccessKey, User
from responder.providers.aws.deactivate import AccessKeyOfUser
from responder.providers.aws.delete import OldAccessKey, Room
from responder.providers.aws.deny_sessions import SessionsOfRole, SessionsOfUser
from responder.providers.aws.users import PolicyInput, UserInput
from responder.sandbox.aws import AwsPlane
from responder.secret import Secret

NOWHERE = "http://127.0.0.1:1"  # tcpmux: nothing listens there
LATER = datetime(2100, 1, 1, tzinfo=UTC)  # after every session that a stage gets
SERVICE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::rentagpu-artifacts*"}],
}


@dataclass(frozen=True)
class Account:
    plane: AwsPlane
    url: str
    numbers: itertools.count = field(default_factory=itertools.count)
    clients: boto3.session.Session = field(default_factory=boto3.session.Session)

    def stage(self, action, user, given, **options):
        environ = self.operator(Actions()[action].permissions)
        return Stage(
            given=given,
            environ=environ,
            unreachable={**environ, "AWS_ENDPOINT_URL": NOWHERE},
            world=lambda: self.truth(user),
            secrets=self.secrets,
            **options,
        )

    def operator(self, permissions):
        name = f"operator-{next(self.numbers)}"
        allowed = {"Effect": "Allow", "Action": list(permissions), "Resource": "*"}
        self.plane.add_user(name, {"Version": "2012-10-17", "Statement": [allowed]})
        key = self.plane.add_access_key(name)
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def user(self):
        name = f"rentagpu-s3-{next(self.numbers)}"
        self.plane.add_user(name, SERVICE)
        return name, self.plane.add_access_key(name)

    def client(self, service, key):
        return self.clients.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
        )

    def session_of(self, key):
        got = self.client("sts", key).get_session_token(DurationSeconds=900)["Credentials"]
        return Secret(
            json.dumps({name: got[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")})
        )

    def session_of_role(self):
        """A role of its own, and a session of it."""
        role = f"deploy-{next(self.numbers)}"
        self.plane.add_administrator(admin := f"admin-{next(self.numbers)}")
        by = self.plane.add_access_key(admin)
        principal = {"AWS": f"arn:aws:iam::111111111111:user/{admin}"}
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
        iam = self.client("iam", by)
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        iam.put_role_policy(RoleName=role, PolicyName="access", PolicyDocument=json.dumps(SERVICE))
        got = self.client("sts", by).assume_role(RoleArn=arn, RoleSessionName="ci")["Credentials"]
        parts = {name: got[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
        return role, Secret(json.dumps(parts))

    def truth_of_role(self, role):
        found = next(one for one in self.plane.world()["roles"] if one["name"] == role)
        return {"denied": found["inline_policies"].get("respond-deny-sessions")}

    def set_status(self, user, key, status):
        self.plane.add_administrator(admin := f"admin-{next(self.numbers)}")
        by = self.client("iam", self.plane.add_access_key(admin))
        by.update_access_key(UserName=user, AccessKeyId=key.access_key_id, Status=status)

    def truth(self, user, policy="respond-deny-sessions"):
        found = next(u for u in self.plane.world()["users"] if u["name"] == user)
        denied = found["inline_policies"].get(policy)
        return {"keys": sorted(key["status"] for key in found["access_keys"]), "denied": denied}

    def secrets(self):
        world = self.plane.world()
        for key in (key for user in world["users"] for key in user["access_keys"]):
            yield key["secret_access_key"]
        for session in world["sessions"]:
            yield from (session["secret_access_key"], session["session_token"])


@contextmanager
def account():
    plane = AwsPlane(account="111111111111")  # two planes in one process need two numbers
    try:
        yield Account(plane, plane.start())
    finally:
        plane.stop()


@contextmanager
def deactivate_access_key(aws):
    user, key = aws.user()
    given = AccessKeyOfUser(user=user, access_key_id=key.access_key_id, secret=Secret(key.secret_access_key))
    yield aws.stage("aws.deactivate_access_key", user, given)


@contextmanager
def deny_sessions(aws):
    user, key = aws.user()
    given = SessionsOfUser(user=user, since=LATER, session=aws.session_of(key))
    yield aws.stage("aws.deny_sessions", user, given)


@contextmanager
def close_user(aws):
    user, _ = aws.user()
    stage = aws.stage("aws.close_user", user, ClosedUser(user=user))
    yield replace(stage, world=lambda: aws.truth(user, "respond-deny-all"))


@contextmanager
def deny_role_sessions(aws):
    role, session = aws.session_of_role()
    given = SessionsOfRole(role=role, since=LATER, session=session)
    yield replace(aws.stage("aws.deny_role_sessions", "", given), world=lambda: aws.truth_of_role(role))


@contextmanager
def make_room_for_access_key(aws):
    user, key = aws.user()
    aws.plane.add_access_key(user)
    yield aws.stage("aws.make_room_for_access_key", user, Room(user=user, delete=key.access_key_id))


@contextmanager
def create_access_key(aws):
    user, _ = aws.user()
    yield aws.stage("aws.create_access_key", user, User(user=user))


@contextmanager
def prove_access_key(aws):
    user, key = aws.user()
    aws.set_status(user, key, "Inactive")
    given = FreshAccessKey(access_key_id=key.access_key_id, secret=Secret(key.secret_access_key), user=user)
    yield aws.stage("aws.prove_access_key", user, given, make_so=lambda: aws.set_status(user, key, "Active"))


@contextmanager
def delete_access_key(aws):
    user, key = aws.user()
    given = OldAccessKey(user=user, access_key_id=key.access_key_id, secret=Secret(key.secret_access_key))
    yield aws.stage("aws.delete_access_key", user, given)


@contextmanager
def create_user(aws):
    user = f"made-{next(aws.numbers)}"

    def world():
        return [u["inline_policies"] for u in aws.plane.world()["users"] if u["name"] == user]

    yield replace(aws.stage("aws.create_user", user, UserInput(user=user)), world=world)


@contextmanager
def put_user_policy(aws):
    user = f"made-{next(aws.numbers)}"
    aws.plane.add_user(user)
    policy = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/*"]}
    given = PolicyInput(
        user=user, policy_name="access", policy={"Version": "2012-10-17", "Statement": [policy]}
    )

    def world():
        return [u["inline_policies"] for u in aws.plane.world()["users"] if u["name"] == user]

    yield replace(aws.stage("aws.put_user_policy", user, given), world=world)


CASES = Cases(
    open=account,
    by_action={
        "aws.deactivate_access_key": Case(deactivate_access_key),
        "aws.deny_sessions": Case(deny_sessions),
        "aws.deny_role_sessions": Case(deny_role_sessions),
        "aws.close_user": Case(close_user),
        "aws.make_room_for_access_key": Case(make_room_for_access_key),
        "aws.create_access_key": Case(create_access_key, makes_new=True),
        "aws.prove_access_key": Case(prove_access_key),
        "aws.delete_access_key": Case(delete_access_key),
        "aws.create_user": Case(create_user),
        "aws.put_user_policy": Case(put_user_policy),
        **REVIEW,
    },
)
