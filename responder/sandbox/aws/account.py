"""The account's users, roles, keys and buckets: the only place that knows how moto keeps them."""

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from moto.core.model_instances import reset_model_data
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AccessKeyLastUsed, AWSManagedPolicy, iam_backends
from moto.s3.models import s3_backends

from responder.sandbox.aws.policy import Policy

_PARTITION = "aws"
REGION = "us-east-1"


@dataclass(frozen=True)
class KeyPair:
    access_key_id: str
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True)
class UserRecord:
    name: str
    user_id: str
    arn: str


@dataclass(frozen=True)
class RoleRecord:
    name: str
    role_id: str
    arn: str
    trust_policy: str
    """JSON."""


@dataclass(frozen=True)
class KeyRecord:
    owner: UserRecord
    secret: str
    active: bool


class Account:
    """Raises (all methods that change something): moto's own exceptions, as the service would answer."""

    def __init__(self, number: str) -> None:
        self.number = number

    @property
    def iam(self) -> Any:  # noqa: ANN401 - moto is untyped
        return iam_backends[self.number][_PARTITION]

    @property
    def s3(self) -> Any:  # noqa: ANN401 - moto is untyped
        return s3_backends[self.number][_PARTITION]

    def forget(self) -> None:
        """Drop all that moto holds of this account, and its process-wide lists of everything it ever made."""
        for backends in (iam_backends, s3_backends):
            backends[self.number].reset()
            backends.pop(self.number)
        reset_model_data()

    def snapshot(self) -> object:
        return copy.deepcopy((self.iam, self.s3))

    def restore(self, snapshot: object) -> None:
        iam, s3 = copy.deepcopy(cast("tuple[Any, Any]", snapshot))
        iam_backends[self.number][_PARTITION] = iam
        s3_backends[self.number][_PARTITION] = s3

    def add_user(self, name: str, policies: Mapping[str, Mapping[str, Any]]) -> None:
        self.iam.create_user(REGION, name)
        for policy, document in policies.items():
            self.iam.put_user_policy(name, policy, json.dumps(document))

    def add_access_key(self, user: str) -> KeyPair:
        key = self.iam.create_access_key(user)
        return KeyPair(key.access_key_id, key.secret_access_key)

    def attach_aws_managed_policy(self, user: str, name: str) -> str:
        """Gives the policy's ARN. The sandbox has only those AWS-managed policies that were attached so."""
        data = json.loads(aws_managed_policies_data)[name]
        policy = AWSManagedPolicy.from_data(name, self.number, REGION, data)
        arn: str = policy.arn
        self.iam.managed_policies.setdefault(arn, policy)
        self.iam.attach_user_policy(arn, user)
        return arn

    def backdate(self, age: timedelta) -> None:
        """Users, keys and roles, as if they had been made so long ago."""
        users = list(self.iam.users.values())
        keys = [key for user in users for key in user.access_keys]
        for made in (*users, *keys, *self.iam.get_roles()):
            made.create_date -= age

    def key(self, key_id: str) -> KeyRecord | None:
        for user in self.iam.users.values():
            for key in user.access_keys:
                if key.access_key_id == key_id:
                    return KeyRecord(_user_record(user), key.secret_access_key, key.status == "Active")
        return None

    def user(self, name: str) -> UserRecord | None:
        user = self.iam.users.get(name)
        return _user_record(user) if user else None

    def role(self, name: str) -> RoleRecord | None:
        for role in self.iam.get_roles():
            if role.name == name:
                return RoleRecord(role.name, role.id, role.arn, role.assume_role_policy_document)
        return None

    def identity_provider(self, name: str) -> Any:  # noqa: ANN401 - moto is untyped
        """The OpenID Connect provider of this address, without its scheme; None where there is none."""
        return next((one for one in self.iam.open_id_providers.values() if one.url == name), None)

    def mark_used(self, key_id: str, service: str, region: str, now: float) -> None:
        """What GetAccessKeyLastUsed shows. A key that is gone by now (it deleted itself) is passed over."""
        moment = datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
        for user in self.iam.users.values():
            for key in user.access_keys:
                if key.access_key_id == key_id:
                    key.last_used = AccessKeyLastUsed(timestamp=moment, service=service, region=region)

    def policies_of_user(self, name: str) -> tuple[Policy, ...]:
        """Inline, attached, and through groups."""
        user = self.iam.users[name]
        return tuple(
            policy
            for holder in (user, *self.iam.get_groups_for_user(name))
            for policy in _policies_of(holder)
        )

    def policies_of_role(self, name: str) -> tuple[Policy, ...]:
        return tuple(_policies_of(self.iam.get_role(name)))

    def managed_policy(self, arn: str) -> Policy | None:
        found = self.iam.managed_policies.get(arn)
        return _managed(found) if found else None


def _user_record(user: Any) -> UserRecord:  # noqa: ANN401 - moto is untyped
    return UserRecord(user.name, user.id, user.arn)


def _policies_of(holder: Any) -> Iterable[Policy]:  # noqa: ANN401 - moto's user, group or role
    for name, document in holder.policies.items():
        yield Policy(name, document)
    for managed in holder.managed_policies.values():
        yield _managed(managed)


def _managed(policy: Any) -> Policy:  # noqa: ANN401 - moto is untyped
    return Policy(policy.name, next(v.document for v in policy.versions if v.is_default))
