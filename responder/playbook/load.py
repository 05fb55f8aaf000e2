"""From a playbook's text to a `Playbook` of which every step is known to fit its action."""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from responder.action import Actions, AnyAction
from responder.bundled import bundled
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
    is_dict,
)
from responder.playbook.document import Document, PlaybookError, nearest, parse
from responder.playbook.expression import ExpressionError, alone, sources
from responder.playbook.model import Playbook, Step


def named() -> dict[str, Path]:
    """The playbooks that come with `respond`, by name."""
    return {path.stem: path for path in sorted(bundled("playbooks").glob("*.yaml"))}


def read(name_or_path: str) -> tuple[str, str]:
    """The file's name and its text, of a playbook that comes with `respond` or of a file.

    Raises:
        PlaybookError: there is none of that name, or the file cannot be read.
    """
    known = named()
    path = known.get(name_or_path) or Path(name_or_path)
    if name_or_path not in known and not path.exists():
        raise PlaybookError(
            f"There is no playbook `{name_or_path}`.",
            next_step=nearest(name_or_path, known) + " A file is given by its path.",
        )
    try:
        return path.name, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlaybookError(
            f"{path}: {getattr(error, 'strerror', None) or 'this is not UTF-8 text'}.",
            next_step="Give the path of a readable YAML file.",
        ) from None


def load(name: str, text: str, actions: Actions) -> Playbook:
    """Parse and check everything that can be known without playing it.

    Raises:
        PlaybookError: with file, line, what was expected, and the nearest valid word.
    """
    document = parse(name, text)
    try:
        playbook = Playbook.model_validate(document.data)
    except ValidationError as error:
        raise _from_validation(document, error) from None
    _check_needs(document, playbook)
    _check_order(document, playbook)
    used = [_action(document, index, step, actions) for index, step in enumerate(playbook.steps)]
    outputs = {step.id: found.output_type for step, found in zip(playbook.steps, used, strict=True)}
    for index, (step, found) in enumerate(zip(playbook.steps, used, strict=True)):
        _check_step(document, playbook, index, step, found, outputs)
    return playbook


def _from_validation(document: Document, error: ValidationError) -> PlaybookError:
    first = error.errors(include_url=False)[0]
    path = _path_in(document, first["loc"])
    word = str(first["loc"][-1])
    if first["type"] == "extra_forbidden":
        owner = Step if "steps" in first["loc"] else Playbook
        valid = [field.alias or name for name, field in owner.model_fields.items()]
        return document.error(path, f"`{word}` is not known here.", nearest(word, valid))
    if first["type"] == "missing":
        return document.error(path, f"`{word}` is missing.", f"Add `{word}`.")
    if first["type"] == "literal_error":
        valid = first["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        return document.error(
            path, f"`{first['input']}` is not a {word}.", nearest(str(first["input"]), valid)
        )
    return document.error(path, f"`{word}`: {first['msg'].removeprefix('Value error, ')}.")


