"""A JSON Schema (draft 2020-12) of the whole language of playbooks, for editors.

Made from the models of this package and the actions' own input types. What takes more than one place of a
file to see (needs, references, types of expressions) is `load`'s to check.
"""

import copy
import inspect
from typing import Any

from pydantic import BaseModel

from responder.action import Actions, AnyAction
from responder.playbook.model import EXPRESSION_SCHEMA, Playbook
from responder.secret import Secret

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_EXPRESSION = {"$ref": "#/$defs/Expression"}


class _OneSecret(BaseModel):
    value: Secret


def json_schema(actions: Actions) -> dict[str, Any]:
    """The schema of a playbook that may use these actions."""
    found = _untitled(Playbook.model_json_schema(by_alias=True))
    step = found["$defs"]["Step"]
    step["properties"]["uses"] = {**step["properties"]["uses"], "enum": sorted(actions)}
    step["allOf"] = [_rule(actions[name]) for name in sorted(actions)]
    found["$defs"]["Expression"] = EXPRESSION_SCHEMA
    return {"$schema": DIALECT, "title": "A playbook of respond", **found}


def _rule(action: AnyAction) -> dict[str, Any]:
    """What `with` must be where a step uses this action."""
    given = _arguments(action)
    says = {"description": _summary(action)}
    return {
        "if": {"properties": {"uses": {"const": action.name}}, "required": ["uses"]},
        "then": {
            "properties": {"uses": says, "with": given},
            **({"required": ["with"]} if given.get("required") else {}),
        },
    }


def _arguments(action: AnyAction) -> dict[str, Any]:
    made = action.input_type.model_json_schema()
    schema = _untitled(_without_references(made, made.get("$defs", {})))
    schema.pop("$defs", None)
    secret = _untitled(_OneSecret.model_json_schema())["properties"]["value"]
    fields = schema.get("properties", {})
    return {**schema, "properties": {name: _value(field, secret) for name, field in fields.items()}}


def _value(schema: dict[str, Any], secret: dict[str, Any]) -> dict[str, Any]:
    """A value of this schema, or an expression, at every level."""
    if {key: schema.get(key) for key in secret} == secret:
        return _EXPRESSION  # never the secret itself
    deeper: dict[str, Any] = {}
    for key, inner in schema.items():
        if key in {"items", "additionalProperties"} and isinstance(inner, dict):
            deeper[key] = _value(inner, secret)
        elif key == "anyOf":
            deeper[key] = [_value(alternative, secret) for alternative in inner]
        elif key == "properties":
            deeper[key] = {name: _value(field, secret) for name, field in inner.items()}
    return {"anyOf": [{**schema, **deeper}, _EXPRESSION]}


def _without_references(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_without_references(inner, definitions) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _without_references(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {key: _without_references(inner, definitions) for key, inner in schema.items() if key != "$defs"}


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    """Pydantic's titles repeat the names of keys; a property of that name stays."""
    made = copy.deepcopy(schema)
    _drop_titles(made)
    return made


def _drop_titles(schema: Any) -> None:
    if isinstance(schema, list):
        for inner in schema:
            _drop_titles(inner)
    elif isinstance(schema, dict):
        if isinstance(schema.get("title"), str):
            del schema["title"]
        for inner in schema.values():
            _drop_titles(inner)


def _summary(action: AnyAction) -> str:
    return (inspect.getdoc(type(action)) or action.name).partition("\n\n")[0].replace("\n", " ")
