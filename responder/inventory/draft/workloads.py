"""From apps that are given credentials, or deployed with some, to workloads and what deploys them again."""

from collections.abc import Iterator, Sequence

from responder.exposure import base_of
from responder.inventory.document import CHOOSE
from responder.inventory.draft.guess import Guess, GuessedCredential, GuessedWorkload, fresh_name
from responder.places import Discovered, ModalApp, Workflow

_TELLS = "identity"  # what the function that tells is called in the example
_REQUEST = "request"  # the input by which a run is found again


def guess_workloads(
    discovered: Discovered, credentials: Sequence[GuessedCredential]
) -> list[GuessedWorkload]:
    found: dict[str, GuessedWorkload] = {}
    for app in discovered.modal_apps:
        if app.deployed_by == "":
            continue  # somebody's `modal run`
        runs_with = tuple(_runs_with(discovered, app, credentials))
        deployed_with = tuple(
            one.name for one in credentials if app.deployed_by and one.owner.value == base_of(app.deployed_by)
        )
        if not runs_with and not deployed_with:
            continue
        name = fresh_name(f"{app.name}-{app.environment}", found)
        found[name] = _workload(name, discovered, app, runs_with, deployed_with)
    return list(found.values())


def _runs_with(
    discovered: Discovered, app: ModalApp, credentials: Sequence[GuessedCredential]
) -> Iterator[str]:
    ids = {(one.environment, one.name): one.secret_id for one in discovered.modal_secrets}
    for credential in credentials:
        held = [ids[p.environment, p.secret] for p in credential.places if p.holder == "secret"]
        if app.functions_with(held):
            yield credential.name


def _workload(
    name: str,
    discovered: Discovered,
    app: ModalApp,
    runs_with: tuple[str, ...],
    deployed_with: tuple[str, ...],
) -> GuessedWorkload:
    workflow, others = _workflow(discovered, app.environment)
    notes = [f"{other.file} of {other.repository} deploys too." for other in others]
    if workflow and _REQUEST not in (workflow.inputs or {}):
        notes.append(f"{workflow.file} lacks an input `{_REQUEST}`, by which a run is found again: add it.")
    if not app.is_told:
        notes.append("Modal did not say of every function which Secrets it is given.")
    return GuessedWorkload(
        name=name,
        app=app.name,
        environment=app.environment,
        function=_function(app),
        runs_with=runs_with,
        deployed_with=deployed_with,
        source=_source(discovered, workflow),
        workflow=workflow,
        inputs=_inputs(workflow, app.environment),
        notes=tuple(notes),
    )


def _function(app: ModalApp) -> Guess:
    names = [one.name for one in app.functions or ()]
    if _TELLS in names:
        return Guess(_TELLS, "by its name; it must answer with the key id and the container that it runs in")
    known = f": {', '.join(names)}" if names else ""
    return Guess(f"{CHOOSE}: the function that answers with its key id and container{known}")


def _workflow(discovered: Discovered, environment: str) -> tuple[Workflow | None, list[Workflow]]:
    """The one that deploys with Modal and can be dispatched; best one that takes this environment."""
    able = [one for one in discovered.workflows if one.deploys and one.inputs is not None]
    able.sort(key=lambda one: not _inputs(one, environment))
    return (able[0], able[1:]) if able else (None, [])


def _inputs(workflow: Workflow | None, environment: str) -> dict[str, str]:
    inputs = (workflow.inputs if workflow else None) or {}
    return {name: environment for name, options in inputs.items() if environment in options}


def _source(discovered: Discovered, workflow: Workflow | None) -> Guess | None:
    deploying = [workflow] if workflow else [one for one in discovered.workflows if one.deploys]
    files = sorted({file for one in deploying for file in one.deploys})
    if len(files) == 1:
        return Guess(files[0], f"{deploying[0].file} deploys it")
    if not files and workflow:
        return None
    return Guess(f"{CHOOSE}: the app's file" + (f", one of {', '.join(files)}" if files else ""))
