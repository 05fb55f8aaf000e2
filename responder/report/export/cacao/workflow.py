"""Tasks in their order as CACAO workflow steps.

https://docs.oasis-open.org/cacao/security-playbooks/v2.0/security-playbooks-v2.0.html, sections 4 and 5.

Every branch ends in an end step of its own, as the specification wants it; a task goes on only when it
succeeded, and everything else is the playbook's exception: `respond resume`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid5

from responder.report.export.cacao.order import Branches, Order, Sequel, arrange, leaves
from responder.report.export.cacao.task import Task

__all__ = ["ACTIVITY", "Names", "Workflow"]

# Of the vocabulary playbook-activity-type-ov.
ACTIVITY: Final = {
    "prepare": "configure-systems",
    "identify": "identify-indicators",
    "contain": "restrict-access",
    "rotate": "configure-systems",
    "recover": "restore-capabilities",
    "retire": "eliminate-risk",
    "review": "analyze-collected-data",
}


@dataclass(frozen=True)
class Names:
    """Identifiers: the same for the same things of the same playbook, wherever and whenever they are made."""

    namespace: UUID

    def of(self, kind: str, what: str) -> str:
        return f"{kind}--{uuid5(self.namespace, f'{kind}:{what}')}"

    def action(self, task: str) -> str:
        return self.of("action", task)


@dataclass
class Workflow:
    """`steps` is CACAO's `workflow`, in reading order; `start` and `exception` are ids in it."""

    names: Names
    tasks: Mapping[str, Task]
    agent: str
    targets: Mapping[str, str]  # provider -> target's id
    extension: str
    resume: str  # what to type when something did not succeed
    steps: dict[str, Any] = field(default_factory=dict)

    def build(self) -> None:
        order = arrange(
            {task.id: task.needs for task in self.tasks.values()},
            [task.id for task in self.tasks.values() if task.wait_seconds],
        )
        end = self._end_id("playbook")
        self.steps[self.start] = {"type": "start", "name": "Start", "on_completion": self._entry(order)}
        self.steps.update(self._emitted(order, end))
        self.steps[end] = {"type": "end", "name": "All of it is done and proven"}
        self.steps.update(self._exception())

    @property
    def start(self) -> str:
        return self.names.of("start", "playbook")

    @property
    def exception(self) -> str:
        return self.names.of("action", "exception: go on where it stopped")

    @property
    def has_branches(self) -> bool:
        return any(step["type"] == "parallel" for step in self.steps.values())

    def _entry(self, order: Order) -> str:
        """The id of the step that an order begins with."""
        match order:
            case str():
                return self._if_id(order) if self.tasks[order].condition else self.names.action(order)
            case Sequel(parts=(first, *_)):
                return self._entry(first)
        return self.names.of("parallel", " ".join(leaves(order)))

    def _emitted(self, order: Order, then: str) -> Iterator[tuple[str, Any]]:
        match order:
            case str():
                yield from self._task(self.tasks[order], then)
            case Sequel(parts=parts):
                for part, following in zip(parts, (*parts[1:], None), strict=True):
                    yield from self._emitted(part, then if following is None else self._entry(following))
            case Branches(parts=parts):
                yield (
                    self._entry(order),
                    {
                        "type": "parallel",
                        "name": f"{len(parts)} at once",
                        "next_steps": [self._entry(part) for part in parts],
                        "on_completion": then,
                    },
                )
                for part in parts:
                    end = self._end_id(f"branch {' '.join(leaves(part))}")
                    yield from self._emitted(part, end)
                    yield end, {"type": "end"}

    def _task(self, task: Task, then: str) -> Iterator[tuple[str, Any]]:
        if not task.condition:
            yield self.names.action(task.id), self._action(task, then)
            return
        end = self._end_id(f"if {task.id}")
        yield (
            self._if_id(task.id),
            {
                "type": "if-condition",
                "name": f"Only if {task.condition}",
                "condition": f"{condition_variable(task)}:value = 'true'",
                "on_true": self.names.action(task.id),
                "on_completion": then,
            },
        )
        yield self.names.action(task.id), self._action(task, end)
        yield end, {"type": "end"}

    def _action(self, task: Task, then: str) -> dict[str, Any]:
        step: dict[str, Any] = {"type": "action", "name": task.title}
        step["description"] = " ".join((f"Phase {task.phase}.", *task.notes))
        if task.wait_seconds:
            step["delay"] = task.wait_seconds * 1000  # milliseconds
        step["on_success"] = then
        step["commands"] = [
            {
                "type": "manual",
                "description": f"{task.action} of respond",
                "command": f"{task.action}: {task.title}",
                "playbook_activity": ACTIVITY[task.phase],
            }
        ]
        step["agent"] = self.agent
        step["targets"] = [self.targets[task.provider]]
        kept = {"step_id": task.id, "phase": task.phase, "action": task.action, **task.more}
        step["step_extensions"] = {self.extension: kept}
        return step

    def _exception(self) -> Iterator[tuple[str, Any]]:
        end = self._end_id("exception")
        command = {
            "type": "bash",
            "command": self.resume,
            "description": "It goes on where the journal ends, and does nothing twice.",
            "playbook_activity": "execute-operation",
        }
        yield (
            self.exception,
            {
                "type": "action",
                "name": "Find out why it stopped, and go on",
                "on_success": end,
                "commands": [command],
                "agent": self.agent,
            },
        )
        yield end, {"type": "end", "name": "Gone on with elsewhere"}

    def _if_id(self, task: str) -> str:
        return self.names.of("if-condition", task)

    def _end_id(self, of: str) -> str:
        return self.names.of("end", of)


def condition_variable(task: Task) -> str:
    """The variable that says whether the task's condition is met; a task's id is a name already."""
    return f"__if_{task.id}__"
