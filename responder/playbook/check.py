"""Types of expressions, found out before anything is played: unknown names, fields and wrong types."""

import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from jinja2 import TemplateSyntaxError, nodes
from pydantic import AwareDatetime, BaseModel

from responder.playbook.document import nearest
from responder.playbook.expression import ExpressionError, environment
from responder.secret import Secret

Types: TypeAlias = tuple[Any, ...]  # the alternatives that a value may be of; `Any` stands for all

ANY: Types = (Any,)

_COMPARISONS = frozenset({"eq", "ne"})  # what any two values allow: an order of None and text has no answer
_LANGUAGE = "There are names, fields, `and`, `or`, `not`, `==`, `!=`, constants and `.of(…)`."
_WORDS: Mapping[Any, str] = {
    str: "text",
    int: "a number",
    float: "a number",
    bool: "yes or no",
    types.NoneType: "nothing",
    datetime: "a time",
    Secret: "a secret",
}


class RunFacts(BaseModel):
    """What `run` gives."""

    id: str
    confirmed_at: AwareDatetime
    strategy: str


@dataclass(frozen=True)
class StepsType:
    """The steps that may be referred to, with the types of their outputs."""

    outputs: Mapping[str, type[BaseModel]]
    unreachable: frozenset[str] = frozenset()  # exist, but are not among what this step needs


@dataclass(frozen=True)
class OutputsType:
    model: type[BaseModel]


@dataclass(frozen=True)
class OptionsType:
    names: frozenset[str]


def infer(expression: str, scope: Mapping[str, Any]) -> Types:
    """What an expression gives.

    Raises:
        ExpressionError: it names something that does not exist, or is no expression of the small language.
    """
    try:
        template = environment().parse("{{ " + expression + " }}")
        match template.body:
            case [nodes.Output(nodes=[node])]:
                return _infer(node, scope)
    except TemplateSyntaxError as error:
        why = (error.message or "it cannot be read").rstrip(".")
        raise ExpressionError(f"it is not an expression: {why}.", next_step=_LANGUAGE) from None
    except (RecursionError, ValueError):  # thousands of brackets or digits
        raise ExpressionError("it is too long.", next_step=_LANGUAGE) from None
    raise ExpressionError("it is not one expression.", next_step=_LANGUAGE)


def _infer(node: nodes.Node, scope: Mapping[str, Any]) -> Types:  # noqa: C901, PLR0911  # a case a form
    match node:
        case nodes.Name(name=name):
            if name not in scope:
                raise ExpressionError(f"There is no `{name}` here.", next_step=nearest(name, scope))
            return (scope[name],)
        case nodes.Const(value=value):
            return (type(value),)
        case nodes.Getattr(node=inner, attr=attr):
            return _flat(_field(kind, attr) for kind in _infer(inner, scope))
        case nodes.Call(node=nodes.Getattr(node=inner, attr="of"), args=[argument], kwargs=[]):
            _infer(argument, scope)
            return _flat(_of(kind) for kind in _infer(inner, scope))
        case nodes.Or(left=left, right=right):
            return _flat([_infer(left, scope), _infer(right, scope)])
        case nodes.And(left=left, right=right):
            _infer(left, scope)
            return _infer(right, scope)
        case nodes.Not(node=inner):
            _infer(inner, scope)
            return (bool,)
        case nodes.Compare(expr=left, ops=operands) if all(o.op in _COMPARISONS for o in operands):
            _infer(left, scope)
            for operand in operands:
                _infer(operand.expr, scope)
            return (bool,)
    raise ExpressionError(
        f"{type(node).__name__} is not part of the language of playbooks.", next_step=_LANGUAGE
    )


def _flat(alternatives: Iterable[Types]) -> Types:
    return tuple(dict.fromkeys(kind for kinds in alternatives for kind in kinds))


def _field(kind: Any, attr: str) -> Types:
    match kind:
        case StepsType(outputs=outputs, unreachable=unreachable):
            if attr in unreachable:
                raise ExpressionError(
                    f"Step `{attr}` is not among what this step needs, so it may not have run yet.",
                    next_step=f"Add `{attr}` to `needs`.",
                )
            if attr not in outputs:
                raise ExpressionError(f"There is no step `{attr}`.", next_step=nearest(attr, outputs))
            return (OutputsType(outputs[attr]),)
        case OutputsType(model=model):
            return _field_of_model(model, attr)
        case OptionsType(names=names):
            if attr not in names:
                raise ExpressionError(f"There is no option `{attr}`.", next_step=nearest(attr, names))
            return (str, types.NoneType)
        case type() if issubclass(kind, BaseModel):
            return _field_of_model(kind, attr)
    if kind is Any:
        return ANY
    if kind is types.NoneType:
        return ()
    raise ExpressionError(f"{described(kind)} has no field `{attr}`.")


def _field_of_model(model: type[BaseModel], attr: str) -> Types:
    derived = getattr(model, attr, None)
    if isinstance(derived, property) and derived.fget and not attr.startswith("_"):
        return alternatives(get_type_hints(derived.fget).get("return", Any))
    if attr not in model.model_fields:
        raise ExpressionError(
            f"{model.__name__} has no field `{attr}`.", next_step=nearest(attr, model.model_fields)
        )
    return alternatives(model.model_fields[attr].annotation)


def _of(kind: Any) -> Types:
    if isinstance(kind, OutputsType):
        return (kind.model, types.NoneType)
    raise ExpressionError("Only a step's outputs have `.of(…)`.")


def alternatives(annotation: Any) -> Types:
    """What a value of this annotation may be, without the finer points that only a value can meet or miss."""
    if annotation is AwareDatetime:
        return (datetime,)
    match get_origin(annotation):
        case origin if origin in (Union, types.UnionType):
            return _flat(alternatives(argument) for argument in get_args(annotation))
        case origin if origin is Annotated:
            return alternatives(get_args(annotation)[0])
        case origin if origin is Literal:
            return tuple(dict.fromkeys(type(value) for value in get_args(annotation)))
    return (annotation,)


def element(kinds: Types) -> Any | None:
    """The type of the items of a list, where it is one."""
    match kinds:
        case (kind,) if is_list(kind):
            return inner(kind)
    return None


def fits(given: Types, expected: Any) -> bool:
    """Could a value of one of these types be taken? What is None at run time is checked then."""
    wanted = alternatives(expected)
    return Any in wanted or all(_fits_one(kind, wanted) for kind in given if kind is not types.NoneType)


def _fits_one(kind: Any, wanted: Types) -> bool:
    if kind is Any or kind in wanted:
        return True
    for is_kind in (is_list, is_dict):
        if is_kind(kind):
            return any(is_kind(other) and fits(alternatives(inner(kind)), inner(other)) for other in wanted)
    return False


def inner(kind: Any) -> Any:
    """The type of a list's items, of a mapping's values."""
    return get_args(kind)[-1 if is_dict(kind) else 0]


def is_list(kind: Any) -> bool:
    return bool(get_origin(kind) in {tuple, list})


def is_dict(kind: Any) -> bool:
    return get_origin(kind) is dict


def described(annotation: Any) -> str:
    """A type in words for a person."""
    if isinstance(annotation, OutputsType):
        return "the outputs of a step"
    return " or ".join(dict.fromkeys(map(_in_words, alternatives(annotation))))


def _in_words(kind: Any) -> str:
    if is_list(kind):
        return "a list"
    if is_dict(kind):
        return "a mapping"
    return _WORDS.get(kind) or str(getattr(kind, "__name__", kind))
