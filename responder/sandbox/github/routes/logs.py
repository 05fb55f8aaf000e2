"""A run's log: an archive behind a redirect."""

import io
import secrets
import zipfile

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as Redirect

from responder.sandbox.github.errors import not_found
from responder.sandbox.github.requests import Api
from responder.sandbox.github.runs import Run


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("logs", __name__)

    @routes.get("/repos/<owner>/<name>/actions/runs/<int:run_id>/logs")
    def logs(owner: str, name: str, run_id: int) -> Redirect:
        run = api.repository(owner, name).run(run_id)
        if run.status != "completed":
            raise not_found()
        return redirect(f"{api.shapes.base}/_sandbox/logs/{owner}/{name}/{run_id}?ticket={run.log_ticket}")

    @routes.get("/_sandbox/logs/<owner>/<name>/<int:run_id>")
    def archive(owner: str, name: str, run_id: int) -> Response:
        """No token is needed: the address itself is the secret."""
        run = api.state.repository(f"{owner}/{name}").run(run_id)
        if not secrets.compare_digest(request.args.get("ticket", ""), run.log_ticket):
            raise not_found()
        return Response(zipped(run), mimetype="application/zip")

    return routes


def zipped(run: Run) -> bytes:
    """A text a job and a text a step, named as GitHub names them."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        for number, job in enumerate(run.jobs):
            name = job.name.replace("/", "_")
            lines = [line for step in job.steps for line in step.log]
            files.writestr(f"{number}_{name}.txt", "".join(f"{line}\n" for line in lines))
            for step in job.steps:
                text = "".join(f"{line}\n" for line in step.log)
                files.writestr(f"{name}/{step.number}_{step.name.replace('/', '_')}.txt", text)
    return archive.getvalue()
