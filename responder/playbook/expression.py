"""The expressions of playbooks: `${{ … }}`, a small part of Jinja's.

An expression alone gives a value of any type, secrets included, which stays what it is. Within text it gives
text, and a secret there is refused: secrets are handed on, never written into something.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import ChainableUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from responder.action import Output
from responder.errors import InputError
from responder.secret import Secret

_EXPRESSION = re.compile(r"\$\{\{((?:(?!\}\}).)*)\}\}", re.DOTALL)


class ExpressionError(InputError):
    code = "expression"


class _Environment(ImmutableSandboxedEnvironment):
    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Fields of our own models, and nothing of a secret."""
        if isinstance(obj, Secret):
            return False
        return super().is_safe_attribute(obj, attr, value)


@lru_cache(maxsize=1)
def environment() -> ImmutableSandboxedEnvironment:
    made = _Environment(undefined=ChainableUndefined, autoescape=False)
    made.globals.clear()
    return made


class Outputs:
    """What `steps.create_key` stands for: the output for the same item, and `of(names)` for a named one's."""

    def __init__(self, same: Output | None, of_credential: Callable[[str], Output | None]) -> None:
        self._same = same
        self._of_credential = of_credential

    def of(self, credentials: tuple[str, ...]) -> Output | None:
        """The output for the first of these credentials that the step ran for."""
        return next(filter(None, map(self._of_credential, credentials)), None)

    def __getattr__(self, field: str) -> Any:
        if field.startswith("_") or self._same is None:
            raise AttributeError(field)
        return getattr(self._same, field)

    def __bool__(self) -> bool:
        return self._same is not None


def sources(value: object) -> Iterator[str]:
    """Every expression in a value of a playbook, however deep."""
    if isinstance(value, str):
        yield from (match[1].strip() for match in _EXPRESSION.finditer(value))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from sources(key)
            yield from sources(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from sources(inner)


def alone(text: str) -> str | None:
    """The expression that `text` consists of, if it is one and nothing else."""
    match = _EXPRESSION.fullmatch(text.strip())
    return match[1].strip() if match else None


def is_unclosed(text: str) -> bool:
    """Does an expression begin that does not end?"""
    return "${{" in _EXPRESSION.sub("", text)


def evaluate(value: object, scope: Mapping[str, object]) -> Any:
    """A new value with every expression replaced by what it gives.

    Raises:
        ExpressionError: the expression is malformed, or would write a secret into text.
    """
    if isinstance(value, str):
        expression = alone(value)
        if expression is not None:
            return _value(expression, scope)
        return _EXPRESSION.sub(lambda match: _as_text(match[1].strip(), scope), value)
    if isinstance(value, dict):
        return {evaluate(key, scope): evaluate(inner, scope) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [evaluate(inner, scope) for inner in value]
    return value


def _value(expression: str, scope: Mapping[str, object]) -> Any:
    try:
        return _compiled(expression)(**scope)
    except (TemplateError, TypeError, ValueError, RecursionError) as error:
        raise ExpressionError(f"`{expression}` cannot be evaluated: {error}.") from None


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> Callable[..., Any]:
    """The same few stand in every step of a run."""
    return environment().compile_expression(expression, undefined_to_none=True)


def _as_text(expression: str, scope: Mapping[str, object]) -> str:
    value = _value(expression, scope)
    if isinstance(value, Secret):
        raise ExpressionError(
            f"`{expression}` gives a secret, which cannot stand within other text.",
            next_step="Let the expression stand alone, so that the secret is handed on as it is.",
        )
    return "" if value is None else str(value)
