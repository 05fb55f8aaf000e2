"""Values on their way into the journal and back: secrets are sealed, everything else is plain JSON."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

import rfc8785
from pydantic import BaseModel

from responder.action import Json
from responder.secret import Secret

Seal: TypeAlias = Callable[[str, Secret], Mapping[str, Json]]
Open: TypeAlias = Callable[[str, dict[str, Json]], Secret]


SEALED = frozenset({"sealed", "fingerprint"})  # the keys of a secret's place in the journal


def freeze(value: object, seal: Seal, label: str) -> Json:  # noqa: PLR0911  # a case a kind of value
    """Plain JSON. Each secret becomes what `seal` makes of it; `label` and the path within are its name."""
    match value:
        case Secret():
            return dict(seal(label, value))
        case BaseModel():
            fields = type(value).model_fields
            return {name: freeze(getattr(value, name), seal, f"{label}/{name}") for name in fields}
        case Mapping():
            return {str(key): freeze(inner, seal, f"{label}/{key}") for key, inner in value.items()}
        case list() | tuple():
            return [freeze(inner, seal, f"{label}/{index}") for index, inner in enumerate(value)]
        case datetime():
            return value.isoformat()
        case StrEnum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
    raise TypeError(f"{type(value).__name__} has no place in the journal.")


def thaw(value: Json, unseal: Open, label: str) -> Any:  # noqa: ANN401  # what a model is validated from
    """The inverse of `freeze`, up to the types that the model gives back."""
    match value:
        case dict() if value.keys() == SEALED:
            return unseal(label, value)
        case dict():
            return {key: thaw(inner, unseal, f"{label}/{key}") for key, inner in value.items()}
        case list():
            return [thaw(inner, unseal, f"{label}/{index}") for index, inner in enumerate(value)]
    return value


def shown(value: object) -> Json:
    """As `freeze`, with the fingerprint in place of each secret: for the reader, there is no way back."""
    return freeze(value, lambda _label, secret: {"fingerprint": secret.fingerprint}, "")


def digest(value: Json) -> str:
    """SHA-256 of canonical JSON, to tell whether two inputs are the same."""
    return hashlib.sha256(b"respond:input:v1\0" + rfc8785.dumps(value)).hexdigest()
