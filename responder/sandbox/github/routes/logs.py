"""A run's logs, of each attempt, and its artifacts: archives behind redirects.

https://docs.github.com/rest/actions/workflow-runs and https://docs.github.com/rest/actions/artifacts
"""

import io
import secrets
import zipfile
from collections.abc import Mapping

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as Redirect

from responder.sandbox.github.errors import ApiError, not_found
from responder.sandbox.github.requests import Api, listing
from responder.sandbox.github.runs import Artifact, Run
from responder.sandbox.github.state import Repository


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("logs", __name__)
    _add_logs(routes, api)
    _add_artifacts(routes, api)

    @routes.get("/_sandbox/archives/<owner>/<name>/<int:run_id>/<what>/<int:number>")
    def archive(owner: str, name: str, run_id: int, what: str, number: int) -> Response:
        """No token is needed: the address itself is the secret."""
        run = api.state.repository(f"{owner}/{name}").run(run_id)
        if not secrets.compare_digest(request.args.get("ticket", ""), run.log_ticket):
            raise not_found()
        files = _log(run, number) if what == "log" else _artifact([run], number)[1].files
        return Response(zipped(files), mimetype="application/zip")

    return routes


def _add_logs(routes: Blueprint, api: Api) -> None:
    runs = "/repos/<owner>/<name>/actions/runs/<int:run_id>"

    @routes.get(f"{runs}/logs")
    def logs(owner: str, name: str, run_id: int) -> Redirect:
        repository = api.repository(owner, name)
        run = repository.run(run_id)
        if run.status != "completed" or run.log_deleted:
            raise not_found()
        return _to(api, repository, run, "log", 1 + len(run.earlier))

    @routes.delete(f"{runs}/logs")
    def delete_logs(owner: str, name: str, run_id: int) -> tuple[str, int]:
        """Of every attempt."""
        api.repository(owner, name, "write").run(run_id).log_deleted = True
        return "", 204

    @routes.get(f"{runs}/attempts/<int:number>/logs")
    def attempt(owner: str, name: str, run_id: int, number: int) -> Redirect:
        repository = api.repository(owner, name)
        run = repository.run(run_id)
        _log(run, number)
        return _to(api, repository, run, "log", number)


def _add_artifacts(routes: Blueprint, api: Api) -> None:
    actions = "/repos/<owner>/<name>/actions"

    @routes.get(f"{actions}/runs/<int:run_id>/artifacts")
    def artifacts(owner: str, name: str, run_id: int) -> Response:
        repository = api.repository(owner, name)
        run = repository.run(run_id)
        return listing(
            "artifacts",
            run.artifacts,
            lambda one: api.run_shapes.artifact(repository, run, one, len(zipped(one.files))),
        )

    @routes.get(f"{actions}/artifacts/<int:number>/zip")
    def download(owner: str, name: str, number: int) -> Redirect:
        repository = api.repository(owner, name)
        run, artifact = _artifact(repository.runs, number)
        if artifact.expired:
            raise ApiError(410, "Artifact has expired")
        return _to(api, repository, run, "artifact", number)


def _to(api: Api, repository: Repository, run: Run, what: str, number: int) -> Redirect:
    base = f"{api.shapes.base}/_sandbox/archives/{repository.full_name}/{run.id}"
    return redirect(f"{base}/{what}/{number}?ticket={run.log_ticket}")


def _artifact(runs: list[Run], number: int) -> tuple[Run, Artifact]:
    for run in runs:
        for artifact in run.artifacts:
            if artifact.id == number:
                return run, artifact
    raise not_found()


def _log(run: Run, attempt: int) -> Mapping[str, bytes]:
    """A text a job and a text a step, named as GitHub names them."""
    if run.log_deleted:
        raise not_found()
    if 1 <= attempt <= len(run.earlier):
        return run.earlier[attempt - 1]
    if attempt != 1 + len(run.earlier) or run.status != "completed":
        raise not_found()
    files: dict[str, bytes] = {}
    for number, job in enumerate(run.jobs):
        name = job.name.replace("/", "_")
        lines = [line for step in job.steps for line in step.log]
        files[f"{number}_{name}.txt"] = _text(lines)
        for step in job.steps:
            files[f"{name}/{step.number}_{step.name.replace('/', '_')}.txt"] = _text(step.log)
    return files


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def zipped(files: Mapping[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as into:
        for name, data in files.items():
            into.writestr(name, data)
    return archive.getvalue()
