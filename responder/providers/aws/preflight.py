"""Before an incident: who we are at AWS, what we may do there, and whether the inventory's users exist."""

import json
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from responder.action import Connections
from responder.errors import DeniedError, NotFoundError, ProviderError, RejectedError, TransientError
from responder.finding import Finding, age, clock, failed, ok, refused, warning
from responder.providers.aws.connection import AwsConnection, operator_key_id, whoami
from responder.providers.aws.errors import ExplicitlyDeniedError, ask
from responder.providers.aws.keys import is_user

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

# "An explicit deny does not stop it": the answer to it is the identity itself.
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
UNDENIABLE: Final = frozenset({"sts:GetCallerIdentity"})
MOST_KEYS: Final = 2  # a user may have

_NO_KEY: Final = "AKIA" + "0" * 16
_NO_POLICY: Final = "respond-doctor-asks"

# What cannot be done without these, while all else can.
_FOR_WHAT: Final[Mapping[str, Collection[str]]] = {
    "the leaked session of a role could not be denied": (
        "iam:DeleteRolePolicy",
        "iam:GetRolePolicy",
        "iam:PutRolePolicy",
    ),
    "what was done with a leaked key could not all be reviewed": (
        "cloudtrail:LookupEvents",
        "ec2:DescribeRegions",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetInstanceProfile",
        "iam:GetLoginProfile",
        "iam:GetOpenIDConnectProvider",
        "iam:GetSAMLProvider",
    ),
    "what an intruder left could not all be deleted": (
        "iam:DeactivateMFADevice",
        "iam:DeleteLoginProfile",
        "iam:DeleteRole",
        "iam:DeleteSSHPublicKey",
        "iam:DeleteServiceSpecificCredential",
        "iam:DeleteSigningCertificate",
        "iam:DeleteUser",
        "iam:DeleteVirtualMFADevice",
        "iam:DetachRolePolicy",
        "iam:DetachUserPolicy",
        "iam:GetRole",
        "iam:GetUser",
        "iam:ListAttachedRolePolicies",
        "iam:ListAttachedUserPolicies",
        "iam:ListGroupsForUser",
        "iam:ListInstanceProfilesForRole",
        "iam:ListMFADevices",
        "iam:ListRolePolicies",
        "iam:ListSSHPublicKeys",
        "iam:ListServiceSpecificCredentials",
        "iam:ListSigningCertificates",
        "iam:ListUserPolicies",
        "iam:RemoveRoleFromInstanceProfile",
        "iam:RemoveUserFromGroup",
    ),
}
BESIDE: Final = frozenset(word for words in _FOR_WHAT.values() for word in words)

# Each changes nothing, as what it names does not exist, and is refused only for want of the permission.
_HARMLESS: Final[Mapping[str, Callable[["IAMClient", str], object]]] = {
    "iam:DeleteAccessKey": lambda iam, user: iam.delete_access_key(UserName=user, AccessKeyId=_NO_KEY),
    "iam:DeleteUserPolicy": lambda iam, user: iam.delete_user_policy(UserName=user, PolicyName=_NO_POLICY),
    "iam:GetUserPolicy": lambda iam, user: iam.get_user_policy(UserName=user, PolicyName=_NO_POLICY),
    "iam:ListAccessKeys": lambda iam, user: iam.list_access_keys(UserName=user),
    "iam:UpdateAccessKey": lambda iam, user: iam.update_access_key(
        UserName=user, AccessKeyId=_NO_KEY, Status="Inactive"
    ),
}


def identity(connections: Connections, now: Callable[[], datetime]) -> Iterator[Finding]:
    """Who we are, and this machine's clock against the answer, which comes also to a bad signature."""
    clocks: list[Finding] = []

    def note(response_dict: Mapping[str, Any] | None = None, **_: object) -> None:
        if response_dict and (date := response_dict["headers"].get("date")):
            clocks.append(clock("AWS", date, now()))

    connections.get(AwsConnection).sts.meta.events.register("response-received.sts", note)
    try:
        yield ok(f"You are {whoami(connections)}.")
    except ProviderError as error:
        yield refused(error)
    yield from clocks[-1:]