def _path_in(document: Document, location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Pydantic's locations also name alternatives of unions: those stand in no file."""
    path: tuple[str | int, ...] = ()
    for part in location:
        path = (*path, part) if (*path, part) in document.lines else path
    return path


def _check_needs(document: Document, playbook: Playbook) -> None:
    ids = [step.id for step in playbook.steps]
    for index, step in enumerate(playbook.steps):
        if step.id in ids[:index]:
            path = ("steps", index, "id")
            raise document.error(path, f"There are two steps `{step.id}`.", "Rename one of them.")
        where = ("steps", index, "needs")
        for strategy in step.needs if isinstance(step.needs, dict) else ():
            if strategy not in playbook.strategies:
                near = nearest(strategy, playbook.strategies)
                raise document.error(where, f"There is no strategy `{strategy}`.", near)
        for need in {need for strategy in playbook.strategies for need in step.needs_under(strategy)}:
            if need not in ids:
                near = nearest(need, set(ids) - {step.id})
                raise document.error(where, f"There is no step `{need}`.", near)


def _check_order(document: Document, playbook: Playbook) -> None:
    for strategy in playbook.strategies:
        try:
            TopologicalSorter({s.id: s.needs_under(strategy) for s in playbook.steps}).prepare()
        except CycleError as error:
            circle = list(reversed(error.args[1]))
            index = next(i for i, s in enumerate(playbook.steps) if s.id in circle)
            raise document.error(
                ("steps", index, "needs"),
                f"Under {strategy} these steps wait for one another: {' needs '.join(circle)}.",
                "Take one of the needs away.",
            ) from None


def _action(document: Document, index: int, step: Step, actions: Actions) -> AnyAction:
    try:
        return actions[step.uses]
    except KeyError:
        raise document.error(
            ("steps", index, "uses"), f"There is no action `{step.uses}`.", nearest(step.uses, actions)
        ) from None


def reachable(playbook: Playbook, step: Step) -> frozenset[str]:
    """The steps that are over, whatever the strategy, when this one starts."""

    def under(strategy: str) -> set[str]:
        found: set[str] = set()
        rest = list(step.needs_under(strategy))
        while rest:
            need = rest.pop()
            if need not in found:
                found.add(need)
                rest += playbook.step(need).needs_under(strategy)
        return found

    return frozenset.intersection(*(frozenset(under(strategy)) for strategy in playbook.strategies))


def _check_step(
    document: Document,
    playbook: Playbook,
    index: int,
    step: Step,
    found: AnyAction,
    outputs: Mapping[str, Any],
) -> None:
    at = ("steps", index)
    static: dict[str, Any] = {
        "exposure": Exposure,
        "run": RunFacts,
        "options": OptionsType(frozenset(playbook.options)),
    }
    if step.for_each is not None:
        item = element(_typed(document, (*at, "for_each"), step.for_each, static))
        if item is None:
            raise document.error((*at, "for_each"), "`for_each` wants one expression that gives a list.")
        static["each"] = item
    if isinstance(step.condition, str):
        _typed(document, (*at, "if"), step.condition, static)
    within = reachable(playbook, step)
    known = {name: output for name, output in outputs.items() if name in within}
    scope = {**static, "steps": StepsType(known, frozenset(outputs) - within)}
    fields = found.input_type.model_fields
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


def _typed(
    document: Document, path: tuple[str | int, ...], text: str, scope: Mapping[str, Any]
) -> tuple[Any, ...]:
    expression = alone(text)
    if expression is None:
        raise document.error(path, "This wants one expression, `${{ … }}`, and nothing else.")
    return _inferred(document, path, expression, scope)


def _inferred(
    document: Document, path: tuple[str | int, ...], expression: str, scope: Mapping[str, Any]
) -> tuple[Any, ...]:
    try:
        return infer(expression, scope)
    except ExpressionError as error:
        raise document.error(path, f"in `{expression}`: {error.what}", error.next_step) from None


def _check_value(
    document: Document, path: tuple[str | int, ...], value: object, expected: Any, scope: Mapping[str, Any]
) -> None:
    if isinstance(value, dict) and (inner := _value_type(expected)) is not None:
        for key, each in value.items():
            for expression in sources(key):
                _inferred(document, (*path, key), expression, scope)
            _check_value(document, (*path, key), each, inner, scope)
        return
    whole = alone(value) if isinstance(value, str) else None
    if whole is not None:
        given = _inferred(document, path, whole, scope)
        if not fits(given, expected):
            got = " or ".join(described(kind) for kind in given)
            raise document.error(path, f"`{whole}` is {got}, where {described(expected)} is expected.")
        return
    inside = list(sources(value))
    for expression in inside:
        _inferred(document, path, expression, scope)
    if not inside:
        _check_literal(document, path, value, expected)
    elif not fits((str,), expected):
        raise document.error(path, f"This is text, where {described(expected)} is expected.")


def _check_literal(document: Document, path: tuple[str | int, ...], value: object, expected: Any) -> None:
    try:
        TypeAdapter(expected, config={"arbitrary_types_allowed": True}).validate_python(value)
    except ValidationError:
        raise document.error(path, f"`{value}` is not {described(expected)}.") from None


def _value_type(expected: Any) -> Any | None:
    for kind in alternatives(expected):
        if is_dict(kind):
            return get_args(kind)[1]
    return None
