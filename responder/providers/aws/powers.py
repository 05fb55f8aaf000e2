"""What an IAM user or role may do, as its policies say, in lines that a person can read.

It is a summary and no decision: policies of resources, of the organisation and of sessions are not read.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

from responder.errors import ProviderError
from responder.profile import Power, Reach, worst_first
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import ask

HolderKind = Literal["user", "group", "role"]

_MOST_NAMED: Final = 6  # actions, or resources, of a line
# With any of these on more than itself it can give itself everything else.
# https://docs.aws.amazon.com/prescriptive-guidance/latest/security-best-practices-iam/privilege-escalation.html
_ESCALATES: Final = (
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:PutGroupPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
)


def powers_of(aws: AwsConnection, kind: HolderKind, name: str) -> tuple[list[Power], list[str]]:
    """What a holder's policies say, and what of them could not be read."""
    powers: list[Power] = []
    untold: list[str] = []
    for label, document in _documents(aws, kind, name, untold):
        powers += summarised(document, label)
    if not powers and not untold:
        powers.append(Power(what="nothing: no policy allows it anything"))
    return sorted(powers, key=worst_first), untold


def summarised(document: Mapping[str, Any], by: str) -> Iterator[Power]:
    """A line for each statement of a policy."""
    for statement in _several(document.get("Statement", [])):
        actions, resources = _several(statement.get("Action", [])), _several(statement.get("Resource", []))
        but = _several(statement.get("NotAction", []))
        what = f"everything but {_named(but)}" if but else _named(actions)
        if not_on := _several(statement.get("NotResource", [])):
            what += f" on everything but {_named(not_on)}"
        else:
            what += f" on {_named(resources)}" if resources != ["*"] else " on everything"
        if statement.get("Condition"):
            what += ", under a condition"
        denied = statement.get("Effect") != "Allow"
        wide = not resources or any("*" in one.rpartition(":")[2] for one in resources)
        inverted = bool(but or not_on)
        reach: Reach = "" if denied else _reach(actions, but, resources, wide=wide, inverted=inverted)
        yield Power(what=what, by=by, reach=reach, denied=denied)


def _reach(
    actions: Sequence[str], but: Sequence[str], resources: Sequence[str], *, wide: bool, inverted: bool
) -> Reach:
    if set(actions) & {"*", "*:*"} and resources == ["*"]:
        return "admin"
    left = [one for one in _ESCALATES if but and not any(_covers(pattern, one) for pattern in but)]
    if wide and (left or any(_covers(pattern, one) for pattern in actions for one in _ESCALATES)):
        return "admin"
    whole_service = any(action == "*" or action.endswith(":*") for action in actions)
    return "wildcard" if inverted or whole_service or "*" in resources else ""


def _covers(pattern: str, action: str) -> bool:
    return fnmatchcase(action.lower(), pattern.lower())


def _documents(
    aws: AwsConnection, kind: HolderKind, name: str, untold: list[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    iam: Any = aws.iam  # its operations are named by the holder's kind
    whose = {f"{kind.title()}Name": name}
    of = f"group {name}, " if kind == "group" else ""

    def read(operation: str, listed: str, **more: str) -> list[Any]:
        pages = ask(f"iam:{operation}", lambda: list(iam.get_paginator(_snake(operation)).paginate(**more)))
        return [one for page in pages for one in page[listed]]

    try:
        for policy in read(f"List{kind.title()}Policies", "PolicyNames", **whose):
            got = ask(
                f"iam:Get{kind.title()}Policy", getattr(iam, f"get_{kind}_policy"), **whose, PolicyName=policy
            )
            yield f"{of}inline policy {policy}", got["PolicyDocument"]
        for policy in read(f"ListAttached{kind.title()}Policies", "AttachedPolicies", **whose):
            version = ask("iam:GetPolicy", iam.get_policy, PolicyArn=policy["PolicyArn"])["Policy"]
            got = ask(
                "iam:GetPolicyVersion",
                iam.get_policy_version,
                PolicyArn=policy["PolicyArn"],
                VersionId=version["DefaultVersionId"],
            )
            yield f"{of}policy {policy['PolicyName']}", got["PolicyVersion"]["Document"]
        if kind == "user":
            for group in read("ListGroupsForUser", "Groups", **whose):
                yield from _documents(aws, "group", group["GroupName"], untold)
    except ProviderError as error:
        untold.append(f"What else {kind} {name} may do: {error.what}.")


def _snake(operation: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_")


def _several(value: Any) -> list[Any]:  # noqa: ANN401  # a policy's JSON: one, or a list of them
    return list(value) if isinstance(value, list) else [value] if value else []


def _named(words: Sequence[str]) -> str:
    if set(words) <= {"*", "*:*"}:
        return "everything"
    named = ", ".join(words[:_MOST_NAMED])
    return named if len(words) <= _MOST_NAMED else f"{named} and {len(words) - _MOST_NAMED} more"
