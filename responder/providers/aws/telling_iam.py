"""What is told of each action of IAM that leaves something behind."""

from collections.abc import Mapping
from typing import Final

from responder.providers.aws.following import issued, policy_made, session_of
from responder.providers.aws.history import Event
from responder.providers.aws.telling import OUTLIVES, Part, Telling, answered, asked, holder_name

DELETE_KEY: Final = "aws.delete_foreign_access_key"
DELETE_USER: Final = "aws.delete_foreign_user"
DELETE_ROLE: Final = "aws.delete_foreign_role"
DELETED: Final = "aws.identity-deleted"

_CLOSED: Final = (
    '\'{{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", "Principal": {{"AWS": "*"}}, '
    '"Action": "sts:AssumeRole"}}]}}\''
)

_USER: Final = Telling(
    "aws.user-created",
    "IAM user {subject} was made with what leaked",
    "critical",
    OUTLIVES,
    asked("userName"),
    undo="aws iam delete-user --user-name {subject}",
    remove_with=DELETE_USER,
)
_KEY: Final = Telling(
    "aws.key-created",
    "An access key of {of} was made with what leaked",
    "critical",
    OUTLIVES,
    issued,
    answered("accessKey", "userName"),
    undo="aws iam delete-access-key --user-name {of} --access-key-id {subject}",
    remove_with=DELETE_KEY,
)
_PASSWORD: Final = Telling(
    "aws.password-set",
    "A password for the console was set for {subject}",
    "critical",
    OUTLIVES,
    asked("userName"),
    undo="aws iam delete-login-profile --user-name {subject}",
    part="a password",
    hangs=True,
)
_ROLE: Final = Telling(
    "aws.role-created",
    "Role {subject} was made with what leaked{trusts}",
    "critical",
    OUTLIVES,
    asked("roleName"),
    undo="aws iam delete-role --role-name {subject}",
    remove_with=DELETE_ROLE,
)
_TRUST_CHANGED: Final = Telling(
    "aws.trust-changed",
    "Whom role {subject} trusts was changed{trusts}",
    "critical",
    "Whoever it lets in needs no key of this account; the command closes it to everybody, until you put "
    "back the trust policy of before.",
    asked("roleName"),
    undo=f"aws iam update-assume-role-policy --role-name {{subject}} --policy-document {_CLOSED}",
    part="another trust policy",
)
_POLICY_MADE: Final = Telling(
    "aws.policy-changed",
    "The managed policy {subject} was made",
    "high",
    "All that it is attached to may do what it says; it can be deleted once it is detached.",
    policy_made,
    undo="aws iam delete-policy --policy-arn {subject}",
)
_KEY_STATUS: Final = Telling(
    "aws.key-status-changed",
    "The access key {subject} of {of} was made active or inactive",
    "high",
    "A key that was out of use may open what it opened, or an honest one was put out of use.",
    asked("accessKeyId"),
    lambda event: str(event.asked.get("userName") or session_of(event)[1]),  # AWS takes who asks, else
    undo="aws iam update-access-key --user-name {of} --access-key-id {subject} --status {back}",
)
_GROUP_JOINED: Final = Telling(
    "aws.group-joined",
    "{of} was put into the group {subject}",
    "critical",
    "What the group may do, this user may do.",
    asked("groupName"),
    asked("userName"),
    undo="aws iam remove-user-from-group --group-name {subject} --user-name {of}",
    part="a group",
    hangs=True,
)
_GROUP_MADE: Final = Telling(
    "aws.group-created",
    "The group {subject} was made",
    "medium",
    "Whoever is in it may do what its policies say; it can be deleted once both are out of it.",
    asked("groupName"),
    undo="aws iam delete-group --group-name {subject}",
)
_BOUNDARY: Final = Telling(
    "aws.boundary-changed",
    "What limits all that {subject} may do, its permissions boundary, was changed or taken away",
    "critical",
    "What it forbade may be allowed now; put back the one of before.",
    holder_name,
    part="a permissions boundary",
)
_PROFILE_MADE: Final = Telling(
    "aws.instance-profile-created",
    "The instance profile {subject} was made",
    "medium",
    "It gives a role to instances; it can be deleted once no role is in it.",
    asked("instanceProfileName"),
    undo="aws iam delete-instance-profile --instance-profile-name {subject}",
)
_PROFILE_GIVEN: Final = Telling(
    "aws.instance-profile-changed",
    "The role {subject} was put into the instance profile {of}",
    "critical",
    "Whoever is on an instance with it may do what the role may.",
    asked("roleName"),
    asked("instanceProfileName"),
    undo="aws iam remove-role-from-instance-profile --instance-profile-name {of} --role-name {subject}",
    part="an instance profile",
    hangs=True,
)
_MFA_ADDED: Final = Telling(
    "aws.mfa-added",
    "A second factor of {of} was added",
    "high",
    "Who signs in as this user is asked for something else now.",
    asked("serialNumber"),
    asked("userName"),
    undo="aws iam deactivate-mfa-device --user-name {of} --serial-number {subject}",
    part="a second factor",
    hangs=True,
)
_MFA_REMOVED: Final = Telling(
    "aws.mfa-removed",
    "A second factor of {of} was taken away",
    "high",
    "A password is enough now to sign in as this user, until they add one again.",
    asked("serialNumber"),
    asked("userName"),
    part="a second factor taken away",
)
_MFA_MADE: Final = Telling(
    "aws.mfa-made",
    "A virtual second factor was made",
    "info",
    "It asks nobody for anything until it is somebody's.",
    answered("virtualMFADevice", "serialNumber"),
    undo="aws iam delete-virtual-mfa-device --serial-number {subject}",
)
_CLIENT_ADDED: Final = Telling(
    "aws.identity-provider-changed",
    "The client {of} was added to the identity provider {subject}",
    "critical",
    "Whoever it speaks for may take on each role that trusts it, with no key of this account.",
    asked("openIDConnectProviderArn"),
    asked("clientID"),
    undo="aws iam remove-client-id-from-open-id-connect-provider --open-id-connect-provider-arn {subject} "
    "--client-id {of}",
)
_PASSWORD_RESET: Final = Telling(
    "aws.credential-added",
    "The password of a service-specific credential of {of} was set anew: {subject}",
    "critical",
    OUTLIVES,
    answered("serviceSpecificCredential", "serviceSpecificCredentialId"),
    asked("userName"),
    undo="aws iam delete-service-specific-credential --user-name {of} --service-specific-credential-id "
    "{subject}",
    part="a service-specific credential",
    hangs=True,
)


