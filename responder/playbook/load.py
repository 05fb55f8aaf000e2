"""From a playbook's text to a `Playbook` of which every step is known to fit its action."""

from graphlib import CycleError, TopologicalSorter

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from responder.action import Actions, AnyAction
from responder.playbook.document import Document, PlaybookError, clipped, nearest, parse
from responder.playbook.fit import check_step
from responder.playbook.model import Option, Playbook, Step


def load(name: str, text: str, actions: Actions) -> Playbook:
    """Parse and check everything that can be known without playing it.

    Raises:
        PlaybookError: with file, line, what was expected, and the nearest valid word.
    """
    document = parse(name, text)
    try:
        playbook = Playbook.model_validate(document.data)
    except ValidationError as error:
        wrong = error.errors(include_url=False)
        misspelt = [each for each in wrong if each["type"] == "extra_forbidden"]  # may be what is missing
        raise _from_validation(document, (misspelt or wrong)[0]) from None
    _check_needs(document, playbook)
    _check_order(document, playbook)
    used = [_action(document, index, step, actions) for index, step in enumerate(playbook.steps)]
    outputs = {step.id: found.output_type for step, found in zip(playbook.steps, used, strict=True)}
    for index, found in enumerate(used):
        check_step(document, playbook, index, found, outputs)
    return playbook


def _from_validation(document: Document, first: ErrorDetails) -> PlaybookError:
    path = _path_in(document, first["loc"])
    word = str(path[-1]) if path else "playbook"
    match first["type"]:
        case "extra_forbidden":
            return document.error(
                path, f"`{clipped(word)}` is not known here.", nearest(word, _keys_at(path))
            )
        case "missing":
            missing = first["loc"][-1]
            return document.error(path, f"`{missing}` is missing.", f"Add `{missing}`.")
        case "literal_error":
            valid = first["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
            given = clipped(first["input"])
            return document.error(path, f"`{given}` is not a {word}.", nearest(given, valid))
        case "model_type":
            expected = f"It has the keys {', '.join(_keys_at((*path, '')))}."
            return document.error(path, f"`{word}` wants keys with values.", expected)
    return document.error(path, f"`{word}`: {first['msg'].removeprefix('Value error, ')}.")


def _keys_at(path: tuple[str | int, ...]) -> list[str]:
    """The keys that are valid where the last part of `path` stands."""
    match path:
        case ("steps", int(), _):
            owner: type[Playbook | Step | Option] = Step
        case ("options", _, _):
            owner = Option
        case _:
            owner = Playbook
    return [field.alias or name for name, field in owner.model_fields.items()]


def _path_in(document: Document, location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Pydantic's locations also name alternatives of unions: those stand in no file."""
    path: tuple[str | int, ...] = ()
    for part in location:
        path = (*path, part) if (*path, part) in document.lines else path
    return path


def _check_needs(document: Document, playbook: Playbook) -> None:
    ids = [step.id for step in playbook.steps]
    for index, step_id in enumerate(ids):
        if step_id in ids[:index]:
            path = ("steps", index, "id")
            raise document.error(path, f"There are two steps `{step_id}`.", "Rename one of them.")
    for index, step in enumerate(playbook.steps):
        where = ("steps", index, "needs")
        for strategy in step.needs if isinstance(step.needs, dict) else ():
            if strategy not in playbook.strategies:
                near = nearest(strategy, playbook.strategies)
                raise document.error((*where, strategy), f"There is no strategy `{strategy}`.", near)
        for strategy in playbook.strategies:
            below = (strategy,) if isinstance(step.needs, dict) else ()
            for position, need in enumerate(step.needs_under(strategy)):
                if need not in ids:
                    near = nearest(need, set(ids) - {step.id})
                    raise document.error(
                        (*where, *below, position), f"There is no step `{clipped(need)}`.", near
                    )


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
            ("steps", index, "uses"),
            f"There is no action `{clipped(step.uses)}`.",
            nearest(step.uses, actions),
        ) from None
