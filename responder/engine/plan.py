"""What a run would do, found out with read-only calls, all at once."""

import heapq
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from responder.action import Actions, AnyAction, Call, Connections, Irreversible, Output, Plan
from responder.engine.play import MOST_AT_ONCE
from responder.errors import ChoiceError, RefusedError, RespondError
from responder.playbook import Instance
from responder.playbook.check import alternatives, is_dict
from responder.playbook.expand import Cast, Setting
from responder.questions import Questions
from responder.secret import Secret, redact

PATIENCE = 8.0  # seconds for all plans together: a service that is down is said to be so, not waited for
PATIENCE_A_STEP = 0.04  # seconds, where there are so many that this is longer


@dataclass(frozen=True)
class PlannedStep:
    instance: Instance
    plan: Plan | None
    problem: str = ""  # why there is no plan; the step will be tried all the same
    choice: str = ""  # what a person must say first: until then it waits, and whatever depends on it
    point_of_no_return: str = ""


def plan_steps(
    instances: Sequence[Instance],
    setting: Setting,
    actions: Actions,
    connections: Connections,
    clock: Callable[[], datetime],
) -> list[PlannedStep]:
    """The plan of each active step, as they will be done. Values that the run will make are placeholders.

    Whatever else goes wrong with one step's plan is that step's problem.

    Raises:
        RefusedError: a step will not do this at all; or it wants a choice by a person, and nothing would be
            contained before that.
    """
    active = in_order([instance for instance in instances if instance.active])
    outputs = {i.id: placeholder(actions[i.step.uses]) for i in active}
    cast = Cast(instances)
    stopping = threading.Event()
    wanted: dict[str, ChoiceError] = {}

    def planned(instance: Instance) -> PlannedStep | None:
        if stopping.is_set():
            return None
        action = actions[instance.step.uses]
        call = Call(setting.run, instance.id, connections, clock, lambda _text: None, stopping)
        final = action.point_of_no_return if isinstance(action, Irreversible) else ""
        try:
            given = action.input_type.model_construct(**cast.arguments(instance, setting, outputs))
            return PlannedStep(instance, action.plan(call, given), point_of_no_return=final)
        except ChoiceError as error:
            what, choice = redact(error.what), redact(error.next_step)
            wanted[instance.id] = error
            return PlannedStep(instance, None, what, choice, final)
        except RefusedError:
            raise
        except RespondError as error:
            why = redact(f"{error.what} {error.next_step}".strip())
            return PlannedStep(instance, None, why, point_of_no_return=final)
        except Exception as error:  # noqa: BLE001  # a bug in one plan must not keep the others from containing
            why = redact(f"A mistake of ours: {_named(error)}")
            return PlannedStep(instance, None, why, point_of_no_return=final)

    patience = max(PATIENCE, len(active) * PATIENCE_A_STEP)
    questions = Questions(patience, MOST_AT_ONCE)
    answers = [questions.ask(instance.id, planned, instance) for instance in active]
    silent = f"No answer within {patience:.0f} s."
    try:
        found = [
            answer.get() or PlannedStep(instance, None, silent)
            for instance, answer in zip(active, answers, strict=True)
        ]
    finally:
        stopping.set()  # what was not asked in time is not asked for nobody
    if wanted and not _contains_without(wanted, active):
        raise next(wanted[instance.id] for instance in active if instance.id in wanted)
    return found


def _contains_without(choices: Collection[str], instances: Sequence[Instance]) -> bool:
    """Whether anything is contained before these are made, or nothing has to be; both in their order."""
    after = set(choices)
    for instance in instances:
        if not after.isdisjoint(instance.needs):
            after.add(instance.id)
    containing = [instance.id for instance in instances if instance.step.phase == "contain"]
    return not containing or not after.issuperset(containing)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def in_order(instances: Sequence[Instance]) -> list[Instance]:
    """As they will be done: each after what it needs, else in the playbook's order."""
    number = {instance.id: index for index, instance in enumerate(instances)}
    missing = {one.id: number.keys() & set(one.needs) for one in instances}
    needed_by: dict[str, list[int]] = {}
    for one in instances:
        for need in missing[one.id]:
            needed_by.setdefault(need, []).append(number[one.id])
    ready = [index for index, one in enumerate(instances) if not missing[one.id]]  # a heap, as it is sorted
    ordered: list[Instance] = []
    while ready:
        following = instances[heapq.heappop(ready)]
        ordered.append(following)
        for index in needed_by.get(following.id, ()):
            missing[instances[index].id].discard(following.id)
            if not missing[instances[index].id]:
                heapq.heappush(ready, index)
    return ordered


def placeholder(action: AnyAction) -> Output:
    """An output whose values say where the real ones will come from."""
    return action.output_type.model_construct(
        **{
            field: _stand_in(info.annotation, f"<fresh {field}>")
            for field, info in action.output_type.model_fields.items()
        }
    )


def _stand_in(annotation: Any, text: str) -> Any:  # noqa: ANN401  # a type, and a value of it
    for kind in alternatives(annotation):
        if kind is Secret:
            return Secret(text)
        if kind is str:
            return text
        if kind is int:
            return 0
        if is_dict(kind):
            return {}
        if get_args(kind):
            return []
    return None
