"""Runs and their jobs."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from responder.sandbox.github.dispatch import workflow_path
from responder.sandbox.github.errors import ApiError
from responder.sandbox.github.requests import Api, listing
from responder.sandbox.github.run_filter import selected
from responder.sandbox.github.runs import Run
from responder.sandbox.github.state import Repository


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("runs", __name__, url_prefix="/repos/<owner>/<name>/actions")

    def shape(repository: Repository, run: Run) -> dict[str, Any]:
        shown = api.run_shapes.run(repository, run, api.owner(repository), api.state.user(run.actor))
        again = api.state.user(run.asked_again_by or run.actor)
        return {**shown, "triggering_actor": api.shapes.user(again)}

    def listed(repository: Repository, among: list[Run]) -> Response:
        newest_first = sorted(among, key=lambda run: run.id, reverse=True)
        chosen = selected(newest_first, request.args)
        return listing("workflow_runs", chosen, lambda run: shape(repository, run))

    @routes.get("/runs")
    def runs(owner: str, name: str) -> Response:
        found = api.repository(owner, name)
        return listed(found, found.runs)

    @routes.get("/workflows/<workflow>/runs")
    def runs_of_workflow(owner: str, name: str, workflow: str) -> Response:
        found = api.repository(owner, name)
        path = workflow_path(api.state, found, workflow)
        return listed(found, [run for run in found.runs if run.path == path])

    @routes.get("/runs/<int:run_id>")
    def run_by_id(owner: str, name: str, run_id: int) -> Response:
        found = api.repository(owner, name)
        return jsonify(shape(found, found.run(run_id)))

    @routes.post("/runs/<int:run_id>/cancel")
    def cancel(owner: str, name: str, run_id: int) -> tuple[Response, int]:
        run = api.repository(owner, name, "write").run(run_id)
        if run.status == "completed":
            raise ApiError(409, "Cannot cancel a workflow run that is completed.")
        api.actions.cancel(run)
        return jsonify({}), 202

    @routes.get("/runs/<int:run_id>/jobs")
    def jobs(owner: str, name: str, run_id: int) -> Response:
        found = api.repository(owner, name)
        run = found.run(run_id)
        return listing("jobs", run.jobs, lambda job: api.run_shapes.job(found, run, job))

    return routes
