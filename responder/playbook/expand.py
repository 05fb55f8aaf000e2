"""From a playbook and an exposure to the steps of a run: `for_each`, `if` and needs resolved."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from responder.action import Output
from responder.exposure import Exposure
from responder.playbook.check import RunFacts
from responder.playbook.expression import Outputs, evaluate
from responder.playbook.model import Playbook, Step


@dataclass(frozen=True)
class Instance:
    """One step of a run: a step of the playbook, for one item where it has `for_each`."""

    id: str  # create_key[s3]
    step: Step
    item: BaseModel | None
    needs: tuple[str, ...]  # ids of instances
    active: bool  # False: its `if` says no
    wait: int = 0  # seconds after what it needs is over

    @property
    def credential(self) -> str | None:
        return getattr(self.item, "credential", None)


@dataclass(frozen=True)
class Setting:
    """What expressions can see beside the items and the steps' outputs."""

    exposure: Exposure
    options: Mapping[str, str | None]
    run: str
    confirmed_at: datetime
    strategy: str

    def scope(self) -> dict[str, object]:
        facts = RunFacts(id=self.run, confirmed_at=self.confirmed_at, strategy=self.strategy)
        return {"exposure": self.exposure, "options": self.options, "run": facts}


def expand(playbook: Playbook, setting: Setting) -> tuple[Instance, ...]:
    """The steps of a run, in the playbook's order. The same input gives the same: a resume relies on it."""
    scope = setting.scope()
    bare = {step.id: [_bare(step, item, scope) for item in _items(step, scope)] for step in playbook.steps}
    done: list[Instance] = []
    for step in playbook.steps:
        ids = _ids(step, bare[step.id])
        for instance, instance_id in zip(bare[step.id], ids, strict=True):
            needs = tuple(
                need_id
                for need in step.needs_under(setting.strategy)
                for need_id in _matching(instance, playbook.step(need), bare[need])
            )
            done.append(replace(instance, id=instance_id, needs=needs))
    return tuple(done)


def arguments(
    instance: Instance, setting: Setting, instances: Sequence[Instance], outputs: Mapping[str, Output]
) -> Any:
    """The step's `with`, with every expression replaced by what it gives now.

    `outputs` are those of the instances that are done, by instance id.
    """
    by_step: dict[str, list[Instance]] = {}
    for other in instances:
        by_step.setdefault(other.step.id, []).append(other)
    # A step that had nothing to iterate over has no outputs, for nobody.
    steps: defaultdict[str, Outputs] = defaultdict(lambda: Outputs(None, {}))
    for step_id, group in by_step.items():
        steps[step_id] = _outputs_for(instance, group[0].step, group, outputs)
    scope = {**setting.scope(), "steps": steps, "each": instance.item}
    return evaluate(instance.step.arguments, scope)


def _outputs_for(
    instance: Instance, other: Step, group: Sequence[Instance], outputs: Mapping[str, Output]
) -> Outputs:
    same = [candidate.id for candidate in group if candidate.id in _matching(instance, other, group)]
    found = [outputs[instance_id] for instance_id in same if instance_id in outputs]
    by_credential = {
        candidate.credential: outputs[candidate.id]
        for candidate in group
        if candidate.credential is not None and candidate.id in outputs
    }
    return Outputs(found[0] if len(found) == 1 else None, by_credential)


def _items(step: Step, scope: Mapping[str, object]) -> list[BaseModel | None]:
    return [None] if step.for_each is None else list(evaluate(step.for_each, scope))


def _bare(step: Step, item: BaseModel | None, scope: Mapping[str, object]) -> Instance:
    condition = step.condition
    here = {**scope, "each": item}
    active = bool(evaluate(condition, here) if isinstance(condition, str) else condition)
    wait = int(evaluate(step.wait, here) or 0)
    return Instance(_label(step, item), step, item, (), active, wait)


def _label(step: Step, item: BaseModel | None) -> str:
    return step.id if item is None else f"{step.id}[{getattr(item, 'label', '')}]"


def _ids(step: Step, group: Sequence[Instance]) -> list[str]:
    labels = [instance.id for instance in group]
    if len(set(labels)) != len(labels):
        raise ValueError(f"The items of step {step.id} have labels that are not unique: {labels}.")
    return labels


def _matching(instance: Instance, other: Step, group: Sequence[Instance]) -> list[str]:
    """Which instances of another step belong to this one.

    Where both iterate over the same, the same item's; else, where both items belong to a credential, the same
    credential's; else all.
    """
    if instance.item is not None and instance.step.for_each == other.for_each:
        return [candidate.id for candidate in group if candidate.item == instance.item]
    if instance.credential is not None and any(candidate.credential for candidate in group):
        return [candidate.id for candidate in group if candidate.credential == instance.credential]
    return [candidate.id for candidate in group]
