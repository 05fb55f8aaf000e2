"""What IAM itself says was made since a time: users, access keys, passwords, roles, policies.

It has no date for an inline policy, a trust policy or a membership: those only CloudTrail tells.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from responder.errors import NotFoundError
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import ask, request_id
from responder.questions import Questions

_MOST_USERS: Final = 300  # that are asked for keys and passwords, two requests each
_QUARANTINE: Final = ":iam::aws:policy/AWSCompromisedKeyQuarantine"  # anybody's may have the name alone
_AWS_OWN: Final = "/aws-service-role/"  # roles that AWS's services make for themselves

What: TypeAlias = Literal["user", "key", "password", "role", "policy"]


@dataclass(frozen=True)
class Made:
    what: What
    name: str  # as IAM's own commands take it
    of: str  # a key's user; empty for what belongs to nobody
    at: datetime
    evidence: str
    trusts: tuple[str, ...] = ()  # whom of elsewhere a role lets in
    status: str = ""  # a key's


@dataclass(frozen=True)
class Iam:
    """The account's identities, as far as they could be read."""

    made: tuple[Made, ...]
    quarantined: str = ""  # the policy that AWS attached to the leaked key's user
    details: "Details | None" = None  # of users, roles, groups and policies; None where they were not read
    keys: "Mapping[str, Made] | None" = None  # each, however old, by id; None where any is unread
    passwords: Collection[str] | None = None  # whose it is, likewise


def read_iam(aws: AwsConnection, since: datetime, user: str, questions: Questions) -> Iam:
    """What was made since then, and whether AWS has quarantined `user`."""
    asked = questions.ask("IAM's users, roles and policies", _details, aws)
    details = asked.get()
    names = [*details.users] if details else [user] if user else []
    if too_many := len(names) > _MOST_USERS:
        questions.not_read("access keys and passwords", f"{len(names)} users are too many to ask each")
        names = [user] if user else []
    of_users = [
        questions.ask(f"the {what} of {name}", question, aws, name)
        for name in names
        for what, question in (("access keys", _keys), ("password", _password))
    ]
    answers = [answer.get() for answer in of_users]
    found = [*(details.made() if details else ()), *(one for answer in answers for one in answer or ())]
    complete = details is not None and not too_many and None not in answers
    return Iam(
        made=tuple(one for one in found if one.at >= since),
        quarantined=_quarantine(details.users.get(user, {})) if details else "",
        details=details,
        keys={one.name: one for one in found if one.what == "key"} if complete else None,
        passwords={one.name for one in found if one.what == "password"} if complete else None,
    )


def foreign_principals(document: object, account: str) -> tuple[str, ...]:
    """Whom of other accounts, or of no account at all, a trust policy lets in.

    AWS's services are nobody foreign.
    """
    statements = document.get("Statement", []) if isinstance(document, dict) else []
    found: list[str] = []
    for statement in [statements] if isinstance(statements, dict) else statements:
        if statement.get("Effect") != "Allow":
            continue
        principal = statement.get("Principal", {})
        named = {"AWS": principal} if isinstance(principal, str) else principal
        for kind, ones in named.items():
            listed = [ones] if isinstance(ones, str) else ones
            found += [str(one) for one in listed if kind != "Service" and _account_in(str(one)) != account]
    return tuple(found)


def _account_in(principal: str) -> str:
    """An account's ARN has it in its place, and its name may stand for it; all else is its own."""
    parts = principal.split(":")
    return parts[4] if parts[0] == "arn" and len(parts) > 4 else principal  # noqa: PLR2004


@dataclass(frozen=True)
class Details:
    """What iam:GetAccountAuthorizationDetails has, in its own words: by name, policies by ARN."""

    users: Mapping[str, Mapping[str, Any]]
    roles: Mapping[str, Mapping[str, Any]]
    groups: Mapping[str, Mapping[str, Any]]
    policies: Mapping[str, Mapping[str, Any]]
    request_id: str = ""

    def made(self) -> Iterator[Made]:
        asked = f"iam:GetAccountAuthorizationDetails (request {self.request_id})"
        for user in self.users.values():
            yield Made("user", user["UserName"], "", user["CreateDate"], asked)
        for role in self.roles.values():
            if not role["Path"].startswith(_AWS_OWN):
                account = role["Arn"].split(":")[4]
                trusts = foreign_principals(role.get("AssumeRolePolicyDocument"), account)
                yield Made("role", role["RoleName"], "", role["CreateDate"], asked, trusts)
        for policy in self.policies.values():
            yield Made("policy", policy["Arn"], "", policy["UpdateDate"], asked)


def _details(aws: AwsConnection) -> Details:
    pages = aws.iam.get_paginator("get_account_authorization_details").paginate(
        Filter=["User", "Role", "Group", "LocalManagedPolicy"]
    )
    found = ask("iam:GetAccountAuthorizationDetails", list, pages)
    return Details(
        {one["UserName"]: one for page in found for one in page["UserDetailList"]},
        {one["RoleName"]: one for page in found for one in page["RoleDetailList"]},
        {one["GroupName"]: one for page in found for one in page["GroupDetailList"]},
        {one["Arn"]: one for page in found for one in page["Policies"]},
        request_id=request_id(found[-1]),
    )


def _keys(aws: AwsConnection, user: str) -> list[Made]:
    try:
        answer = ask("iam:ListAccessKeys", aws.iam.list_access_keys, UserName=user)
    except NotFoundError:
        return []
    asked = f"iam:ListAccessKeys of {user} (request {request_id(answer)})"
    return [
        Made(
            "key", one["AccessKeyId"], user, one["CreateDate"], f"{asked}: {one['Status']}", (), one["Status"]
        )
        for one in answer["AccessKeyMetadata"]
    ]


def _password(aws: AwsConnection, user: str) -> list[Made]:
    try:
        answer = ask("iam:GetLoginProfile", aws.iam.get_login_profile, UserName=user)
    except NotFoundError:
        return []
    asked = f"iam:GetLoginProfile (request {request_id(answer)})"
    return [Made("password", user, "", answer["LoginProfile"]["CreateDate"], asked)]


def _quarantine(user: Mapping[str, Any]) -> str:
    attached = [str(one["PolicyArn"]) for one in user.get("AttachedManagedPolicies", [])]
    return next((arn for arn in attached if _QUARANTINE in arn), "")
