"""What keeps an IAM user or role from being deleted: all of it goes first, each looked for in its turn.

A user that has any of it is answered DeleteConflict; the list is of
https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html, the role's of API_DeleteRole.html.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from responder.errors import NotFoundError
from responder.providers.aws.errors import ask

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

__all__ = ["delete_role", "delete_user"]

_VIRTUAL: Final = ":mfa/"  # in the serial number of a second factor that is a record of IAM's, and no device

_Deletion = tuple[str, Callable[..., Any], dict[str, str]]


def delete_user(iam: "IAMClient", user: str) -> None:
    """With everything but its access keys, which are to be gone by then. What is gone already is passed over.

    Raises:
        ProviderError: as `ask`.
    """
    for operation, method, what in _of_user(iam, user):
        _gone(operation, method, **what)


def delete_role(iam: "IAMClient", role: str) -> None:
    """As `delete_user`."""
    for operation, method, more in _of_role(iam, role):
        _gone(operation, method, RoleName=role, **more)


def _of_user(iam: "IAMClient", user: str) -> Iterator[_Deletion]:
    """What it signs in with first."""
    whose = {"UserName": user}
    yield "iam:DeleteLoginProfile", iam.delete_login_profile, whose
    for one in _listed(iam, "iam:ListSSHPublicKeys", "list_ssh_public_keys", "SSHPublicKeys", **whose):
        what = {"SSHPublicKeyId": one["SSHPublicKeyId"]}
        yield "iam:DeleteSSHPublicKey", iam.delete_ssh_public_key, whose | what
    asked = "iam:ListSigningCertificates"
    for one in _listed(iam, asked, "list_signing_certificates", "Certificates", **whose):
        what = {"CertificateId": one["CertificateId"]}
        yield "iam:DeleteSigningCertificate", iam.delete_signing_certificate, whose | what
    for identifier in _service_specific(iam, user):
        what = {"ServiceSpecificCredentialId": identifier}
        delete = iam.delete_service_specific_credential
        yield "iam:DeleteServiceSpecificCredential", delete, whose | what
    for one in _listed(iam, "iam:ListMFADevices", "list_mfa_devices", "MFADevices", **whose):
        serial = {"SerialNumber": one["SerialNumber"]}
        yield "iam:DeactivateMFADevice", iam.deactivate_mfa_device, whose | serial
        if _VIRTUAL in one["SerialNumber"]:
            yield "iam:DeleteVirtualMFADevice", iam.delete_virtual_mfa_device, serial
    for name in _listed(iam, "iam:ListUserPolicies", "list_user_policies", "PolicyNames", **whose):
        yield "iam:DeleteUserPolicy", iam.delete_user_policy, whose | {"PolicyName": name}
    asked = "iam:ListAttachedUserPolicies"
    for one in _listed(iam, asked, "list_attached_user_policies", "AttachedPolicies", **whose):
        yield "iam:DetachUserPolicy", iam.detach_user_policy, whose | {"PolicyArn": one["PolicyArn"]}
    for one in _listed(iam, "iam:ListGroupsForUser", "list_groups_for_user", "Groups", **whose):
        what = {"GroupName": one["GroupName"]}
        yield "iam:RemoveUserFromGroup", iam.remove_user_from_group, whose | what
    yield "iam:DeleteUser", iam.delete_user, whose


def _of_role(iam: "IAMClient", role: str) -> Iterator[_Deletion]:
    whose = {"RoleName": role}
    for name in _listed(iam, "iam:ListRolePolicies", "list_role_policies", "PolicyNames", **whose):
        yield "iam:DeleteRolePolicy", iam.delete_role_policy, {"PolicyName": name}
    asked = "iam:ListAttachedRolePolicies"
    for one in _listed(iam, asked, "list_attached_role_policies", "AttachedPolicies", **whose):
        yield "iam:DetachRolePolicy", iam.detach_role_policy, {"PolicyArn": one["PolicyArn"]}
    asked = "iam:ListInstanceProfilesForRole"
    for one in _listed(iam, asked, "list_instance_profiles_for_role", "InstanceProfiles", **whose):
        name = {"InstanceProfileName": one["InstanceProfileName"]}
        yield "iam:RemoveRoleFromInstanceProfile", iam.remove_role_from_instance_profile, name
    yield "iam:DeleteRole", iam.delete_role, {}


def _listed(iam: "IAMClient", asked: str, operation: str, key: str, **whose: str) -> Sequence[Any]:
    """All pages; nothing of what is gone."""
    pages: Any = iam.get_paginator(operation)  # type: ignore[call-overload]  # one of several
    try:
        return [one for page in ask(asked, list, pages.paginate(**whose)) for one in page[key]]
    except NotFoundError:
        return []


def _service_specific(iam: "IAMClient", user: str) -> Sequence[str]:
    """For CodeCommit, Keyspaces, Bedrock and whatever else there is; botocore has no paginator for them."""
    operation, more = "iam:ListServiceSpecificCredentials", cast("dict[str, Any]", {"UserName": user})
    found: list[str] = []
    while True:
        try:
            page: Any = ask(operation, iam.list_service_specific_credentials, **more)
        except NotFoundError:
            return found
        found += [one["ServiceSpecificCredentialId"] for one in page["ServiceSpecificCredentials"]]
        if not page.get("IsTruncated"):
            return found
        more["Marker"] = page["Marker"]


def _gone(operation: str, method: Callable[..., Any], **what: str) -> None:
    try:
        ask(operation, method, **what)
    except NotFoundError:
        return
