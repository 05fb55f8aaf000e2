"""The `Condition` block of a policy statement.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import Any

from responder.sandbox.aws.errors import not_in_sandbox

Context = Mapping[str, str]
"""Condition keys in lower case, as AWS compares them; a key that the request does not carry is absent."""

Comparison = Callable[[str, str], bool]
"""(the request's value, the policy's value) -> does it hold?"""


def holds(block: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Every operator and every key must hold; one of a key's values is enough.

    Raises:
        ServiceError: NotImplemented, for an operator that the sandbox does not evaluate. To guess would let a
            drill prove something that is not so.
    """
    return all(
        _holds(operator, context.get(key.lower()), values if isinstance(values, list) else [values])
        for operator, keys in block.items()
        for key, values in keys.items()
    )


def _holds(operator: str, actual: str | None, values: list[Any]) -> bool:
    expected = [str(v).lower() if isinstance(v, bool) else str(v) for v in values]
    if operator == "Null":
        return any((actual is None) == (value.lower() == "true") for value in expected)
    if operator.startswith("ForAllValues:") and actual is None:
        return True
    name = operator.removeprefix("ForAllValues:").removeprefix("ForAnyValue:")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    negated = name in _NEGATED
    comparison = _OPERATORS.get(_NEGATED.get(name, name))
    if comparison is None:
        raise not_in_sandbox(f"the condition operator {operator!r}")
    if actual is None:
        return if_exists or negated
    return any(comparison(actual, value) for value in expected) != negated


def wildcard(pattern: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    """IAM's own: only `*` and `?` are special."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _like(actual: str, expected: str) -> bool:
    return wildcard(expected).fullmatch(actual) is not None


def _numbers(compare: Callable[[float, float], bool]) -> Comparison:
    def comparison(actual: str, expected: str) -> bool:
        try:
            return compare(float(actual), float(expected))
        except ValueError:
            return False

    return comparison


def _dates(compare: Callable[[float, float], bool]) -> Comparison:
    def comparison(actual: str, expected: str) -> bool:
        try:
            return compare(_instant(actual), _instant(expected))
        except ValueError:
            return False

    return comparison


def _instant(text: str) -> float:
    """Unix seconds, from ISO 8601 (without a zone: UTC) or from Unix seconds as text."""
    if re.fullmatch(r"\d{5,}(\.\d+)?", text):
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _in_network(actual: str, expected: str) -> bool:
    return ip_address(actual) in ip_network(expected, strict=False)


_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
}

_OPERATORS: Mapping[str, Comparison] = {
    "StringEquals": eq,
    "StringEqualsIgnoreCase": lambda actual, expected: actual.lower() == expected.lower(),
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda actual, expected: actual.lower() == expected.lower(),
    "IpAddress": _in_network,
    "NumericEquals": _numbers(eq),
    "NumericLessThan": _numbers(lt),
    "NumericLessThanEquals": _numbers(le),
    "NumericGreaterThan": _numbers(gt),
    "NumericGreaterThanEquals": _numbers(ge),
    "DateEquals": _dates(eq),
    "DateLessThan": _dates(lt),
    "DateLessThanEquals": _dates(le),
    "DateGreaterThan": _dates(gt),
    "DateGreaterThanEquals": _dates(ge),
}