def _policy(holder: str) -> dict[str, Telling]:
    """What puts a policy on a user, role or group, and what takes one away."""
    gone = Telling(
        "aws.policy-removed",
        "A policy was taken from {of}: {subject}",
        "high",
        "Where it denied something, that is allowed again; put it back from where you keep it.",
        asked("policyName"),
        holder_name,
        part="a policy taken away",
    )
    put = Telling(
        "aws.policy-put",
        f"The inline policy {{subject}} was put on the {holder} {{of}}",
        "critical",
        f"What it allows stays allowed to whoever has the {holder}.",
        asked("policyName"),
        holder_name,
        undo=f"aws iam delete-{holder}-policy --{holder}-name {{of}} --policy-name {{subject}}",
        part="a policy",
        hangs=True,
    )
    attached = Telling(
        "aws.policy-attached",
        f"The policy {{subject}} was attached to the {holder} {{of}}",
        "critical",
        f"What it allows stays allowed to whoever has the {holder}.",
        asked("policyArn"),
        holder_name,
        undo=f"aws iam detach-{holder}-policy --{holder}-name {{of}} --policy-arn {{subject}}",
        part="a policy",
        hangs=True,
    )
    detached = Telling(
        "aws.policy-removed",
        gone.what,
        gone.severity,
        "Where it denied something, that is allowed again.",
        asked("policyArn"),
        holder_name,
        undo=f"aws iam attach-{holder}-policy --{holder}-name {{of}} --policy-arn {{subject}}",
        part=gone.part,
    )
    name = holder.title()
    return {
        f"Put{name}Policy": put,
        f"Attach{name}Policy": attached,
        f"Delete{name}Policy": gone,
        f"Detach{name}Policy": detached,
    }


def _credential(what: str, operation: str, option: str, identifier: Part) -> Telling:
    """One of a user beside keys and password; each lets somebody in by itself."""
    return Telling(
        "aws.credential-added",
        f"{what[0].upper()}{what[1:]}, {{subject}}, was added to {{of}}",
        "critical",
        OUTLIVES,
        identifier,
        asked("userName"),
        undo=f"aws iam {operation} --user-name {{of}} --{option} {{subject}}",
        part=what,
        hangs=True,
    )


def _provider(kind: str, arn: str) -> Telling:
    return Telling(
        "aws.identity-provider-added",
        "The identity provider {subject} was added",
        "critical",
        "Whoever it speaks for may take on each role that trusts it, with no key of this account.",
        answered(arn),
        undo=f"aws iam delete-{kind}-provider --{kind}-provider-arn {{subject}}",
    )


