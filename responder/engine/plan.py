"""What a run would do, found out with read-only calls, all at once."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunningError
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from responder.action import Actions, AnyAction, Call, Connections, Irreversible, Output, Plan
from responder.engine.play import MOST_AT_ONCE
from responder.errors import RefusedError, RespondError
from responder.playbook import Instance
from responder.playbook.check import alternatives, is_dict
from responder.playbook.expand import Setting, arguments
from responder.secret import Secret, redact

PATIENCE = 8.0  # seconds for all plans together: a service that is down is said to be so, not waited for


@dataclass(frozen=True)
class PlannedStep:
    instance: Instance
    plan: Plan | None
    problem: str = ""  # why there is no plan; the step will be tried all the same
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
        RefusedError: a step says that it will not do this without a choice by a person.
    """
    active = in_order([instance for instance in instances if instance.active])
    outputs = {i.id: placeholder(actions[i.step.uses]) for i in active}
    stopping = threading.Event()

    def planned(instance: Instance) -> PlannedStep:
        action = actions[instance.step.uses]
        call = Call(setting.run, instance.id, connections, clock, lambda _text: None, stopping)
        final = action.point_of_no_return if isinstance(action, Irreversible) else ""
        try:
            given = action.input_type.model_construct(**arguments(instance, setting, instances, outputs))
            return PlannedStep(instance, action.plan(call, given), point_of_no_return=final)
        except RefusedError:
            raise
        except RespondError as error:
            return PlannedStep(instance, None, redact(f"{error.what} {error.next_step}".strip()), final)
        except Exception as error:  # noqa: BLE001  # a bug in one plan must not keep the others from containing
            return PlannedStep(instance, None, redact(f"A mistake of ours: {_named(error)}"), final)

    pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="plan")
    until = clock()
    futures = [pool.submit(planned, instance) for instance in active]
    found = []
    for instance, future in zip(active, futures, strict=True):
        left = PATIENCE - (clock() - until).total_seconds()
        try:
            found.append(future.result(timeout=max(left, 0.0)))
        except StillRunningError:
            found.append(PlannedStep(instance, None, f"No answer within {PATIENCE:.0f} s."))
    stopping.set()
    pool.shutdown(wait=False, cancel_futures=True)
    return found


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def in_order(instances: Sequence[Instance]) -> list[Instance]:
    """As they will be done: each after what it needs, else in the playbook's order."""
    waiting = list(instances)
    there = {instance.id for instance in instances}
    ordered: list[Instance] = []
    done: set[str] = set()
    while waiting:
        following = next(i for i in waiting if done.issuperset(there.intersection(i.needs)))
        waiting.remove(following)
        ordered.append(following)
        done.add(following.id)
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
