"""SARIF 2.1.0: findings in files, as code hosts and security dashboards read them.

After https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html, and with what GitHub's code scanning asks
for beyond it (https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning).
"""  # noqa: E501  # an address

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote

from responder.secret import redact

__all__ = ["Found", "Level", "Rule", "Where", "sarif"]

Level = Literal["error", "warning", "note"]

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT: Final = "%SRCROOT%"  # the name that GitHub and others know for the top of a checkout
_RESERVED: Final = ":/?#[]@!$&'()*+,;=%"


@dataclass(frozen=True)
class Rule:
    """What is looked for.

    `id` is stable (`respond/aws-access-key`), `summary` one sentence, `mend` what to do about a finding.
    `severity` is GitHub's, 0.0 to 10.0; from 9.0 on it is shown as critical.
    """

    id: str
    name: str
    summary: str
    mend: str
    level: Level = "error"
    severity: float = 9.0


@dataclass(frozen=True)
class Where:
    """A place. `uri` is a path from the root of the repository, with slashes, or an address with a scheme.

    `line` and `column` count from 1; 0 where there is none. `commit` is the one that brought it in.
    """

    uri: str
    line: int = 0
    column: int = 0
    commit: str = ""


@dataclass(frozen=True)
class Found:
    """A finding. `fingerprint` stays the same when the line moves, and never is a secret's own digest.

    `also` are further places of the same thing, `properties` what else machines should know. All is public.
    """

    rule: str
    message: str
    where: Where
    fingerprint: str
    level: Level | None = None  # the rule's, where it has none
    also: tuple[Where, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()


def sarif(
    findings: Iterable[Found], tool_version: str, rules: Sequence[Rule], not_looked_at: Sequence[str] = ()
) -> dict[str, Any]:
    """A SARIF log of one run, ready for `json.dumps`; the same for the same findings.

    Args:
        findings: in the order to show them.
        tool_version: of respond.
        rules: all that were looked for, also those that found nothing.
        not_looked_at: why the scan is not whole, one sentence each; it must not pass for a clean one.

    Raises:
        ValueError: a finding is of a rule that is not among `rules`.
    """
    places = {rule.id: place for place, rule in enumerate(rules)}
    run = {
        "tool": {"driver": {"name": "respond", "version": tool_version, "rules": list(map(_rule, rules))}},
        "invocations": [_invocation(not_looked_at)],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, places, rules) for one in findings],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.summary},
        "help": {"text": rule.mend},
        "defaultConfiguration": {"level": rule.level},
        "properties": {"tags": ["security"], "security-severity": f"{rule.severity:.1f}"},
    }


def _invocation(not_looked_at: Sequence[str]) -> dict[str, Any]:
    missing = [{"level": "error", "message": {"text": redact(why)}} for why in not_looked_at]
    return {"executionSuccessful": not missing, "toolExecutionNotifications": missing}


def _result(one: Found, places: dict[str, int], rules: Sequence[Rule]) -> dict[str, Any]:
    if one.rule not in places:
        raise ValueError(f"There is no rule {one.rule!r}; there are {', '.join(places)}.")
    place = places[one.rule]
    result: dict[str, Any] = {
        "ruleId": one.rule,
        "ruleIndex": place,
        "level": one.level or rules[place].level,
        "message": {"text": redact(one.message)},
        "locations": [_location(one.where)],
        "fingerprints": {"respond/v1": one.fingerprint},
        "partialFingerprints": {"primaryLocationLineHash": one.fingerprint},  # GitHub looks at no other
    }
    if one.also:
        result["relatedLocations"] = list(map(_location, one.also))
    if one.properties:
        result["properties"] = {name: redact(value) for name, value in one.properties}
    return result


def _location(where: Where) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _artifact(redact(where.uri))}
    if where.line:
        column = {"startColumn": where.column} if where.column else {}
        physical["region"] = {"startLine": where.line, **column}
    location: dict[str, Any] = {"physicalLocation": physical}
    if where.commit:
        # The format has a revision for a whole run only, and a history's findings are each of another.
        location["message"] = {"text": f"Since commit {where.commit}."}
        location["properties"] = {"commit": where.commit}
    return location


def _artifact(uri: str) -> dict[str, str]:
    if "://" in uri:
        return {"uri": quote(uri, safe=_RESERVED)}
    return {"uri": quote(uri.removeprefix("./")), "uriBaseId": _ROOT}
