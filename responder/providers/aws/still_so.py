"""Whether what the intruder did is still so: by what IAM says now, and of sessions by the clock."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from responder.providers.aws.denial import cutoff_of
from responder.providers.aws.following import SESSIONS, holder_of, issued, policy_made, session_of
from responder.providers.aws.history import Event
from responder.providers.aws.made import Details, Iam
from responder.providers.aws.policy_text import parsed

_LONGEST: Final = timedelta(hours=36)  # that a session lives, whatever it was got with


def still_so(event: Event, iam: Iam, now: datetime) -> bool:
    """True also where nothing tells."""
    asked = event.asked
    if event.action in SESSIONS:
        return now < event.at + _life(asked.get("durationSeconds")) and _holder_of(event, iam) is not None
    match event.service, event.action:
        case "iam", "CreateAccessKey":
            return iam.keys is None or not issued(event) or issued(event) in iam.keys
        case "iam", "UpdateAccessKey":
            key = (iam.keys or {}).get(str(asked.get("accessKeyId")))
            return iam.keys is None or (key is not None and key.status == asked.get("status"))
        case "iam", "CreateLoginProfile" | "UpdateLoginProfile":
            return iam.passwords is None or asked.get("userName") in iam.passwords
        case "iam", _ if iam.details is not None and _is_named(event):
            return _in_details(event, iam.details)
    return True


def denied_by(event: Event, iam: Iam) -> str:
    """The inline policy that denies a session that was got here, as AWS's console and we write it."""
    kind, _ = session_of(event)
    for one in (_holder_of(event, iam) or {}).get(f"{kind.title()}PolicyList", ()):
        until = cutoff_of(one["PolicyDocument"])
        if until and until > event.at:
            return str(one["PolicyName"])
    return ""


def _holder_of(event: Event, iam: Iam) -> Mapping[str, Any] | None:
    """What IAM says of whose rights the session has; None where they are gone, and the session with them."""
    kind, name = session_of(event)
    holders = {"user": iam.details.users, "role": iam.details.roles}.get(kind) if iam.details else None
    return {} if holders is None else holders.get(name)


def _life(seconds: object) -> timedelta:
    return timedelta(seconds=float(str(seconds))) if seconds else _LONGEST


def _is_named(event: Event) -> bool:
    """What it was done to: CloudTrail leaves out what is long."""
    return bool(holder_of(event)[1] or event.asked.get("policyArn") or policy_made(event))


def _in_details(event: Event, details: Details) -> bool:
    asked = event.asked
    kind, name = holder_of(event)
    ones = {"user": details.users, "role": details.roles, "group": details.groups}.get(kind, {})
    holder = ones.get(name, {})
    policy = details.policies.get(str(asked.get("policyArn")), {})
    so = True
    match event.action:
        case "CreateUser" | "CreateRole" | "CreateGroup":
            so = bool(holder)
        case "PutUserPolicy" | "PutRolePolicy" | "PutGroupPolicy":
            so = _among(asked.get("policyName"), holder, f"{kind.title()}PolicyList", "PolicyName")
        case "AttachUserPolicy" | "AttachRolePolicy" | "AttachGroupPolicy":
            so = _among(asked.get("policyArn"), holder, "AttachedManagedPolicies", "PolicyArn")
        case "AddUserToGroup":
            so = asked.get("groupName") in holder.get("GroupList", ())
        case "AddRoleToInstanceProfile":
            profile = asked.get("instanceProfileName")
            so = _among(profile, holder, "InstanceProfileList", "InstanceProfileName")
        case "UpdateAssumeRolePolicy":
            so = bool(holder.get("AssumeRolePolicyDocument") == parsed(asked.get("policyDocument")))
        case "CreatePolicy":
            so = policy_made(event) in details.policies
        case "SetDefaultPolicyVersion":
            so = policy.get("DefaultVersionId") == asked.get("versionId")
        case "CreatePolicyVersion":
            made = event.answer.get("policyVersion")
            version = made.get("versionId") if isinstance(made, dict) else None
            so = version is None or _among(version, policy, "PolicyVersionList", "VersionId")
    return so


def _among(name: object, whole: Mapping[str, Any], listed: str, named: str) -> bool:
    return any(one[named] == name for one in whole.get(listed, ()))
