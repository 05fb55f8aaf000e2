"""What became of a run, step by step, in the words that CACAO's orchestrators use.

After https://github.com/cyentific-rni/workflow-status and the reports that SOARCA makes from it.
"""

import base64
from collections.abc import Iterable
from typing import Any, Final
from uuid import uuid5

from responder.engine import RunState, StepState
from responder.journal.events import stamp
from responder.report.export.cacao.playbook import names_of_run, of_run
from responder.report.record import Actor, Record

__all__ = ["of_records"]

_STATUS: Final = {
    "intended": "ongoing",
    "applied": "ongoing",
    "succeeded": "successfully_executed",
    "failed": "failed",
    "parked": "await_user_input",
    "undone": "undone",  # theirs has no word for it
}


def of_records(records: Iterable[Record]) -> dict[str, Any]:
    """The playbook that was confirmed, and its execution beside it.

    Args:
        records: all of one run, from its start.
    """
    state: RunState | None = None
    last: Record | None = None
    hands: dict[str, Actor] = {}  # who did what was done last of a step
    for record in records:
        state = state or RunState(record.event.run)
        state.fold(record.event)
        hands[record.event.step] = record.actor
        last = record
    if state is None or last is None:
        raise ValueError("A run has events.")
    playbook = of_run(state.run, state.started)
    return {"playbook": playbook, "execution": _execution(state, last, playbook, hands)}


def _execution(
    state: RunState, last: Record, playbook: dict[str, Any], hands: dict[str, Actor]
) -> dict[str, Any]:
    names = names_of_run(state.run, state.started)
    described = {one["id"]: one for one in state.started["steps"]}
    results, unreached, skipped = {}, [], []
    for step_id, about in described.items():
        step = state.step(step_id)
        identifier = names.action(step_id)
        if not about["active"]:
            skipped.append({"step": step_id, "why": step.why})
        elif step.status in _STATUS:
            commands = playbook["workflow"][identifier]["commands"]
            results[identifier] = _result(step_id, step, commands, hands[step_id])
            results[identifier]["name"] = playbook["workflow"][identifier]["name"]
        else:
            unreached.append({"step": step_id, "step_id": identifier})
    execution: dict[str, Any] = {
        "type": "execution_status",
        "execution_id": str(uuid5(names.namespace, "execution")),
        "run": state.run,
        "playbook_id": playbook["id"],
        "started": stamp(state.started_at) if state.started_at else "",
        "status": _overall(state),
        "status_text": state.outcome or "not at its end",
        "operator": state.started["operator"],
        "times_resumed": state.resumed,
        "step_results": results,
        "not_reached": unreached,
        "not_applicable": skipped,
        "journal": {"last_event": last.event.seq, "hash": last.event.hash},
    }
    if state.finished_at:
        execution["ended"] = stamp(state.finished_at)
    return execution


def _result(step_id: str, step: StepState, commands: list[dict[str, Any]], by: Actor) -> dict[str, Any]:
    result: dict[str, Any] = {
        "step": step_id,
        "status": _STATUS[step.status],
        "status_text": step.why or step.evidence,
        "attempts": step.attempt,
        "retries": step.retries,
        "changed_something": step.applied,
        "executed_by": str(by),
        "automated_execution": True,
        "commands_b64": [base64.b64encode(one["command"].encode()).decode() for one in commands],
    }
    if step.started_at:
        result["started"] = stamp(step.started_at)
    if step.finished_at and _STATUS[step.status] != "ongoing":
        result["ended"] = stamp(step.finished_at)
        if step.started_at:
            result["duration_ms"] = round((step.finished_at - step.started_at).total_seconds() * 1000)
    if step.looks:
        result["later_looks"] = [
            {"at": stamp(look.at), "result": look.result, "detail": look.detail} for look in step.looks
        ]
    if step.next_step:
        result["next_step"] = step.next_step
    return result


def _overall(state: RunState) -> str:
    statuses = {step.status for step in state.steps.values()}
    match state.outcome:
        case "succeeded":
            return "successfully_executed"
        case "" if "failed" in statuses:
            return "failed"
        case "" if "parked" in statuses:
            return "await_user_input"
        case "":
            return "ongoing"
        case "undone" | "partly undone":
            return "undone"
    return "failed"