def permissions(connections: Connections, wanted: Collection[str], users: Sequence[str]) -> Iterator[Finding]:
    """Whether the operator may do on these IAM users what the actions declare.

    By iam:SimulatePrincipalPolicy; where that is not allowed, by calls that change nothing.
    """
    aws = connections.get(AwsConnection)
    needed = sorted(set(wanted) - UNDENIABLE)
    operator = _Operator(whoami(connections))
    targets = ", ".join(users) or "any user"
    if not needed:
        return
    if operator.is_root:
        yield warning(
            "The operator is the account's root, which may do everything and cannot be restricted.",
            "Make an administrator of its own: aws iam create-user --user-name respond-operator",
        )
        return
    yield from _beside(aws, operator, needed)
    needed = [one for one in needed if one not in BESIDE]
    if not needed:
        return
    resources = [operator.arn_of(aws, user) for user in users]
    try:
        decided, how = _simulated(aws, operator, needed, resources), "iam:SimulatePrincipalPolicy"
    except (DeniedError, NotFoundError, RejectedError):
        decided, how = _tried(aws, needed, users), "calls that change nothing"
    absent = [one for one in needed if decided.get(one) == "implicitDeny"]
    denied = [one for one in needed if decided.get(one) == "explicitDeny"]
    untold = [one for one in needed if one not in decided]
    if absent:
        yield failed(
            f"{operator.name} may not {', '.join(absent)} on {targets} (by {how}).",
            operator.allow(needed, resources),
        )
    if denied:
        yield failed(
            f"A policy's Deny keeps {operator.name} from {', '.join(denied)} on {targets} (by {how}).",
            f"Take it out of the policy that has it: {operator.policies()}",
        )
    if untold:
        yield warning(
            f"Whether {operator.name} may {', '.join(untold)} could not be found out without doing it.",
            operator.allow(["iam:SimulatePrincipalPolicy"], [operator.principal]),
        )
    if not (absent or denied or untold):
        yield ok(f"{operator.name} may {', '.join(needed)} on {targets} (by {how}).")


def _beside(aws: AwsConnection, operator: "_Operator", wanted: Sequence[str]) -> Iterator[Finding]:
    """What is needed for some things only: without it the rest works all the same."""
    asked = [one for one in wanted if one in BESIDE]
    try:
        decided = _simulated(aws, operator, asked, []) if asked else {}
    except (DeniedError, NotFoundError, RejectedError):
        decided = {}
    for without, words in _FOR_WHAT.items():
        needed = [one for one in asked if one in words]
        absent = [one for one in needed if decided.get(one) != "allowed"]
        if absent:
            yield warning(
                f"{operator.name} may not {', '.join(absent)}, or that could not be found out: {without}.",
                operator.allow(needed, []),
            )
        elif needed:
            yield ok(f"{operator.name} may {', '.join(needed)}.")


def access_keys(
    connections: Connections, user: str, max_age: timedelta | None, now: datetime
) -> Iterator[Finding]:
    """An IAM user of the inventory: that it is there, is not the operator's own, and has room for a key."""
    aws = connections.get(AwsConnection)
    try:
        listed = ask("iam:ListAccessKeys", aws.iam.list_access_keys, UserName=user)["AccessKeyMetadata"]
    except NotFoundError:
        yield failed(
            f"There is no IAM user {user}.",
            "Name the right one in respond.toml; these exist: aws iam list-users --query 'Users[].UserName'",
        )
        return
    if is_user(whoami(connections), user):
        yield failed(
            f"You are signed in as {user} ({operator_key_id(connections)}), whose keys the inventory has "
            "replaced: that would lock you out half way.",
            "Sign in as another administrator: export AWS_PROFILE=…",
        )
    if not listed:
        yield warning(
            f"{user} has no access key, so nothing of it can leak.",
            f"Take it out of respond.toml, or: aws iam create-access-key --user-name {user}",
        )
    if len(listed) >= MOST_KEYS:
        yield warning(
            f"{user} has {' and '.join(key['AccessKeyId'] for key in listed)}: "
            "there is no room for a fresh key.",
            f"Delete the one that is not in use: aws iam delete-access-key --user-name {user} "
            "--access-key-id …; or name it to `respond leak` with --delete-key.",
        )
    for key in listed:
        what = f"Access key {key['AccessKeyId']} of {user} ({key['Status']})"
        yield age(what, key["CreateDate"], now, max_age)


def decided(connections: Connections, actions: Sequence[str], resource: str) -> dict[str, str]:
    """Permission -> IAM's word for what the operator's own policies say; empty where we may not simulate."""
    operator = _Operator(whoami(connections))
    if operator.is_root:
        return dict.fromkeys(actions, "allowed")
    try:
        return _simulated(connections.get(AwsConnection), operator, actions, [resource])
    except (DeniedError, NotFoundError, RejectedError):
        return {}


def allowing(connections: Connections, actions: Sequence[str], resources: Sequence[str], policy: str) -> str:
    """A command that gives the operator a policy of this name with these permissions."""
    return _Operator(whoami(connections)).allow(actions, resources, policy)


