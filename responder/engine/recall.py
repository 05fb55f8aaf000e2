"""What the journal tells of past steps, as far as it can be had back: inputs, outputs, and who it was for."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import rfc8785
from pydantic import BaseModel, ValidationError

from responder.action import AnyAction, Input, Output
from responder.engine.record import SEALED, thaw
from responder.engine.state import RunState, exposed
from responder.journal import EventKind, Journal
from responder.journal.events import stamp
from responder.secret import Secret

if TYPE_CHECKING:
    from responder.engine.run import Engine

_SHOWN = frozenset({"fingerprint"})  # the keys of a secret's place in a recorded input
_CLOCKS_DIFFER: Final = timedelta(days=1)  # ours and the services', at the most

# The whole journal is read for each of these, so it is SQLite that reads it, and no run is folded.
_MADE: Final = (
    "SELECT DISTINCT json_extract(data, '$.output') FROM events WHERE kind = 'step.applied' "
    "OR kind = 'step.succeeded' AND json_extract(data, '$.applied')"
)
_SESSIONS: Final = (
    "SELECT DISTINCT told.value FROM events, json_tree(data, '$.exposure') AS told "
    "WHERE kind = 'run.started' AND told.key = 'session_id' AND told.type = 'text'"
)
_EXPOSED: Final = (
    "SELECT DISTINCT json_extract(one.value, '$.identifier') AS name "
    "FROM events, json_each(data, '$.exposure') AS listed, json_each(listed.value) AS one "
    "WHERE kind = 'run.started' AND listed.type = 'array' AND one.type = 'object' AND name IS NOT NULL"
)
_REQUESTS: Final = (
    "SELECT json_extract(asked.value, '$.id') FROM events, json_each(data, '$.requests') AS asked "
    "WHERE at >= ? AND asked.type = 'object'"
)


class Recall:
    """Of one run. Of a run whose secrets were shredded, secrets are None: identifiers are what is left."""

    def __init__(self, engine: "Engine", run: str, state: RunState) -> None:
        self._engine, self._run, self._state = engine, run, state
        exposure = None if state.shredded else engine.order(run, state).exposure
        self._secrets = {} if exposure is None else {one.fingerprint: one for one in _secrets(exposure)}

    def given(self, action: AnyAction, shown: Any) -> Input | None:  # noqa: ANN401  # as recorded
        """A step's input; None where it needs a secret that is gone."""
        try:
            return action.input_type.model_validate(self._with_secrets(shown))
        except ValidationError:
            return None

    def output(self, action: AnyAction, frozen: Any, label: str) -> Output | None:  # noqa: ANN401  # as recorded
        """A step's output; None where it holds a secret that is gone.

        Args:
            action: the step's.
            frozen: as recorded.
            label: under which its secrets were sealed.
        """

        def unseal(name: str, sealed: Mapping[str, Any]) -> Any:  # noqa: ANN401
            return self._engine.seals.open(self._run, name, sealed)

        if self._state.shredded and _holds_sealed(frozen):
            return None
        return action.output_type.model_validate(thaw(frozen, unseal, label))

    def _with_secrets(self, shown: Any) -> Any:  # noqa: ANN401
        match shown:
            case dict() if shown.keys() == _SHOWN:
                return self._secrets.get(shown["fingerprint"])
            case dict():
                return {key: self._with_secrets(inner) for key, inner in shown.items()}
            case list():
                return [self._with_secrets(inner) for inner in shown]
        return shown


def same_thing(action: AnyAction, shown: Any) -> bytes:  # noqa: ANN401  # as recorded
    """Equal for steps that do the same to the same, whatever secrets they had at hand to prove it with.

    Args:
        action: the step's.
        shown: its input as recorded.
    """
    what = {name: value for name, value in shown.items() if name not in action.input_type.moments}
    return rfc8785.dumps([action.name, _without_secrets(what)])


def leaked_credentials(state: RunState) -> list[dict[str, Any]]:
    """The credentials that the run is about and a provider knows, as the journal has them."""
    return [item for item in exposed(state.started) if {"identifier", "credential"} <= item.keys()]


def known_identifiers(journal: Journal, state: RunState) -> set[str]:
    """All that any run is about or has made, and what was beside the leaked ones when this one began."""
    known = made_identifiers(journal) | {str(name) for (name,) in journal.database.rows(_EXPOSED)}
    return known.union(*(leaked.get("other_keys", ()) for leaked in leaked_credentials(state)))


def made_identifiers(journal: Journal) -> set[str]:
    """All that any run has made, the sessions among it that it got to prove something with.

    What a step found as it should be already, and what a review saw, somebody else may have made.
    """
    made = {text for (output,) in journal.database.rows(_MADE) for text in _texts(json.loads(output))}
    return made.union(name for (name,) in journal.database.rows(_SESSIONS))


def ours(journal: Journal, since: datetime) -> frozenset[str]:
    """What runs and tries of this journal have made, and what the services called their requests since then.

    By these a review knows what we did ourselves, also where a leak was identified and no run was confirmed.
    A year of hourly rotations is read in a second.
    """
    controls = {str(event.data["identifier"]) for event in journal.noted(EventKind.CONTROL_TAKEN)}
    asked = journal.database.rows(_REQUESTS, (stamp(since - _CLOCKS_DIFFER),))
    return frozenset({*made_identifiers(journal), *controls, *(name for (name,) in asked if name)})


def _texts(frozen: Any) -> Iterator[str]:  # noqa: ANN401
    match frozen:
        case str():
            yield frozen
        case dict() if frozen.keys() != SEALED:
            for inner in frozen.values():
                yield from _texts(inner)
        case list():
            for inner in frozen:
                yield from _texts(inner)


def _without_secrets(shown: Any) -> Any:  # noqa: ANN401
    match shown:
        case dict() if shown.keys() == _SHOWN:
            return None
        case dict():
            return {key: _without_secrets(inner) for key, inner in shown.items()}
        case list():
            return [_without_secrets(inner) for inner in shown]
    return shown


def _holds_sealed(frozen: Any) -> bool:  # noqa: ANN401
    match frozen:
        case dict() if frozen.keys() == SEALED:
            return True
        case dict():
            return any(_holds_sealed(inner) for inner in frozen.values())
        case list():
            return any(_holds_sealed(inner) for inner in frozen)
    return False


def _secrets(value: object) -> Iterator[Secret]:
    match value:
        case Secret():
            yield value
        case BaseModel():
            for name in type(value).model_fields:
                yield from _secrets(getattr(value, name))
        case tuple() | list():
            for inner in value:
                yield from _secrets(inner)
