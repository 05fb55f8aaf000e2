"""Deployments that wait for a reviewer, and what reviewers said."""

from typing import Any, get_args

from flask import Blueprint, Response, jsonify

from responder.sandbox.github.errors import unprocessable
from responder.sandbox.github.requests import Api, body, field
from responder.sandbox.github.runs import Decision, Gate, Run
from responder.sandbox.github.state import Repository


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("deployments", __name__, url_prefix="/repos/<owner>/<name>/actions/runs/<int:run_id>")

    @routes.get("/approvals")
    def approvals(owner: str, name: str, run_id: int) -> Response:
        found = api.repository(owner, name)
        return jsonify(
            [
                api.run_shapes.approval(found, review, api.state.user(review.login))
                for review in found.run(run_id).reviews
            ]
        )

    @routes.get("/pending_deployments")
    def pending(owner: str, name: str, run_id: int) -> Response:
        found = api.repository(owner, name)
        run = found.run(run_id)
        return jsonify([pending_shape(found, run, gate) for gate in run.open_gates()])

    def pending_shape(repository: Repository, run: Run, gate: Gate) -> dict[str, Any]:
        environment = repository.environment(gate.environment)
        return api.run_shapes.pending(
            repository,
            gate,
            environment,
            api.users(environment.reviewers),
            may_approve=may_review(repository, run, gate),
        )

    def may_review(repository: Repository, run: Run, gate: Gate) -> bool:
        return repository.environment(gate.environment).may_review(api.caller().login, run.actor)

    @routes.post("/pending_deployments")
    def review(owner: str, name: str, run_id: int) -> Response:
        """Nothing is decided unless everything asked for may be."""
        found, sent = api.repository(owner, name), body()
        run = found.run(run_id)
        ids, state = field(sent, "environment_ids", list), field(sent, "state", str)
        comment = field(sent, "comment", str)
        if state not in get_args(Decision):
            raise unprocessable(f"state is one of {', '.join(get_args(Decision))}")
        gates = [gate for gate in run.open_gates() if gate.environment_id in ids]
        if not gates or not all(may_review(found, run, gate) for gate in gates):
            raise unprocessable("There are no pending deployment requests to approve or reject")
        reviewer = api.caller()
        for gate in gates:
            decision: Decision = "approved" if state == "approved" else "rejected"
            run.review(gate, reviewer.login, decision, comment, api.clock())
        actor = api.state.user(run.actor)
        return jsonify([api.run_shapes.deployment(found, run, gate, actor) for gate in gates])

    return routes