def policies(connections: Connections) -> str:
    """Commands that list the operator's own."""
    return _Operator(whoami(connections)).policies()


@dataclass(frozen=True)
class _Operator:
    """By the ARN that STS gives: of a user, of a session of a role, or of the root."""

    arn: str

    @property
    def is_root(self) -> bool:
        return self.arn.endswith(":root")

    @property
    def _is_role(self) -> bool:
        return ":assumed-role/" in self.arn

    @property
    def name(self) -> str:
        parts = self.arn.split("/")
        return parts[1] if self._is_role else parts[-1]

    @property
    def principal(self) -> str:
        """The ARN that policies hang on. A session does not tell its role's path."""
        return f"{self._account}:role/{self.name}" if self._is_role else self.arn

    @property
    def _account(self) -> str:
        _, partition, _, _, account, _ = self.arn.split(":", 5)
        return f"arn:{partition}:iam::{account}"

    def arn_of(self, aws: AwsConnection, user: str) -> str:
        """With the user's path, where IAM tells us of it."""
        try:
            return ask("iam:GetUser", aws.iam.get_user, UserName=user)["User"]["Arn"]
        except (DeniedError, NotFoundError):
            return f"{self._account}:user/{user}"

    def allow(self, actions: Sequence[str], resources: Sequence[str], policy: str = "") -> str:
        """A command that allows all of these: it replaces what it allowed when it was last typed."""
        statement = {"Effect": "Allow", "Action": [*actions], "Resource": [*resources] or ["*"]}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
        kind = "role" if self._is_role else "user"
        policy = policy or ("respond" if len(actions) > 1 else f"respond-{actions[0].partition(':')[2]}")
        return (
            f"aws iam put-{kind}-policy --{kind}-name {self.name} --policy-name {policy} "
            f"--policy-document {shlex.quote(document)}"
        )

    def policies(self) -> str:
        kind = "role" if self._is_role else "user"
        return (
            f"aws iam list-{kind}-policies --{kind}-name {self.name}; "
            f"aws iam list-attached-{kind}-policies --{kind}-name {self.name}"
        )


def _simulated(
    aws: AwsConnection, operator: _Operator, needed: Sequence[str], resources: Sequence[str]
) -> dict[str, str]:
    """Permission -> IAM's word, the worst of all resources.

    Raises:
        ProviderError: we may not simulate, or the principal is none that has policies.
    """
    asked: dict[str, Any] = {"PolicySourceArn": operator.principal, "ActionNames": needed}
    if resources:
        asked["ResourceArns"] = resources
    pages = ask(
        "iam:SimulatePrincipalPolicy",
        lambda: list(aws.iam.get_paginator("simulate_principal_policy").paginate(**asked)),
    )
    decided: dict[str, str] = {}
    for page in pages:
        for result in page["EvaluationResults"]:
            _keep_worst(decided, result["EvalActionName"], result["EvalDecision"])
    return decided


def _tried(aws: AwsConnection, needed: Sequence[str], users: Sequence[str]) -> dict[str, str]:
    """As `_simulated`; what cannot be tried without doing it is left out."""
    decided: dict[str, str] = {}
    for user in users:
        for permission in needed:
            if call := _harmless(aws, permission, user):
                _keep_worst(decided, permission, _decision(permission, call))
    return decided


def _harmless(aws: AwsConnection, permission: str, user: str) -> Callable[[], object] | None:
    if permission == "iam:GetAccessKeyLastUsed":  # of a key that is not there, AWS tells nobody anything
        try:
            listed = ask("iam:ListAccessKeys", aws.iam.list_access_keys, UserName=user)
        except (DeniedError, NotFoundError):
            return None
        ids = [key["AccessKeyId"] for key in listed["AccessKeyMetadata"]]
        return (lambda: aws.iam.get_access_key_last_used(AccessKeyId=ids[0])) if ids else None
    call = _HARMLESS.get(permission)
    return (lambda: call(aws.iam, user)) if call else None


def _decision(permission: str, call: Callable[[], object]) -> str:
    try:
        ask(permission, call)
    except ExplicitlyDeniedError:
        return "explicitDeny"
    except DeniedError:
        return "implicitDeny"
    except TransientError:
        raise
    except (NotFoundError, RejectedError):
        return "allowed"
    return "allowed"


def _keep_worst(decided: dict[str, str], permission: str, decision: str) -> None:
    order = ("allowed", "implicitDeny", "explicitDeny")
    decided[permission] = max(decided.get(permission, "allowed"), decision, key=order.index)
