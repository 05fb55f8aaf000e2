"""What the journal tells of past steps, as far as it can be had back: inputs, outputs, and who it was for."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import rfc8785
from pydantic import BaseModel, ValidationError

from responder.action import AnyAction, Input, Output
from responder.engine.record import SEALED, thaw
from responder.engine.state import REVIEW, RunState, exposed, exposed_identifiers, fold
from responder.journal import Event, EventKind, Journal
from responder.secret import Secret

if TYPE_CHECKING:
    from responder.engine.run import Engine

_SHOWN = frozenset({"fingerprint"})  # the keys of a secret's place in a recorded input


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
    states = [fold(run, journal.events(run)) for run in journal.runs()]
    known = {text for other in states for text in _made(other)}
    known |= {identifier for other in states for identifier in exposed_identifiers(other.started)}
    return known.union(*(leaked.get("other_keys", ()) for leaked in leaked_credentials(state)))


def made_identifiers(journal: Journal) -> set[str]:
    """All that any run has made, the sessions among it that it got to prove something with."""
    return {text for run in journal.runs() for text in _made(fold(run, journal.events(run)))}


def ours(journal: Journal) -> frozenset[str]:
    """What runs and tries of this journal have made, and what the services called their requests.

    By these a review knows what we did ourselves, also where a leak was identified and no run was confirmed.
    """
    controls = journal.noted(EventKind.CONTROL_TAKEN)
    found = {str(event.data["identifier"]) for event in controls}
    found.update(name for event in controls for name in _requests(event))
    for run in journal.runs():
        events = journal.events(run)
        found.update(name for event in events for name in _requests(event))
        found.update(_made(fold(run, events)))
    return frozenset(found)


def _requests(event: Event) -> Iterator[str]:
    requests = event.data.get("requests")
    for one in requests if isinstance(requests, list) else ():
        if isinstance(one, dict):
            yield str(one.get("id", ""))


def _made(state: RunState) -> Iterator[str]:
    seen = {step["id"] for step in state.started["steps"] if step["phase"] == REVIEW}
    for name, step in state.steps.items():
        if name not in seen:  # what a review saw, somebody else has made
            yield from _texts(step.output)
    yield from (leaked.get("session_id", "") for leaked in leaked_credentials(state))


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
