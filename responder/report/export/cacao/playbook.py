"""A playbook, or the plan of a run, as a CACAO v2.0 playbook.

Its commands are `manual`, which the specification means for "a human or a system that acts on behalf of a
human": CACAO knows no kind of command that is one action of `respond`. What only `respond` reads of a step is
in a step extension, so that nothing of the playbook is lost.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from responder.journal.events import stamp
from responder.playbook import Playbook, named
from responder.report.export.cacao.task import Task, tasks_of_playbook, tasks_of_run
from responder.report.export.cacao.workflow import ACTIVITY, Names, Workflow, condition_variable
from responder.report.occasion import occasion_of

__all__ = ["names_of_run", "of_playbook", "of_run"]

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:respond:cacao:v1")
# Provider -> its name and where its API is; any other is an organization of its name.
_APIS: Final = {
    "aws": ("AWS Identity and Access Management", "https://iam.amazonaws.com"),
    "modal": ("Modal", "https://api.modal.com"),
    "github": ("GitHub", "https://api.github.com"),
}


def of_playbook(
    playbook: Playbook, name: str, text: str, strategy: str, changed_at: datetime
) -> dict[str, Any]:
    """A playbook in the order of one strategy; its id is bound to its very text.

    Args:
        playbook: as loaded from `text`.
        name: of its file.
        text: of its file.
        strategy: one of the playbook's.
        changed_at: when the file was changed last.
    """
    namespace = _namespace(text, strategy)
    tasks = tasks_of_playbook(playbook, strategy)
    variables: dict[str, Any] = {
        f"__option_{option}__": {
            "type": "string",
            "description": about.help,
            "value": about.default,
            "external": True,
        }
        for option, about in playbook.options.items()
    }
    variables.update(
        (
            condition_variable(task),
            {
                "type": "bool",
                "description": f"Whether this gives something: {task.condition}",
                "value": None,
                "external": True,
            },
        )
        for task in tasks
        if task.condition
    )
    description = f"{playbook.summary.strip()} Strategy {strategy}: {playbook.strategies[strategy]}"
    made = _assembled(
        Names(namespace), tasks, f"{playbook.title} ({strategy})", description, changed_at, "respond resume"
    )
    if variables:
        made["playbook_variables"] = variables
    made["external_references"] = _references(name, text)
    return made


def of_run(run: str, started: Mapping[str, Any]) -> dict[str, Any]:
    """What was confirmed for a run: each step for its item, without those whose condition was not met."""
    played, strategy = started["playbook"], started["strategy"]
    confirmed_at = datetime.fromisoformat(started["confirmed_at"])
    occasion = occasion_of(started)
    about = f", about what {occasion.where}" if occasion.is_incident else ""
    description = (
        f"What was confirmed for run {run} ({started['confirmed_by']}) of {played['name']}, {strategy}"
    )
    description += f"{about}."
    made = _assembled(
        names_of_run(run, started),
        tasks_of_run(started),
        f"Run {run} of {played['name']} ({strategy})",
        description,
        confirmed_at,
        f"respond resume {run}",
    )
    made["derived_from"] = [f"playbook--{_namespace(played['text'], strategy)}"]
    made["external_references"] = _references(played["name"], played["text"])
    return made


def names_of_run(run: str, started: Mapping[str, Any]) -> Names:
    return Names(uuid5(_namespace(started["playbook"]["text"], started["strategy"]), f"run:{run}"))


def _assembled(
    names: Names, tasks: Sequence[Task], title: str, description: str, at: datetime, resume: str
) -> dict[str, Any]:
    respond = Names(_NAMESPACE)  # what is the same in every playbook
    agent, extension = respond.of("security-category", "respond"), respond.of("extension-definition", "step")
    maker = respond.of("identity", "respond")
    targets = {provider: _target(respond, provider) for provider in sorted({one.provider for one in tasks})}
    by_provider = {provider: identifier for provider, (identifier, _) in targets.items()}
    workflow = Workflow(names, {one.id: one for one in tasks}, agent, by_provider, extension, resume)
    workflow.build()
    phases = {task.phase for task in tasks}
    time = _milliseconds(at)
    return {
        "type": "playbook",
        "spec_version": "cacao-2.0",
        "id": f"playbook--{names.namespace}",
        "name": title,
        "description": description,
        "playbook_types": ["mitigation", "remediation"],
        "playbook_activities": [
            *(activity for phase, activity in ACTIVITY.items() if phase in phases),
            "execute-operation",
        ],
        "playbook_processing_summary": {
            "manual_playbook": False,
            "parallel_processing": workflow.has_branches,
            "if_logic": any(task.condition for task in tasks),
            "temporal_logic": any(task.wait_seconds for task in tasks),
            "extensions": True,
        },
        "created_by": maker,
        "created": time,
        "modified": time,
        "labels": ["respond", *sorted(phases)],
        "workflow_start": workflow.start,
        "workflow_exception": workflow.exception,
        "workflow": workflow.steps,
        "agent_definitions": {
            agent: {
                "type": "security-category",
                "name": "respond",
                "description": "What plays it; a person can do each step by hand, as the runbook says.",
                "category": ["orchestrator"],
            }
        },
        "target_definitions": dict(targets.values()),
        "extension_definitions": {
            extension: {
                "type": "extension-definition",
                "name": "respond step",
                "description": "The step as respond's own playbook or journal has it.",
                "created_by": maker,
                "schema": "The keys of a step in respond's playbooks: `respond playbook schema`.",
                "version": "1.0.0",
            }
        },
    }


def _target(respond: Names, provider: str) -> tuple[str, dict[str, Any]]:
    if provider in _APIS:
        name, url = _APIS[provider]
        address = {"url": [url]}
        return respond.of("http-api", provider), {
            "type": "http-api",
            "name": name,
            "address": address,
            "port": "443",
        }
    return respond.of("organization", provider), {"type": "organization", "name": provider}


def _references(name: str, text: str) -> list[dict[str, str]]:
    """The file, by the hash of its text, and the runbook where `respond` comes with one."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    found = [{"name": name, "description": "The playbook of respond.", "external_id": f"sha256:{digest}"}]
    stem = name.rpartition(".")[0] or name
    if stem in named():
        by_hand = "How to do each step by hand."
        found.append({"name": f"Runbook {stem}", "description": by_hand, "source": f"runbooks/{stem}.md"})
    return found


def _namespace(text: str, strategy: str) -> UUID:
    return uuid5(_NAMESPACE, f"{strategy}\0{text}")


def _milliseconds(at: datetime) -> str:
    """As CACAO writes a time: exactly three digits."""
    return f"{stamp(at)[:-4]}Z"
