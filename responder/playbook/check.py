"""Types of expressions, found out before anything is played: unknown names, fields and wrong types."""

import types
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, Union, get_args, get_origin

from jinja2 import TemplateSyntaxError, nodes
from pydantic import BaseModel

from responder.playbook.document import nearest
from responder.playbook.expression import ExpressionError, environment

Types: TypeAlias = tuple[Any, ...]  # the alternatives that a value may be of; `Any` stands for all

ANY: Types = (Any,)


class RunFacts(BaseModel):
    """What `run` gives."""

    id: str
    confirmed_at: datetime
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
    except TemplateSyntaxError as error:
        raise ExpressionError(f"`{expression}` is not an expression: {error.message}.") from None
    match template.body:
        case [nodes.Output(nodes=[node])]:
            return _infer(node, scope)
    raise ExpressionError(f"`{expression}` is not one expression.")


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
        case nodes.Compare(expr=left, ops=operands):
            _infer(left, scope)
            for operand in operands:
                _infer(operand.expr, scope)
            return (bool,)
    raise ExpressionError(
        f"{type(node).__name__} is not part of the language of playbooks.",
        next_step="There are names, fields, `and`, `or`, `not`, comparisons, constants and `.of(…)`.",
    )


def _flat(alternatives: Any) -> Types:
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
    if get_origin(annotation) in (Union, types.UnionType):
        return _flat(alternatives(argument) for argument in get_args(annotation))
    return (annotation,)


def element(kinds: Types) -> Any | None:
    """The type of the items of a list, where it is one."""
    match kinds:
        case (kind,) if _is_list(kind):
            return get_args(kind)[0]
    return None


def fits(given: Types, expected: Any) -> bool:
    """Could a value of one of these types be taken? What is None at run time is checked then."""
    wanted = alternatives(expected)
    return Any in wanted or all(_fits_one(kind, wanted) for kind in given if kind is not types.NoneType)


def _fits_one(kind: Any, wanted: Types) -> bool:
    if kind is Any or kind in wanted:
        return True
    if _is_list(kind):
        return any(_is_list(other) for other in wanted)
    return is_dict(kind) and any(is_dict(other) for other in wanted)


def _is_list(kind: Any) -> bool:
    return bool(get_origin(kind) in {tuple, list})


def is_dict(kind: Any) -> bool:
    return bool(get_origin(kind) == dict)  # noqa: E721  # an origin is a class or None


def described(annotation: Any) -> str:
    """A type in words for a person."""
    if isinstance(annotation, OutputsType):
        return "the outputs of a step"
    words: dict[Any, str] = {str: "text", int: "a number", bool: "yes or no", types.NoneType: "nothing"}
    return " or ".join(
        words[k] if k in words else str(getattr(k, "__name__", k)) for k in alternatives(annotation)
    )
