"""Delete what somebody else made: an access key, a user, a role, with everything that hangs on it.

By identifier alone. What the inventory knows, what a run made and what the operator is are refused.
"""

from responder.action import Call, Done, Irreversible, NotDone, Nothing, Plan, Probe, answered
from responder.errors import NotFoundError, RefusedError
from responder.providers.aws.belongings import delete_role, delete_user
from responder.providers.aws.connection import AwsConnection, operator_key_id, whoami
from responder.providers.aws.errors import ask, request_id
from responder.providers.aws.keys import delete_key, is_user, list_keys, owner_elsewhere
from responder.trace import Foreign


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
        "iam:DeleteSSHPublicKey",
        "iam:DeleteServiceSpecificCredential",
        "iam:DeleteSigningCertificate",
        "iam:DeleteUser",
        "iam:DeleteUserPolicy",
        "iam:DeleteVirtualMFADevice",
        "iam:DetachUserPolicy",
        "iam:GetUser",
        "iam:ListAccessKeys",
        "iam:ListAttachedUserPolicies",
        "iam:ListGroupsForUser",
        "iam:ListMFADevices",
        "iam:ListSSHPublicKeys",
        "iam:ListServiceSpecificCredentials",
        "iam:ListSigningCertificates",
        "iam:ListUserPolicies",
        "iam:RemoveUserFromGroup",
        "sts:GetCallerIdentity",
    )
    point_of_no_return = "A deleted user cannot be brought back."

    def plan(self, call: Call, given: ForeignUser) -> Plan:
        _refuse_user(call, given)
        return Plan(
            f"Delete the IAM user {given.user} with its keys, password, certificates, Git "
            "credentials, second factors, policies and groups",
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
        delete_user(aws.iam, given.user)
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
        delete_role(call.connections.get(AwsConnection).iam, given.role)
        return Nothing()


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
