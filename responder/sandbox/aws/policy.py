"""What a set of policies says of one action on one resource.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from responder.sandbox.aws.conditions import Context, holds, wildcard


class Decision(Enum):
    """The values are SimulatePrincipalPolicy's words."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


@dataclass(frozen=True)
class Policy:
    name: str
    document: str
    """JSON."""

    def statements(self) -> list[Mapping[str, Any]]:
        found = json.loads(self.document).get("Statement", [])
        return [found] if isinstance(found, dict) else list(found)


def decide(policies: Iterable[Policy], action: str, resource: str, context: Context) -> Decision:
    """One matching Deny wins over any Allow; nothing that matches is a denial too."""
    effects = {
        statement["Effect"]
        for policy in policies
        for statement in policy.statements()
        if _covers(statement, "Action", action, context, ignore_case=True)
        and _covers(statement, "Resource", resource, context)
        and holds(statement.get("Condition", {}), context)
    }
    if "Deny" in effects:
        return Decision.EXPLICIT_DENY
    return Decision.ALLOWED if "Allow" in effects else Decision.IMPLICIT_DENY


def trusts(document: str, principal_arns: Iterable[str], action: str, context: Context) -> bool:
    """Whether a role's trust policy lets one of these ARNs (a user, its account's root) do `action`."""
    arns = set(principal_arns)
    matching = [
        statement["Effect"]
        for statement in Policy("trust", document).statements()
        if _covers(statement, "Action", action, context, ignore_case=True)
        and _names_principal(statement.get("Principal", {}), arns)
        and holds(statement.get("Condition", {}), context)
    ]
    return "Allow" in matching and "Deny" not in matching


def _names_principal(principal: Any, arns: set[str]) -> bool:  # noqa: ANN401 - JSON: "*" or an object
    if principal == "*":
        return True
    named = [*_listed(principal.get("AWS", [])), *_listed(principal.get("Federated", []))]
    return "*" in named or not arns.isdisjoint(named)


def _covers(
    statement: Mapping[str, Any], element: str, value: str, context: Context, *, ignore_case: bool = False
) -> bool:
    """Whether Action / NotAction (or Resource / NotResource) of the statement reach `value`."""

    def matches(patterns: Any) -> bool:  # noqa: ANN401 - JSON: a string or a list
        return any(
            wildcard(_filled(pattern, context), ignore_case=ignore_case).fullmatch(value)
            for pattern in _listed(patterns)
        )

    if f"Not{element}" in statement:
        return not matches(statement[f"Not{element}"])
    return element in statement and matches(statement[element])


def _listed(value: Any) -> list[str]:  # noqa: ANN401 - JSON: a string or a list
    return list(value) if isinstance(value, list) else [value]


def _filled(pattern: str, context: Context) -> str:
    """With policy variables such as `${aws:username}` replaced; an unknown one stays, and matches nothing."""
    return re.sub(r"\$\{([\w:/-]+)\}", lambda m: context.get(m[1].lower(), m[0]), pattern)
