"""A workflow file, read into what this sandbox can run.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
A key that would change what runs and is not supported here becomes a job's `refusal`: it fails and says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

WORKFLOW_FOLDER = ".github/workflows/"
ROOT_KEYS = frozenset({"name", "run-name", "on", "env", "jobs", "permissions", "concurrency", "defaults"})
JOB_KEYS = frozenset({"name", "runs-on", "needs", "if", "environment", "env", "steps"}) | {
    "permissions",
    "timeout-minutes",
    "defaults",
}
STEP_KEYS = frozenset({"name", "id", "uses", "with", "run", "env", "if"}) | {
    "working-directory",
    "shell",
    "continue-on-error",
}
SHELLS: Mapping[str, tuple[str, ...]] = {
    "": ("bash", "-e"),
    "bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail"),
}


class WorkflowError(Exception):
    """The file is no workflow."""


@dataclass(frozen=True)
class Input:
    name: str
    type: str
    required: bool
    default: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class StepSpec:
    name: str
    run: str | None
    uses: str
    env: Mapping[str, str]
    condition: str | None
    directory: str
    shell: str
    continue_on_error: bool


@dataclass(frozen=True)
class JobSpec:
    key: str
    name: str
    labels: tuple[str, ...]
    needs: tuple[str, ...]
    condition: str | None
    environment: str | None
    env: Mapping[str, str]
    minutes: float
    may_identify: bool
    """`id-token: write`: it may get GitHub's word for what it is."""
    steps: tuple[StepSpec, ...]
    refusal: str | None


@dataclass(frozen=True)
class Workflow:
    path: str
    name: str
    run_name: str | None
    triggers: frozenset[str]
    inputs: Mapping[str, Input]
    env: Mapping[str, str]
    concurrency: str
    jobs: Mapping[str, JobSpec] = field(default_factory=dict)


def load(path: str, data: bytes) -> Workflow:
    """Parse the file.

    Raises:
        WorkflowError: it is not YAML, or not shaped like a workflow.
    """
    try:
        # Every scalar as its text: `on` stays a key, and env values need no converting back.
        document = yaml.load(data, Loader=yaml.BaseLoader)  # noqa: S506 - builds strings, lists and dicts only
    except yaml.YAMLError as error:
        raise WorkflowError(f"{path} is not YAML: {error}") from error
    root = _mapping(document, path)
    triggers = _triggers(root.get("on"))
    jobs = {key: _job(key, job, root) for key, job in _mapping(root.get("jobs"), f"{path}: jobs").items()}
    for job in jobs.values():
        if unknown := set(job.needs) - set(jobs):
            raise WorkflowError(f"{path}: job {job.key} needs {', '.join(sorted(unknown))}, which is no job.")
    return Workflow(
        path=path,
        name=_text(root.get("name")) or path,
        run_name=root.get("run-name"),
        triggers=frozenset(triggers),
        inputs=_inputs(triggers.get("workflow_dispatch")),
        env=_env(root),
        concurrency=_concurrency(root.get("concurrency")),
        jobs=_in_order(jobs, path),
    )


def _triggers(on: object) -> dict[str, Any]:
    if isinstance(on, str):
        return {on: None}
    if isinstance(on, list):
        return dict.fromkeys(map(str, on))
    return _mapping(on, "on")


def _inputs(trigger: object) -> dict[str, Input]:
    declared = _optional(_optional(trigger, "workflow_dispatch").get("inputs"), "inputs")
    found = {}
    for name, raw in declared.items():
        spec = _optional(raw, f"input {name}")
        kind = _text(spec.get("type")) or "string"
        default = _text(spec.get("default")) or ("false" if kind == "boolean" else "")
        options = tuple(map(str, spec.get("options") or ()))
        found[name] = Input(name, kind, _text(spec.get("required")) == "true", default, options)
    return found


def _job(key: str, raw: object, root: Mapping[str, Any]) -> JobSpec:
    job = _mapping(raw, f"job {key}")
    defaults = _run_defaults(root) | _run_defaults(job)
    environment = job.get("environment")
    if isinstance(environment, dict):
        environment = environment.get("name")
    steps = job.get("steps") or []
    return JobSpec(
        key=key,
        name=_text(job.get("name")) or key,
        labels=_texts(job.get("runs-on")),
        needs=_texts(job.get("needs")),
        condition=job.get("if"),
        environment=environment,
        env=_env(job),
        minutes=float(job.get("timeout-minutes") or 360),
        may_identify=_may_identify(job.get("permissions", root.get("permissions"))),
        steps=tuple(_step(step, defaults) for step in steps),
        refusal=_refusal(root, job, steps),
    )


def _step(raw: object, defaults: Mapping[str, str]) -> StepSpec:
    step = _mapping(raw, "a step")
    run = step.get("run")
    first = run.strip().splitlines()[0] if run and run.strip() else ""
    return StepSpec(
        name=_text(step.get("name")) or (f"Run {first}" if run else f"Run {step.get('uses')}"),
        run=run,
        uses=_text(step.get("uses")),
        env=_env(step),
        condition=step.get("if"),
        directory=_text(step.get("working-directory")) or defaults.get("working-directory", ""),
        shell=_text(step.get("shell")) or defaults.get("shell", ""),
        continue_on_error=_text(step.get("continue-on-error")) == "true",
    )


def _may_identify(permissions: object) -> bool:
    if isinstance(permissions, dict):
        return _text(permissions.get("id-token")) == "write"
    return permissions == "write-all"


def _refusal(root: Mapping[str, Any], job: Mapping[str, Any], steps: list[Mapping[str, Any]]) -> str | None:
    unknown = sorted(set(root) - ROOT_KEYS) + sorted(set(job) - JOB_KEYS)
    unknown += sorted({name for step in steps for name in set(step) - STEP_KEYS})
    concurrency = root.get("concurrency")
    if isinstance(concurrency, dict) and _text(concurrency.get("cancel-in-progress")) not in ("", "false"):
        unknown.append("cancel-in-progress")
    return f"The sandbox does not support {', '.join(unknown)} in a workflow." if unknown else None


def _in_order(jobs: dict[str, JobSpec], path: str) -> dict[str, JobSpec]:
    """Each job after those that it needs."""
    done: dict[str, JobSpec] = {}
    while len(done) < len(jobs):
        ready = [job for job in jobs.values() if job.key not in done and set(job.needs) <= set(done)]
        if not ready:
            raise WorkflowError(f"{path}: jobs need each other in a circle.")
        done |= {job.key: job for job in ready}
    return done


def _run_defaults(part: Mapping[str, Any]) -> dict[str, str]:
    return _optional(_optional(part.get("defaults"), "defaults").get("run"), "defaults.run")


def _concurrency(raw: object) -> str:
    return _text(raw["group"]) if isinstance(raw, dict) and "group" in raw else _text(raw)


def _env(part: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in _optional(part.get("env"), "env").items()}


def _texts(raw: object) -> tuple[str, ...]:
    if isinstance(raw, list):
        return tuple(map(str, raw))
    return (raw,) if isinstance(raw, str) and raw else ()


def _text(raw: object) -> str:
    return raw if isinstance(raw, str) else ""


def _optional(raw: object, what: str) -> dict[str, Any]:
    return _mapping(raw, what) if raw else {}


def _mapping(raw: object, what: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise WorkflowError(f"{what} is not a mapping.")
    return raw
