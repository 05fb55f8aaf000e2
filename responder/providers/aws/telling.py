"""What an event of the intruder's means, in words: one entry for each action that leaves something behind."""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from responder.providers.aws.following import SESSIONS, issued, name_in
from responder.providers.aws.history import Event, plain
from responder.providers.aws.made import foreign_principals
from responder.trace import Severity, Trace

_LONGEST_SUBJECT: Final = 1000  # the ids of all instances that were started at once
OUTLIVES: Final = "It lives on when the leaked key is dead."

DELETE_KEY: Final = "aws.delete_foreign_access_key"
DELETE_USER: Final = "aws.delete_foreign_user"
DELETE_ROLE: Final = "aws.delete_foreign_role"


@dataclass(frozen=True)
class Telling:
    """How one action is told. In `what` and `undo`, {subject} and {of} are what it was done to."""

    kind: str
    what: str
    severity: Severity
    because: str
    subject: Callable[[Event], str]
    of: Callable[[Event], str] = lambda _: ""
    undo: str = ""
    remove_with: str = ""
    part: str = ""  # what it is of a user or role that the intruder made: no trace of its own

    def trace(self, event: Event) -> Trace:
        subject, of = plain(self.subject(event), _LONGEST_SUBJECT), plain(self.of(event))
        names = {"subject": subject, "of": of}
        quoted = {name: shlex.join(one.split()) or "''" for name, one in names.items()}
        quoted["back"] = "Active" if event.asked.get("status") == "Inactive" else "Inactive"
        return Trace(
            provider="aws",
            kind=self.kind,
            subject=subject,
            of=of,
            what=self.what.format(**names, trusts=_trusted(event)),
            at=event.at,
            mark=event.at.isoformat(),
            by=event.by,
            severity=self.severity,
            because=self.because + (_LIKE_OURS if _like_ours(event) else ""),
            evidence=event.evidence,
            undo=self.undo.format(**quoted),
            remove_with=self.remove_with,
        )


def asked(parameter: str) -> Callable[[Event], str]:
    return lambda event: str(event.asked.get(parameter) or "")


def holder_of(event: Event) -> str:
    return next((str(event.asked[n]) for n in ("userName", "roleName", "groupName") if n in event.asked), "")


def _key_owner(event: Event) -> str:
    made = event.answer.get("accessKey")
    return str(made.get("userName", "")) if isinstance(made, dict) else ""


def _role(event: Event) -> str:
    return name_in(str(event.asked.get("roleArn") or ""))


def _trusted(event: Event) -> str:
    """Whom of elsewhere the role of the event lets in, as a half-sentence."""
    document = event.asked.get("assumeRolePolicyDocument") or event.asked.get("policyDocument")
    try:
        parsed: Any = json.loads(unquote(str(document))) if document else None
    except ValueError:
        return ""
    named = foreign_principals(parsed, event.home) if event.action in _TRUST else ()
    return f", and lets in {plain(', '.join(named))}" if named else ""


def _like_ours(event: Event) -> bool:
    """Whoever made it says so, and may be lying: it stays as grave as any."""
    return event.action == "GetSessionToken" and "respond" in event.agent.split()


_LIKE_OURS: Final = (
    " It calls itself respond, which gets one of 15 minutes before it asks for a confirmation: was it one of "
    "you, on another machine?"
)
_TRUST: Final = ("CreateRole", "UpdateAssumeRolePolicy")

_USER: Final = Telling(
    "aws.user-created",
    "IAM user {subject} was made with what leaked",
    "critical",
    OUTLIVES,
    asked("userName"),
    undo="aws iam delete-user --user-name {subject}  # first what hangs on it: runbooks/evict.md",
    remove_with=DELETE_USER,
)
_KEY: Final = Telling(
    "aws.key-created",
    "An access key of {of} was made with what leaked",
    "critical",
    OUTLIVES,
    issued,
    _key_owner,
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
)
_ROLE: Final = Telling(
    "aws.role-created",
    "Role {subject} was made with what leaked{trusts}",
    "critical",
    OUTLIVES,
    asked("roleName"),
    undo="aws iam delete-role --role-name {subject}  # first what hangs on it: runbooks/evict.md",
    remove_with=DELETE_ROLE,
)
_TRUST_CHANGED: Final = Telling(
    "aws.trust-changed",
    "Whom role {subject} trusts was changed{trusts}",
    "critical",
    "Whoever it lets in needs no key of this account.",
    asked("roleName"),
    undo="aws iam update-assume-role-policy --role-name {subject} --policy-document file://as-it-was.json",
    part="another trust policy",
)


