"""From a playbook and an exposure to the steps of a run: `for_each`, `if` and needs resolved."""

from collections.abc import Callable, Mapping, Sequence
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

    @property
    def credentials(self) -> tuple[str, ...]:
        """Its own, or those that a workload runs or is deployed with."""
        if self.credential is not None:
            return (self.credential,)
        return (*getattr(self.item, "runs_with", ()), *getattr(self.item, "deployed_with", ()))


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
    groups = {
        step.id: _Group(step, [_bare(step, item, scope) for item in _items(step, scope)])
        for step in playbook.steps
    }
    done: list[Instance] = []
    for step in playbook.steps:
        needed = [groups[need] for need in step.needs_under(setting.strategy)]
        for instance in groups[step.id].instances:
            needs = tuple(one.id for group in needed for one in group.matching(instance))
            done.append(replace(instance, needs=needs))
    return tuple(done)


class Cast:
    """The instances of a run, each findable from the others: of hundreds of credentials, without a search."""

    def __init__(self, instances: Sequence[Instance]) -> None:
        by_step: dict[str, list[Instance]] = {}
        for one in instances:
            by_step.setdefault(one.step.id, []).append(one)
        self._groups = {step_id: _Group(group[0].step, group) for step_id, group in by_step.items()}

    def arguments(self, instance: Instance, setting: Setting, outputs: Mapping[str, Output]) -> Any:
        """The step's `with`, with every expression replaced by what it gives now.

        `outputs` are those of the instances that are done, by instance id.
        """
        steps = _Steps(lambda step_id: self._outputs_for(instance, step_id, outputs))
        scope = {**setting.scope(), "steps": steps, "each": instance.item}
        return evaluate(instance.step.arguments, scope)

    def _outputs_for(self, instance: Instance, step_id: str, outputs: Mapping[str, Output]) -> Outputs:
        if step_id not in self._groups:  # a step that had nothing to iterate over has no outputs, for nobody
            return Outputs(None, lambda _credential: None)
        group = self._groups[step_id]
        found = [outputs[one.id] for one in group.matching(instance) if one.id in outputs]

        def of_credential(credential: str) -> Output | None:
            made = [outputs[one.id] for one in group.of(credential) if one.id in outputs]
            return made[-1] if made else None

        return Outputs(found[0] if len(found) == 1 else None, of_credential)


def arguments(
    instance: Instance, setting: Setting, instances: Sequence[Instance], outputs: Mapping[str, Output]
) -> Any:
    """As `Cast.arguments`, for whoever asks once."""
    return Cast(instances).arguments(instance, setting, outputs)


class _Steps(dict[str, Outputs]):
    """Outputs are looked up for the steps that an expression names, and for no others."""

    def __init__(self, look_up: Callable[[str], Outputs]) -> None:
        super().__init__()
        self._look_up = look_up

    def __missing__(self, step_id: str) -> Outputs:
        self[step_id] = found = self._look_up(step_id)
        return found


class _Group:
    """The instances of one step.

    Raises:
        ValueError: two of them have the same label.
    """

    def __init__(self, step: Step, instances: Sequence[Instance]) -> None:
        self._step = step
        self.instances = instances
        self._by_id = {one.id: one for one in instances}
        if len(self._by_id) != len(instances):
            labels = [one.id for one in instances]
            raise ValueError(f"The items of step {step.id} have labels that are not unique: {labels}.")
        self._by_credential: dict[str, list[Instance]] = {}
        for one in instances:
            for credential in dict.fromkeys(one.credentials):
                self._by_credential.setdefault(credential, []).append(one)

    def of(self, credential: str) -> Sequence[Instance]:
        """Those whose one credential it is."""
        return [one for one in self._by_credential.get(credential, ()) if one.credential == credential]

    def matching(self, instance: Instance) -> Sequence[Instance]:
        """Which of them belong to an instance of another step.

        Where both iterate over the same, the same item's; else, where both items have to do with credentials,
        those that have one in common; else all.
        """
        if instance.item is not None and instance.step.for_each == self._step.for_each:
            same = self._by_id.get(_label(self._step, instance.item))
            return [] if same is None else [same]
        if instance.credentials and self._by_credential:
            found = {
                one.id: one
                for credential in instance.credentials
                for one in self._by_credential.get(credential, ())
            }
            return list(found.values())
        return self.instances


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
