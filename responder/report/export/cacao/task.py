"""What a CACAO playbook is made from: the steps of a playbook, or those that were confirmed for a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from responder.action import Json
from responder.playbook import Playbook

__all__ = ["Task", "tasks_of_playbook", "tasks_of_run"]


@dataclass(frozen=True)
class Task:
    """One step. `more` is what only `respond` reads of it, kept so that nothing is lost."""

    id: str
    title: str
    phase: str
    action: str
    needs: tuple[str, ...]
    wait_seconds: int = 0
    condition: str = ""  # the playbook's own expression; empty where the step is always done
    notes: tuple[str, ...] = ()  # sentences for people
    more: Mapping[str, Json] = field(default_factory=dict)

    @property
    def provider(self) -> str:
        return self.action.partition(".")[0]


def tasks_of_playbook(playbook: Playbook, strategy: str) -> tuple[Task, ...]:
    """The steps as the file has them: a step with `for_each` is one task."""
    found = []
    for step in playbook.steps:
        notes = [f"Once for each item of {step.for_each}."] if step.for_each else []
        condition = step.condition if isinstance(step.condition, str) else ""
        more: dict[str, Json] = {"arguments": dict(step.arguments), "needs": list(step.needs_under(strategy))}
        if step.for_each:
            more["for_each"] = step.for_each
        if condition:
            more["condition"] = condition
        if isinstance(step.wait, str):
            more["wait"] = step.wait
        if step.condition is False:
            continue
        found.append(
            Task(
                id=step.id,
                title=step.title,
                phase=step.phase,
                action=step.uses,
                needs=step.needs_under(strategy),
                wait_seconds=step.wait if isinstance(step.wait, int) else 0,
                condition=condition,
                notes=tuple(notes),
                more=more,
            )
        )
    return tuple(found)


def tasks_of_run(started: Mapping[str, Any]) -> tuple[Task, ...]:
    """The steps that run.started describes and whose condition was met, one task an item."""
    return tuple(
        Task(
            id=one["id"],
            title=f"{one['title']} ({one['label']})" if one["label"] else one["title"],
            phase=one["phase"],
            action=one["action"],
            needs=tuple(one["needs"]),
            wait_seconds=one["wait_seconds"],
            notes=("There is no way back from it.",) if one["irreversible"] else (),
            more={"needs": list(one["needs"]), "credential": one["credential"]},
        )
        for one in started["steps"]
        if one["active"]
    )
