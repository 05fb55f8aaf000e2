"""Does a step fit its action? Keys, types, and what its expressions refer to."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from responder.action import AnyAction
from responder.exposure import Exposure
from responder.playbook.check import (
    OptionsType,
    RunFacts,
    StepsType,
    alternatives,
    described,
    element,
    fits,
    infer,
    inner,
    is_dict,
    is_list,
)
from responder.playbook.document import Document, Path, PlaybookError, clipped, nearest
from responder.playbook.expression import ExpressionError, alone, is_unclosed, sources
from responder.playbook.model import Playbook, Step
from responder.secret import Secret


def check_step(
    document: Document, playbook: Playbook, index: int, action: AnyAction, outputs: Mapping[str, Any]
) -> None:
    """Raises: PlaybookError where the step refers to nothing, or gives its action what that cannot take.

    `outputs` are the types of the outputs of all steps, by id.
    """
    step, at = playbook.steps[index], ("steps", index)
    static: dict[str, Any] = {
        "exposure": Exposure,
        "run": RunFacts,
        "options": OptionsType(frozenset(playbook.options)),
    }
    if step.for_each is not None:
        item = element(_typed(document, (*at, "for_each"), step.for_each, static))
        if not hasattr(item, "label"):  # what the steps of a run are told apart by
            raise document.error((*at, "for_each"), "`for_each` wants one of the exposure's lists of things.")
        static["each"] = item
    if isinstance(step.condition, str):
        _typed(document, (*at, "if"), step.condition, static)
    if isinstance(step.wait, str):
        given = _typed(document, (*at, "wait"), step.wait, static)
        if not fits(given, int):
            got = " or ".join(described(kind) for kind in given)
            raise document.error((*at, "wait"), f"`{alone(step.wait)}` is {got}, where seconds are expected.")
    within = reachable(playbook, step)
    known = {name: output for name, output in outputs.items() if name in within}
    scope = {**static, "steps": StepsType(known, frozenset(outputs) - within)}
    _check_arguments(document, at, step, action, scope)


def reachable(playbook: Playbook, step: Step) -> frozenset[str]:
    """The steps that are over, whatever the strategy, when this one starts."""

    def under(strategy: str) -> frozenset[str]:
        found: set[str] = set()
        rest = list(step.needs_under(strategy))
        while rest:
            need = rest.pop()
            if need not in found:
                found.add(need)
                rest += playbook.step(need).needs_under(strategy)
        return frozenset(found)

    return frozenset.intersection(*map(under, playbook.strategies))


def _check_arguments(
    document: Document, at: Path, step: Step, action: AnyAction, scope: Mapping[str, Any]
) -> None:
    fields = action.input_type.model_fields
    for name in step.arguments:
        if name not in fields:
            raise document.error(
                (*at, "with", name), f"`{step.uses}` takes no `{name}`.", nearest(name, fields)
            )
    for name, field in fields.items():
        if name in step.arguments:
            _check_value(document, (*at, "with", name), step.arguments[name], field.annotation, scope)
        elif field.is_required():
            raise document.error(
                (*at, "with"),
                f"`{step.uses}` needs `{name}`, {described(field.annotation)}.",
                f"Add `{name}` to `with`.",
            )


def _check_value(
    document: Document, path: Path, value: object, expected: Any, scope: Mapping[str, Any]
) -> None:
    if isinstance(value, dict) and (each_type := _inner(expected, is_dict)) is not None:
        for key, each in value.items():
            _check_text(document, (*path, key), key, scope)
            _check_value(document, (*path, key), each, each_type, scope)
    elif isinstance(value, list) and (each_type := _inner(expected, is_list)) is not None:
        for index, each in enumerate(value):
            _check_value(document, (*path, index), each, each_type, scope)
    elif isinstance(value, str) and "${{" in value:
        if (whole := alone(value)) is None:
            _check_text(document, path, value, scope)
            given: tuple[Any, ...] = (str,)
        else:
            given = _inferred(document, path, whole, scope)
        if not fits(given, expected):
            got = " or ".join(described(kind) for kind in given)
            raise document.error(
                path, f"`{clipped(whole or value)}` is {got}, where {described(expected)} is expected."
            )
    else:
        _check_literal(document, path, value, expected)


def _check_text(document: Document, path: Path, text: str, scope: Mapping[str, Any]) -> None:
    """Text may have expressions within: each must give something that can stand in text."""
    if is_unclosed(text):
        raise _unclosed(document, path)
    for expression in sources(text):
        if Secret in _inferred(document, path, expression, scope):
            raise document.error(
                path,
                f"`{clipped(expression)}` is a secret, which cannot stand within text.",
                "Let the expression stand alone, so that the secret is handed on as it is.",
            )


def _check_literal(document: Document, path: Path, value: object, expected: Any) -> None:
    if Secret in alternatives(expected) and str not in alternatives(expected) and value is not None:
        raise document.error(
            path, "A secret does not stand in a playbook.", "Let an expression, `${{ … }}`, give it."
        )
    try:
        TypeAdapter(expected, config={"arbitrary_types_allowed": True}).validate_python(value)
    except ValidationError:
        raise document.error(path, f"`{clipped(value)}` is not {described(expected)}.") from None


def _typed(document: Document, path: Path, text: str, scope: Mapping[str, Any]) -> tuple[Any, ...]:
    if is_unclosed(text):
        raise _unclosed(document, path)
    expression = alone(text)
    if expression is None:
        raise document.error(path, "This wants one expression, `${{ … }}`, and nothing else.")
    return _inferred(document, path, expression, scope)


def _inferred(document: Document, path: Path, expression: str, scope: Mapping[str, Any]) -> tuple[Any, ...]:
    try:
        return infer(expression, scope)
    except ExpressionError as error:
        raise document.error(path, f"in `{clipped(expression)}`: {error.what}", error.next_step) from None


def _unclosed(document: Document, path: Path) -> PlaybookError:
    return document.error(path, "An expression begins with `${{` and is not closed.", "Close it with `}}`.")


def _inner(expected: Any, is_kind: Any) -> Any | None:
    """The type of the values of a mapping or list, where one may stand here."""
    for kind in alternatives(expected):
        if is_kind(kind):
            return inner(kind)
    return None
