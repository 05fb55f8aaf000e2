"""`${{ ... }}`, as far as this sandbox knows it: literals, contexts, operators and the status checks.

https://docs.github.com/actions/reference/workflows-and-actions/expressions
What it does not know it refuses by name; it never guesses a value.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Value = str | bool | float | None

TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])"
    r"|(?P<name>[A-Za-z_][\w-]*)|(?P<op>\|\||&&|==|!=|[!().\[\]]))"
)
PLACE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
LITERALS: Mapping[str, Value] = {"true": True, "false": False, "null": None}


class ExpressionError(Exception):
    """An expression that cannot be evaluated here; the text says which part."""


@dataclass(frozen=True)
class Context:
    """One named context.

    Attributes:
        complete: what is missing does not exist, and is null; otherwise the sandbox may merely not know it,
            and asking for it is refused.
        withheld: what GitHub would have and the sandbox has not: refused.
    """

    values: Mapping[str, Value] = field(repr=False)
    complete: bool = True
    withheld: frozenset[str] = frozenset()

    def get(self, path: str, key: str) -> Value:
        for name, value in self.values.items():
            if name.casefold() == key.casefold():
                return value
        if self.complete and key.upper() not in self.withheld:
            return None
        raise ExpressionError(f"The sandbox does not know {path}.{key}.")


@dataclass(frozen=True)
class Scope:
    contexts: Mapping[str, Context]
    functions: Mapping[str, Callable[[], bool]] = field(default_factory=dict)


def interpolate(template: str, scope: Scope) -> str:
    """Every `${{ }}` in the text replaced by its value."""
    return PLACE.sub(lambda match: text(evaluate(match.group(1), scope)), template)


def condition(expression: str | None, scope: Scope) -> bool:
    """An `if:`; without a status check of its own, `success()` is asked too.

    https://docs.github.com/actions/reference/workflows-and-actions/expressions#status-check-functions
    """
    source = PLACE.sub(lambda match: match.group(1), expression) if expression else "success()"
    names = {token for kind, token in _tokens(source) if kind == "name"}
    if not names & {"success", "failure", "always", "cancelled"}:
        source = f"success() && ({source})"
    return truthy(evaluate(source, scope))


def evaluate(expression: str, scope: Scope) -> Value:
    parser = _Parser(_tokens(expression), scope)
    value = parser.either()
    if parser.peek() is not None:
        raise ExpressionError(f"Unexpected {parser.peek()!r} in {expression.strip()!r}.")
    return value


def text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return value


def truthy(value: Value) -> bool:
    return value not in (None, False, "", 0)


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while at < len(expression.rstrip()):
        match = TOKEN.match(expression, at)
        if match is None:
            raise ExpressionError(f"The sandbox does not understand {expression[at:].strip()!r}.")
        tokens.append((match.lastgroup or "", match.group(match.lastgroup or 0)))
        at = match.end()
    return tokens


class _Parser:
    """Recursive descent; both sides of `||` and `&&` are evaluated, which shows only in refusals."""

    def __init__(self, tokens: list[tuple[str, str]], scope: Scope) -> None:
        self._tokens = tokens
        self._scope = scope
        self._at = 0

    def peek(self) -> str | None:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else None

    def _take(self, token: str) -> bool:
        if self.peek() == token and self._tokens[self._at][0] == "op":
            self._at += 1
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise ExpressionError(f"Expected {token!r}, found {self.peek()!r}.")

    def either(self) -> Value:
        value = self._both()
        while self._take("||"):
            other = self._both()
            value = value if truthy(value) else other
        return value

    def _both(self) -> Value:
        value = self._equality()
        while self._take("&&"):
            other = self._equality()
            value = other if truthy(value) else value
        return value

    def _equality(self) -> Value:
        value = self._unary()
        while self.peek() in ("==", "!="):
            negated = self._take("!=")
            if not negated:
                self._expect("==")
            value = _equal(value, self._unary()) != negated
        return value

    def _unary(self) -> Value:
        return not truthy(self._unary()) if self._take("!") else self._primary()

    def _primary(self) -> Value:
        if self._take("("):
            value = self.either()
            self._expect(")")
            return value
        if self._at == len(self._tokens):
            raise ExpressionError("The expression ends too early.")
        kind, token = self._tokens[self._at]
        self._at += 1
        if kind == "string":
            return token[1:-1].replace("''", "'")
        if kind == "number":
            return float(token)
        if kind != "name":
            raise ExpressionError(f"Unexpected {token!r}.")
        if token in LITERALS:
            return LITERALS[token]
        return self._call(token) if self._take("(") else self._lookup(token)

    def _call(self, name: str) -> Value:
        if name not in self._scope.functions:
            raise ExpressionError(f"The sandbox does not know the function {name}() here.")
        self._expect(")")
        return self._scope.functions[name]()

    def _lookup(self, name: str) -> Value:
        if name not in self._scope.contexts:
            known = ", ".join(sorted(self._scope.contexts))
            raise ExpressionError(f"The sandbox does not know the context {name!r} here. Known: {known}.")
        if self._take("["):
            key = self._next("string", f"a quoted name to index {name} by")[1:-1]
            self._expect("]")
        else:
            self._expect(".")
            key = self._next("name", f"a name after {name!r} and a dot")
        value = self._scope.contexts[name].get(name, key)
        if self.peek() in (".", "["):
            raise ExpressionError(f"The sandbox does not look inside {name}.{key}.")
        return value

    def _next(self, kind: str, what: str) -> str:
        if self._at < len(self._tokens) and self._tokens[self._at][0] == kind:
            self._at += 1
            return self._tokens[self._at - 1][1]
        raise ExpressionError(f"Expected {what}, found {self.peek()!r}.")


def _equal(one: Value, other: Value) -> bool:
    """Strings without regard to case; different types as numbers, as GitHub does."""
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    if type(one) is type(other):
        return one == other
    return _number(one) == _number(other)


def _number(value: Value) -> float:
    if value is None or value == "":
        return 0.0
    try:
        return float(value)
    except ValueError:
        return math.nan
