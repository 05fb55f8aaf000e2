"""Workflows, and asking for a run of one."""

from typing import Any

from flask import Blueprint, Response, jsonify

from responder.sandbox.github.dispatch import dispatch, workflow_path, workflow_paths
from responder.sandbox.github.errors import unprocessable
from responder.sandbox.github.requests import Api, body, field, listing
from responder.sandbox.github.state import Repository
from responder.sandbox.github.workflow import WorkflowError, load


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("workflows", __name__, url_prefix="/repos/<owner>/<name>/actions/workflows")

    def shape(repository: Repository, path: str) -> dict[str, Any]:
        data = repository.branches[repository.default_branch].files[path]
        try:
            title = load(path, data).name
        except WorkflowError:
            title = path  # a file that does not parse is listed under its path
        return api.run_shapes.workflow(repository, repository.workflow_ids[path], path, title)

    @routes.get("")
    def workflows(owner: str, name: str) -> Response:
        found = api.repository(owner, name)
        paths = list(workflow_paths(api.state, found).values())
        return listing("workflows", paths, lambda path: shape(found, path))

    @routes.get("/<workflow>")
    def workflow_by_name(owner: str, name: str, workflow: str) -> Response:
        found = api.repository(owner, name)
        return jsonify(shape(found, workflow_path(api.state, found, workflow)))

    @routes.post("/<workflow>/dispatches")
    def create_dispatch(owner: str, name: str, workflow: str) -> Response | tuple[str, int]:
        found, sent = api.repository(owner, name, "write"), body()
        inputs = sent.get("inputs") or {}
        if not isinstance(inputs, dict):
            raise unprocessable("Invalid request. 'inputs' is not an object.")
        run = dispatch(
            api.state,
            api.actions,
            found,
            workflow_path(api.state, found, workflow),
            ref=field(sent, "ref", str),
            inputs=inputs,
            actor=api.caller().login,
            now=api.clock(),
        )
        if not sent.get("return_run_details"):
            return "", 204
        shapes = api.run_shapes
        urls = {"run_url": shapes.run_url(found, run), "html_url": shapes.run_page(found, run)}
        return jsonify({"workflow_run_id": run.id, **urls})

    return routes