def _provider_changed(arn: str) -> Telling:
    return Telling(
        "aws.identity-provider-changed",
        "The identity provider {subject} was changed",
        "critical",
        "Whoever it speaks for now may take on each role that trusts it; put back what it was.",
        asked(arn),
    )


def _deleted(what: str, subject: Part, of: Part = lambda _: "") -> Telling:
    return Telling(
        DELETED,
        f"{what} was deleted: {{subject}}",
        "high",
        "Who worked with it is locked out; make it again if it was yours.",
        subject,
        of,
    )


def policy_version(event: Event) -> Telling:
    """A version of a managed policy that was added, which may be in force at once."""
    version = answered("policyVersion", "versionId")(event)
    undo = "aws iam delete-policy-version --policy-arn {subject} --version-id {of}"
    because = "It is not in force until somebody makes it the default."
    if str(event.asked.get("setAsDefault")).lower() == "true":
        before = f"v{int(version[1:]) - 1}" if version[1:].isdecimal() else "v1"
        undo = f"aws iam set-default-policy-version --policy-arn {{subject}} --version-id {before}; {undo}"
        because = (
            f"All that it is attached to may do what it says now; {before} is taken to be what was before."
        )
    return Telling(
        "aws.policy-changed",
        "The managed policy {subject} was given the version {of}",
        "high",
        because,
        asked("policyArn"),
        answered("policyVersion", "versionId"),
        undo=undo,
    )


_DEFAULT_SET: Final = Telling(
    "aws.policy-changed",
    "Another version of the managed policy {subject} was put in force: {of}",
    "high",
    "All that it is attached to may do what that says; `aws iam list-policy-versions` has the others.",
    asked("policyArn"),
    asked("versionId"),
)

IAM: Final[Mapping[str, Telling]] = {
    "CreateUser": _USER,
    "CreateAccessKey": _KEY,
    "CreateLoginProfile": _PASSWORD,
    "UpdateLoginProfile": _PASSWORD,
    "CreateRole": _ROLE,
    "UpdateAssumeRolePolicy": _TRUST_CHANGED,
    **_policy("user"),
    **_policy("role"),
    **_policy("group"),
    "AddUserToGroup": _GROUP_JOINED,
    "CreateGroup": _GROUP_MADE,
    **{f"{did}{one}PermissionsBoundary": _BOUNDARY for did in ("Put", "Delete") for one in ("User", "Role")},
    "CreateInstanceProfile": _PROFILE_MADE,
    "AddRoleToInstanceProfile": _PROFILE_GIVEN,
    "UploadSSHPublicKey": _credential(
        "an SSH public key",
        "delete-ssh-public-key",
        "ssh-public-key-id",
        answered("sSHPublicKey", "sSHPublicKeyId"),
    ),
    "UploadSigningCertificate": _credential(
        "a signing certificate",
        "delete-signing-certificate",
        "certificate-id",
        answered("certificate", "certificateId"),
    ),
    "CreateServiceSpecificCredential": _credential(
        "a service-specific credential",
        "delete-service-specific-credential",
        "service-specific-credential-id",
        answered("serviceSpecificCredential", "serviceSpecificCredentialId"),
    ),
    "ResetServiceSpecificCredential": _PASSWORD_RESET,
    "CreateOpenIDConnectProvider": _provider("open-id-connect", "openIDConnectProviderArn"),
    "CreateSAMLProvider": _provider("saml", "sAMLProviderArn"),
    "AddClientIDToOpenIDConnectProvider": _CLIENT_ADDED,
    "UpdateOpenIDConnectProviderThumbprint": _provider_changed("openIDConnectProviderArn"),
    "UpdateSAMLProvider": _provider_changed("sAMLProviderArn"),
    "UpdateAccessKey": _KEY_STATUS,
    "CreatePolicy": _POLICY_MADE,
    "SetDefaultPolicyVersion": _DEFAULT_SET,
    "CreateVirtualMFADevice": _MFA_MADE,
    "EnableMFADevice": _MFA_ADDED,
    "DeactivateMFADevice": _MFA_REMOVED,
    "DeleteUser": _deleted("An IAM user", asked("userName")),
    "DeleteRole": _deleted("A role", asked("roleName")),
    "DeleteAccessKey": _deleted("An access key", asked("accessKeyId"), asked("userName")),
    "DeleteLoginProfile": _deleted("A password for the console", asked("userName")),
    "DeletePolicy": _deleted("A managed policy", asked("policyArn")),
    "DeletePolicyVersion": _deleted("A version of a managed policy", asked("policyArn"), asked("versionId")),
}
