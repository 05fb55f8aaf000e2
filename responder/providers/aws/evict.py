"""Delete what somebody else made: an access key, a user, a role, with everything that hangs on it.

By identifier alone. What the inventory knows, what a run made and what the operator is are refused.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from responder.action import Call, Done, Input, Irreversible, NotDone, Nothing, Plan, Probe, answered
from responder.errors import NotFoundError, RefusedError
from responder.providers.aws.connection import AwsConnection, operator_key_id, whoami
from responder.providers.aws.errors import ask, request_id
from responder.providers.aws.keys import delete_key, is_user, list_keys, owner_elsewhere

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


class Foreign(Input):
    """`known` are the inventory's names and whatever runs made: never to be deleted here."""

    known: tuple[str, ...] = ()

    def refuse_known(self, name: str) -> None:
        """Raises: RefusedError."""
        if name in self.known:
            raise RefusedError(
                f"{name} is not foreign: the inventory knows it, or a run made it.",
                next_step="If it leaked, type `respond leak`; that replaces it.",
            )


class ForeignAccessKey(Foreign):
    access_key_id: str
    user: str


class ForeignUser(Foreign):
    user: str


class ForeignRole(Foreign):
    role: str


class DeleteForeignAccessKey(Irreversible[ForeignAccessKey, Nothing]):
    name = "aws.delete_foreign_access_key"
    permissions = (
        "iam:DeleteAccessKey",
        "iam:GetAccessKeyLastUsed",
        "iam:ListAccessKeys",
        "sts:GetCallerIdentity",
    )
    point_of_no_return = "A deleted access key cannot be brought back."

    def plan(self, call: Call, given: ForeignAccessKey) -> Plan:
        _refuse_key(call, given)
        return Plan(
            f"Delete the access key {given.access_key_id} of {given.user}",
            f"Whoever uses {given.access_key_id} is locked out.",
        )

    @answered
    def probe(self, call: Call, given: ForeignAccessKey) -> Probe[Nothing]:
        aws = call.connections.get(AwsConnection)
        listed = list_keys(aws, given.user)
        if listed.get(given.access_key_id):
            return NotDone(str(listed))
        if other := owner_elsewhere(aws, given.access_key_id, given.user):
            return NotDone(f"{listed}, but {given.access_key_id} is a key of {other}")
        return Done(Nothing(), str(listed))

    def apply(self, call: Call, given: ForeignAccessKey) -> Nothing:
        _refuse_key(call, given)
        delete_key(call.connections.get(AwsConnection), given.user, given.access_key_id)
        return Nothing()


class DeleteForeignUser(Irreversible[ForeignUser, Nothing]):
    name = "aws.delete_foreign_user"
    permissions = (
        "iam:DeactivateMFADevice",
        "iam:DeleteAccessKey",
        "iam:DeleteLoginProfile",
        "iam:DeleteUser",
        "iam:DeleteUserPolicy",
        "iam:DetachUserPolicy",
        "iam:GetUser",
        "iam:ListAccessKeys",
        "iam:ListAttachedUserPolicies",
        "iam:ListGroupsForUser",
        "iam:ListMFADevices",
        "iam:ListUserPolicies",
        "iam:RemoveUserFromGroup",
        "sts:GetCallerIdentity",
    )
    point_of_no_return = "A deleted user cannot be brought back."

    def plan(self, call: Call, given: ForeignUser) -> Plan:
        _refuse_user(call, given)
        return Plan(
            f"Delete the IAM user {given.user} with its keys, password, policies, groups and second factors",
            f"Whoever works as {given.user} is locked out, their sessions too.",
        )

    @answered
    def probe(self, call: Call, given: ForeignUser) -> Probe[Nothing]:
        iam = call.connections.get(AwsConnection).iam
        try:
            found = ask("iam:GetUser", iam.get_user, UserName=given.user)
        except NotFoundError as gone:
            named = gone.request_id
            return Done(Nothing(), f"iam:GetUser: there is no user {given.user} (request {named})")
        return NotDone(f"iam:GetUser: {found['User']['Arn']} is there (request {request_id(found)})")

    def apply(self, call: Call, given: ForeignUser) -> Nothing:
        """Keys and password first: they are what it is used by."""
        _refuse_user(call, given)
        aws = call.connections.get(AwsConnection)
        for key in list_keys(aws, given.user).ids:
            delete_key(aws, given.user, key)
        for operation, method, more in _hanging_on_user(aws.iam, given.user):
            _gone(operation, method, UserName=given.user, **more)
        return Nothing()