def _policy_put(holder: str) -> Telling:
    return Telling(
        "aws.policy-put",
        f"The inline policy {{subject}} was put on the {holder} {{of}}",
        "critical",
        f"What it allows stays allowed to whoever has the {holder}.",
        asked("policyName"),
        holder_of,
        undo=f"aws iam delete-{holder}-policy --{holder}-name {{of}} --policy-name {{subject}}",
        part="a policy",
    )


def _policy_attached(holder: str) -> Telling:
    return Telling(
        "aws.policy-attached",
        f"The policy {{subject}} was attached to the {holder} {{of}}",
        "critical",
        f"What it allows stays allowed to whoever has the {holder}.",
        asked("policyArn"),
        holder_of,
        undo=f"aws iam detach-{holder}-policy --{holder}-name {{of}} --policy-arn {{subject}}",
        part="a policy",
    )


def _policy_changed(parameter: str) -> Telling:
    return Telling(
        "aws.policy-changed",
        "The managed policy {subject} was made or changed",
        "high",
        "All that it is attached to may do what it says now.",
        asked(parameter),
        undo="aws iam list-entities-for-policy --policy-arn {subject}",
    )


def _mfa(verb: str, kind: str) -> Telling:
    return Telling(
        kind,
        f"A second factor of {{of}} was {verb}",
        "high",
        "Who signs in as this user is asked for something else now.",
        asked("serialNumber"),
        asked("userName"),
        undo="aws iam list-mfa-devices --user-name {of}",
        part="a second factor",
    )


def _logging(parameter: str) -> Telling:
    return Telling(
        "aws.logging-changed",
        "The trail {subject} was stopped, deleted or narrowed",
        "critical",
        "What came after it may be written down nowhere but in the 90 days of the event history.",
        asked(parameter),
        undo="aws cloudtrail start-logging --name {subject}",
    )


def _credential(what: str, operation: str, option: str, identifier: Callable[[Event], str]) -> Telling:
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
    )


def _answered(*path: str) -> Callable[[Event], str]:
    def found(event: Event) -> str:
        value: Any = event.answer
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return str(value or "")

    return found


def _instances(event: Event) -> str:
    started = event.answer.get("instancesSet")
    items = started.get("items", []) if isinstance(started, dict) else []
    return " ".join(str(one.get("instanceId", "")) for one in items)


def _provider(kind: str, arn: str) -> Telling:
    return Telling(
        "aws.identity-provider-added",
        "The identity provider {subject} was added",
        "critical",
        "Whoever it speaks for may take on each role that trusts it, with no key of this account.",
        _answered(arn),
        undo=f"aws iam delete-{kind}-provider --{kind}-provider-arn {{subject}}",
    )


