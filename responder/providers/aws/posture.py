"""What a user of IAM is allowed; read only."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from responder.action import Connections
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import ask

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

# Names and states; and what AWS lets nobody narrow to a resource. To get is to read what is kept.
_LISTS: Final = re.compile(
    r"\w[\w-]*:(List|Describe)|ecr:GetAuthorizationToken$|sts:Get|cloudwatch:Get", re.IGNORECASE
)
_READS: Final = re.compile(r"(?:Get|List|Describe|Head|BatchGet)[\w*?]*$")
_EVERYTHING: Final = re.compile(r"[*?/]+$")
_KIND: Final = re.compile(r"(?:user|role|group|policy|secret|table|function|key)[:/](?:.*/)?\*$")


def wide_statements(connections: Connections, user: str) -> list[tuple[str, str]]:
    """Policy and what it allows too widely, of all inline, attached and group policies of a user.

    Too wide is an Allow for every action (of a service) or for all that begin with a word that changes
    something; on every resource, or every one of a kind, for more than lists; or for all but what is named.

    Raises:
        ProviderError: IAM could not be asked.
    """
    iam = connections.get(AwsConnection).iam
    return [
        (policy, described)
        for policy, document in _documents(iam, user)
        for described in map(_too_wide, _statements(document))
        if described
    ]


def _documents(iam: "IAMClient", user: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name in _all(iam, "list_user_policies", "PolicyNames", UserName=user):
        found = ask("iam:GetUserPolicy", iam.get_user_policy, UserName=user, PolicyName=name)
        yield name, _document(found["PolicyDocument"])
    for policy in _all(iam, "list_attached_user_policies", "AttachedPolicies", UserName=user):
        yield policy["PolicyName"], _managed(iam, policy["PolicyArn"])
    for group in _all(iam, "list_groups_for_user", "Groups", UserName=user):
        name = group["GroupName"]
        for inline in _all(iam, "list_group_policies", "PolicyNames", GroupName=name):
            of_group = ask("iam:GetGroupPolicy", iam.get_group_policy, GroupName=name, PolicyName=inline)
            yield f"{inline} (group {name})", _document(of_group["PolicyDocument"])
        for policy in _all(iam, "list_attached_group_policies", "AttachedPolicies", GroupName=name):
            yield f"{policy['PolicyName']} (group {name})", _managed(iam, policy["PolicyArn"])


def _all(iam: "IAMClient", operation: str, key: str, **of: str) -> list[Any]:
    """To the last page."""
    pages: Any = iam.get_paginator(operation)  # type: ignore[call-overload]  # one of several
    named = f"iam:{operation.title().replace('_', '')}"
    return ask(named, lambda: [one for page in pages.paginate(**of) for one in page[key]])


def _managed(iam: "IAMClient", arn: str) -> Mapping[str, Any]:
    version = ask("iam:GetPolicy", iam.get_policy, PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = ask("iam:GetPolicyVersion", iam.get_policy_version, PolicyArn=arn, VersionId=version)
    return _document(found["PolicyVersion"]["Document"])


def _document(read: object) -> Mapping[str, Any]:
    """As botocore gives it: read already."""
    return read if isinstance(read, Mapping) else {}


def _statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    statements = document.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _too_wide(statement: Mapping[str, Any]) -> str:
    """Empty for what is not."""
    if statement.get("Effect") != "Allow":
        return ""
    if "NotAction" in statement or "NotResource" in statement:
        return "all but what it names"
    actions, resources = _listed(statement.get("Action")), _listed(statement.get("Resource"))
    if wild := [one for one in actions if _is_wild(one)]:
        return f"{', '.join(wild)} on {', '.join(resources)}"
    more = [one for one in actions if not _LISTS.match(one)]
    if more and (whole := [found for found in map(_whole, resources) if found]):
        return f"{', '.join(more)} on {whole[0]}"
    return ""


def _whole(resource: str) -> str:
    """What is all of it, in words; empty for what is not."""
    parts = resource.split(":", 5)
    if _EVERYTHING.match(parts[-1]):
        return "everything"
    has_account = len(parts) > 5 and bool(parts[4])  # noqa: PLR2004  # as buckets have not
    return f"every {resource}" if has_account and _KIND.match(parts[-1]) else ""


def _is_wild(action: str) -> bool:
    """All of a service, or all that begins with a word that changes something."""
    verb = action.rpartition(":")[2]
    return verb[:1] in ("*", "?") or ("*" in verb and not _READS.match(verb))


def _listed(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())