class DeleteForeignRole(Irreversible[ForeignRole, Nothing]):
    name = "aws.delete_foreign_role"
    permissions = (
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:GetRole",
        "iam:ListAttachedRolePolicies",
        "iam:ListInstanceProfilesForRole",
        "iam:ListRolePolicies",
        "iam:RemoveRoleFromInstanceProfile",
        "sts:GetCallerIdentity",
    )
    point_of_no_return = "A deleted role cannot be brought back."

    def plan(self, call: Call, given: ForeignRole) -> Plan:
        _refuse_role(call, given)
        return Plan(
            f"Delete the role {given.role} with its policies",
            f"Whoever has taken on {given.role} is locked out, their sessions too.",
        )

    @answered
    def probe(self, call: Call, given: ForeignRole) -> Probe[Nothing]:
        iam = call.connections.get(AwsConnection).iam
        try:
            found = ask("iam:GetRole", iam.get_role, RoleName=given.role)
        except NotFoundError as gone:
            named = gone.request_id
            return Done(Nothing(), f"iam:GetRole: there is no role {given.role} (request {named})")
        return NotDone(f"iam:GetRole: {found['Role']['Arn']} is there (request {request_id(found)})")

    def apply(self, call: Call, given: ForeignRole) -> Nothing:
        _refuse_role(call, given)
        for operation, method, more in _hanging_on_role(call.connections.get(AwsConnection).iam, given.role):
            _gone(operation, method, RoleName=given.role, **more)
        return Nothing()


_Deletion = tuple[str, Callable[..., Any], dict[str, str]]


def _hanging_on_user(iam: "IAMClient", user: str) -> Iterator[_Deletion]:
    """What keeps the user from being deleted, and the user itself; each looked for when its turn comes."""
    yield "iam:DeleteLoginProfile", iam.delete_login_profile, {}
    for name in _listed(iam, "list_user_policies", "PolicyNames", UserName=user):
        yield "iam:DeleteUserPolicy", iam.delete_user_policy, {"PolicyName": name}
    for one in _listed(iam, "list_attached_user_policies", "AttachedPolicies", UserName=user):
        yield "iam:DetachUserPolicy", iam.detach_user_policy, {"PolicyArn": one["PolicyArn"]}
    for one in _listed(iam, "list_groups_for_user", "Groups", UserName=user):
        yield "iam:RemoveUserFromGroup", iam.remove_user_from_group, {"GroupName": one["GroupName"]}
    for one in _listed(iam, "list_mfa_devices", "MFADevices", UserName=user):
        yield "iam:DeactivateMFADevice", iam.deactivate_mfa_device, {"SerialNumber": one["SerialNumber"]}
    yield "iam:DeleteUser", iam.delete_user, {}


def _hanging_on_role(iam: "IAMClient", role: str) -> Iterator[_Deletion]:
    for name in _listed(iam, "list_role_policies", "PolicyNames", RoleName=role):
        yield "iam:DeleteRolePolicy", iam.delete_role_policy, {"PolicyName": name}
    for one in _listed(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role):
        yield "iam:DetachRolePolicy", iam.detach_role_policy, {"PolicyArn": one["PolicyArn"]}
    for one in _listed(iam, "list_instance_profiles_for_role", "InstanceProfiles", RoleName=role):
        name = {"InstanceProfileName": one["InstanceProfileName"]}
        yield "iam:RemoveRoleFromInstanceProfile", iam.remove_role_from_instance_profile, name
    yield "iam:DeleteRole", iam.delete_role, {}


def _listed(iam: "IAMClient", operation: str, key: str, **whose: str) -> Sequence[Any]:
    """All pages; nothing of what is gone."""
    named = "iam:" + "".join(part.title() for part in operation.split("_")).replace("Mfa", "MFA")
    pages: Any = iam.get_paginator(operation)  # type: ignore[call-overload]  # one of several
    try:
        return [one for page in ask(named, list, pages.paginate(**whose)) for one in page[key]]
    except NotFoundError:
        return []


def _gone(operation: str, method: Callable[..., Any], **what: str) -> None:
    try:
        ask(operation, method, **what)
    except NotFoundError:
        return


def _refuse_key(call: Call, given: ForeignAccessKey) -> None:
    given.refuse_known(given.access_key_id)
    if operator_key_id(call.connections) == given.access_key_id:
        raise _own(given.access_key_id)


def _refuse_user(call: Call, given: ForeignUser) -> None:
    given.refuse_known(given.user)
    if is_user(whoami(call.connections), given.user):
        raise _own(given.user)


def _refuse_role(call: Call, given: ForeignRole) -> None:
    given.refuse_known(given.role)
    if f":assumed-role/{given.role}/" in whoami(call.connections):
        raise _own(given.role)


def _own(name: str) -> RefusedError:
    return RefusedError(
        f"{name} is what this very command works as: to delete it would lock you out.",
        next_step="Use another operator credential (AWS_PROFILE=…) and run it again.",
    )


ACTIONS = (DeleteForeignAccessKey(), DeleteForeignUser(), DeleteForeignRole())
