"""Asking for a run of a workflow, with GitHub's refusals."""

import json
import secrets
from collections.abc import Mapping

from responder.sandbox.github.actions import Actions
from responder.sandbox.github.errors import not_found, unprocessable
from responder.sandbox.github.execution import github_context, typed_inputs
from responder.sandbox.github.expressions import Context, ExpressionError, Scope, interpolate
from responder.sandbox.github.runs import Job, Run
from responder.sandbox.github.state import Branch, Repository, State
from responder.sandbox.github.workflow import WORKFLOW_FOLDER, Input, Workflow, WorkflowError, load

MOST_INPUTS = 25


def workflow_paths(state: State, repository: Repository) -> dict[int, str]:
    """The workflow files of the default branch by their ids, which stay as long as the repository does."""
    default = repository.branches[repository.default_branch]
    inside = sorted(path for path in default.files if path.startswith(WORKFLOW_FOLDER))
    paths = [path for path in inside if path.endswith((".yml", ".yaml"))]
    for path in paths:
        if path not in repository.workflow_ids:
            repository.workflow_ids[path] = state.fresh_id()
    return {repository.workflow_ids[path]: path for path in paths}


def workflow_path(state: State, repository: Repository, name_or_id: str) -> str:
    paths = workflow_paths(state, repository)
    for workflow_id, path in paths.items():
        if name_or_id in (str(workflow_id), path.removeprefix(WORKFLOW_FOLDER)):
            return path
    raise not_found()


def dispatch(
    state: State,
    actions: Actions,
    repository: Repository,
    path: str,
    *,
    ref: str,
    inputs: Mapping[str, object],
    actor: str,
    now: float,
) -> Run:
    """Start a run of the workflow as it is on `ref`.

    Raises:
        ApiError: 422, for a ref, a file or inputs that do not fit.
    """
    branch = repository.branch(ref)
    if branch is None:
        raise unprocessable(f"No ref found for: {ref}")
    if path not in branch.files:
        raise unprocessable(f"Workflow {path} does not exist on {branch.name}")
    try:
        workflow = load(path, branch.files[path])
    except WorkflowError as error:
        raise unprocessable(f"Failed to parse workflow: {error}") from error
    if "workflow_dispatch" not in workflow.triggers:
        raise unprocessable("Workflow does not have 'workflow_dispatch' trigger")
    run = _run(state, repository, workflow, branch, checked_inputs(workflow, inputs), actor, now)
    actions.launch(state, repository, run, workflow, branch)
    return run


def trigger(
    state: State,
    actions: Actions,
    repository: Repository,
    path: str,
    *,
    event: str,
    branch: Branch,
    actor: str,
    now: float,
) -> Run:
    """Start a run as the event does: a schedule, or a pull request from this branch.

    Raises:
        ApiError: 422; the event does not start the workflow.
    """
    workflow = load(path, branch.files[path])
    if event not in workflow.triggers:
        raise unprocessable(f"Workflow does not have '{event}' trigger")
    run = _run(state, repository, workflow, branch, {}, actor, now, event=event)
    actions.launch(state, repository, run, workflow, branch)
    return run


def checked_inputs(workflow: Workflow, given: Mapping[str, object]) -> dict[str, str]:
    """Every declared input, given or by default, as text."""
    if len(given) > MOST_INPUTS:
        raise unprocessable(f"At most {MOST_INPUTS} inputs")
    if unexpected := sorted(set(given) - set(workflow.inputs)):
        raise unprocessable(f"Unexpected inputs provided: {json.dumps(unexpected)}")
    return {name: _checked(spec, given.get(name)) for name, spec in workflow.inputs.items()}


def _checked(spec: Input, given: object) -> str:
    if isinstance(given, bool):
        given = "true" if given else "false"
    value = spec.default if given is None else str(given)
    if spec.required and not value:
        raise unprocessable(f"Required input '{spec.name}' not provided")
    if spec.type == "boolean" and value not in ("true", "false"):
        raise unprocessable(f"Provided value '{value}' for input '{spec.name}' is not a boolean")
    if spec.type == "choice" and value not in spec.options:
        raise unprocessable(
            f"Provided value '{value}' for input '{spec.name}' not in the list of allowed values"
        )
    return value


def _run(
    state: State,
    repository: Repository,
    workflow: Workflow,
    branch: Branch,
    inputs: dict[str, str],
    actor: str,
    now: float,
    *,
    event: str = "workflow_dispatch",
) -> Run:
    run = Run(
        id=state.fresh_id(),
        number=1 + sum(run.path == workflow.path for run in repository.runs),
        workflow_id=repository.workflow_ids[workflow.path],
        workflow_name=workflow.name,
        path=workflow.path,
        title=workflow.name,
        event=event,
        branch=branch.name,
        sha=branch.sha,
        actor=actor,
        inputs=inputs,
        concurrency="",
        created_at=now,
        updated_at=now,
        log_ticket=secrets.token_urlsafe(16),
    )
    scope = Scope(
        {
            "github": Context(github_context(repository, run), complete=False),
            "inputs": Context(typed_inputs(workflow, inputs)),
            "vars": Context({name: entry.value for name, entry in repository.vault.variables.items()}),
        }
    )
    try:
        run.title = interpolate(workflow.run_name or workflow.name, scope).strip()
        run.concurrency = interpolate(workflow.concurrency, scope)
        run.jobs = [
            Job(state.fresh_id(), job.key, interpolate(job.name, scope), list(job.labels), now)
            for job in workflow.jobs.values()
        ]
    except ExpressionError as error:
        raise unprocessable(f"Failed to evaluate the workflow: {error}") from error
    return run