_INSTANCES: Final = Telling(
    "aws.instances-started",
    "Instances were started in {of}: {subject}",
    "critical",
    "They run, and cost, when the leaked key is dead; each may hold a role's credentials.",
    _instances,
    lambda event: event.region,
    undo="aws ec2 terminate-instances --region {of} --instance-ids {subject}",
)
_BUCKET_OPENED: Final = Telling(
    "aws.bucket-policy-changed",
    "Who may read and write the bucket {subject} was changed",
    "critical",
    "Whoever it lets in needs no key of this account; put back the one of before, if there was one.",
    asked("bucketName"),
    undo="aws s3api delete-bucket-policy --bucket {subject}",
)
_KEY_STATUS: Final = Telling(
    "aws.key-status-changed",
    "The access key {subject} of {of} was made active or inactive",
    "high",
    "A key that was out of use may open what it opened, or an honest one was put out of use.",
    asked("accessKeyId"),
    asked("userName"),
    undo="aws iam update-access-key --user-name {of} --access-key-id {subject} --status {back}",
)
_DENIAL_GONE: Final = Telling(
    "aws.policy-removed",
    "A policy was taken from {of}: {subject}",
    "high",
    "Where it denied something, that is allowed again; put it back from where you keep it.",
    lambda event: asked("policyName")(event) or asked("policyArn")(event),
    holder_of,
    part="a policy taken away",
)
_SESSION: Final = Telling(
    "aws.session-taken",
    "A session was got with what leaked",
    "high",
    "A session lives when its key is dead; what denies the user's sessions is all that stops it.",
    issued,
)
_ROLE_SESSION: Final = Telling(
    "aws.session-taken",
    "A session of the role {of} was got with what leaked",
    "critical",
    "A role's session is stopped neither with the key nor by what denies the user's own sessions.",
    issued,
    _role,
    undo="aws iam put-role-policy --role-name {of} --policy-name deny-sessions --policy-document "
    "file://deny-sessions.json",
)
_GROUP: Final = Telling(
    "aws.group-joined",
    "{of} was put into the group {subject}",
    "critical",
    "What the group may do, this user may do.",
    asked("groupName"),
    asked("userName"),
    undo="aws iam remove-user-from-group --group-name {subject} --user-name {of}",
    part="a group",
)

TELLINGS: Final[Mapping[str, Telling]] = {
    "iam:CreateUser": _USER,
    "iam:CreateAccessKey": _KEY,
    "iam:CreateLoginProfile": _PASSWORD,
    "iam:UpdateLoginProfile": _PASSWORD,
    "iam:CreateRole": _ROLE,
    "iam:UpdateAssumeRolePolicy": _TRUST_CHANGED,
    "iam:AddUserToGroup": _GROUP,
    "iam:UploadSSHPublicKey": _credential(
        "an SSH public key",
        "delete-ssh-public-key",
        "ssh-public-key-id",
        _answered("sSHPublicKey", "sSHPublicKeyId"),
    ),
    "iam:UploadSigningCertificate": _credential(
        "a signing certificate",
        "delete-signing-certificate",
        "certificate-id",
        _answered("certificate", "certificateId"),
    ),
    "iam:CreateServiceSpecificCredential": _credential(
        "a service-specific credential",
        "delete-service-specific-credential",
        "service-specific-credential-id",
        _answered("serviceSpecificCredential", "serviceSpecificCredentialId"),
    ),
    "iam:CreateOpenIDConnectProvider": _provider("open-id-connect", "openIDConnectProviderArn"),
    "iam:CreateSAMLProvider": _provider("saml", "sAMLProviderArn"),
    "iam:UpdateAccessKey": _KEY_STATUS,
    **{f"iam:{did}{one}Policy": _DENIAL_GONE for did in ("Delete", "Detach") for one in ("User", "Role")},
    "ec2:RunInstances": _INSTANCES,
    "s3:PutBucketPolicy": _BUCKET_OPENED,
    **{f"iam:Put{one.title()}Policy": _policy_put(one) for one in ("user", "role", "group")},
    **{f"iam:Attach{one.title()}Policy": _policy_attached(one) for one in ("user", "role", "group")},
    "iam:CreatePolicy": _policy_changed("policyName"),
    "iam:CreatePolicyVersion": _policy_changed("policyArn"),
    "iam:SetDefaultPolicyVersion": _policy_changed("policyArn"),
    "iam:DeactivateMFADevice": _mfa("taken away", "aws.mfa-removed"),
    "iam:EnableMFADevice": _mfa("added", "aws.mfa-added"),
    **{f"cloudtrail:{one}": _logging("name") for one in ("StopLogging", "DeleteTrail", "UpdateTrail")},
    "cloudtrail:PutEventSelectors": _logging("trailName"),
    **{f"sts:{one}": _ROLE_SESSION if one.startswith("AssumeRole") else _SESSION for one in SESSIONS},
}
