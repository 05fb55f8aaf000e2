"""GitHub's JSON for workflows, their runs and the deployments that wait."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from responder.sandbox.github.runs import Artifact, Gate, Job, Review, Run, Step
from responder.sandbox.github.shapes import Shapes, moment, node_id, optional_moment
from responder.sandbox.github.state import Environment, Repository, User


class RunShapes:
    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes

    def workflow(self, repository: Repository, number: int, path: str, name: str) -> dict[str, Any]:
        at = moment(repository.created_at)
        html = f"{self._shapes.base}/{repository.full_name}"
        return {
            "id": number,
            "node_id": node_id("Workflow", number),
            "name": name,
            "path": path,
            "state": "active",
            "created_at": at,
            "updated_at": at,
            "url": f"{self._shapes.repository_url(repository)}/actions/workflows/{number}",
            "html_url": f"{html}/blob/{repository.default_branch}/{path}",
            "badge_url": f"{html}/workflows/{quote(name)}/badge.svg",
        }

    def run_url(self, repository: Repository, run: Run) -> str:
        return f"{self._shapes.repository_url(repository)}/actions/runs/{run.id}"

    def run_page(self, repository: Repository, run: Run) -> str:
        return f"{self._shapes.base}/{repository.full_name}/actions/runs/{run.id}"

    def run(self, repository: Repository, run: Run, owner: User, actor: User) -> dict[str, Any]:
        url = self.run_url(repository, run)
        repository_url = self._shapes.repository_url(repository)
        place = self._shapes.minimal_repository(repository, owner)
        person = {"name": "sandbox", "email": "sandbox@localhost"}
        return {
            "id": run.id,
            "node_id": node_id("WorkflowRun", run.id),
            "name": run.workflow_name,
            "display_title": run.title,
            "run_number": run.number,
            "run_attempt": 1 + len(run.earlier),
            "event": run.event,
            "status": run.status,
            "conclusion": run.conclusion,
            "head_branch": run.branch,
            "head_sha": run.sha,
            "path": run.path,
            "workflow_id": run.workflow_id,
            "check_suite_id": run.id,
            "actor": self._shapes.user(actor),
            "triggering_actor": self._shapes.user(actor),
            "created_at": moment(run.created_at),
            "updated_at": moment(run.updated_at),
            "run_started_at": moment(run.started_at or run.created_at),
            "pull_requests": [],
            "head_commit": {
                "id": run.sha,
                "tree_id": run.sha,
                "message": "Seeded by the sandbox",
                "timestamp": moment(repository.created_at),
                "author": person,
                "committer": person,
            },
            "repository": place,
            "head_repository": place,
            "url": url,
            "html_url": self.run_page(repository, run),
            "jobs_url": f"{url}/jobs",
            "logs_url": f"{url}/logs",
            "cancel_url": f"{url}/cancel",
            "rerun_url": f"{url}/rerun",
            "artifacts_url": f"{url}/artifacts",
            "check_suite_url": f"{repository_url}/check-suites/{run.id}",
            "workflow_url": f"{repository_url}/actions/workflows/{run.workflow_id}",
        }

    def job(self, repository: Repository, run: Run, job: Job) -> dict[str, Any]:
        return {
            "id": job.id,
            "node_id": node_id("CheckRun", job.id),
            "run_id": run.id,
            "run_url": self.run_url(repository, run),
            "run_attempt": 1 + len(run.earlier),
            "head_sha": run.sha,
            "head_branch": run.branch,
            "workflow_name": run.workflow_name,
            "name": job.name,
            "url": f"{self._shapes.repository_url(repository)}/actions/jobs/{job.id}",
            "html_url": f"{self.run_page(repository, run)}/job/{job.id}",
            "check_run_url": f"{self._shapes.repository_url(repository)}/check-runs/{job.id}",
            "status": job.status,
            "conclusion": job.conclusion,
            "created_at": moment(job.created_at),
            "started_at": moment(job.started_at or job.created_at),
            "completed_at": optional_moment(job.completed_at),
            "labels": job.labels,
            "runner_id": 1,
            "runner_name": "sandbox",
            "runner_group_id": 1,
            "runner_group_name": "sandbox",
            "steps": [_step(step) for step in job.steps],
        }

    def artifact(self, repository: Repository, run: Run, artifact: Artifact, size: int) -> dict[str, Any]:
        url = f"{self._shapes.repository_url(repository)}/actions/artifacts/{artifact.id}"
        return {
            "id": artifact.id,
            "node_id": node_id("Artifact", artifact.id),
            "name": artifact.name,
            "size_in_bytes": size,
            "url": url,
            "archive_download_url": f"{url}/zip",
            "expired": artifact.expired,
            "created_at": moment(artifact.at),
            "expires_at": moment(artifact.at + 90 * 86400),
            "updated_at": moment(artifact.at),
            "workflow_run": {
                "id": run.id,
                "repository_id": repository.id,
                "head_repository_id": repository.id,
                "head_branch": run.branch,
                "head_sha": run.sha,
            },
        }

    def pending(
        self,
        repository: Repository,
        gate: Gate,
        environment: Environment,
        reviewers: Iterable[User],
        *,
        may_approve: bool,
    ) -> dict[str, Any]:
        return {
            "environment": self._shapes.environment_links(repository, gate.environment, gate.environment_id),
            "wait_timer": environment.wait_timer,
            "wait_timer_started_at": moment(gate.since),
            "current_user_can_approve": may_approve,
            "reviewers": self._shapes.reviewers(
                repository.full_name.partition("/")[0], environment, reviewers
            ),
        }

    def approval(self, repository: Repository, review: Review, reviewer: User) -> dict[str, Any]:
        at = moment(review.at)
        links = self._shapes.environment_links(repository, review.environment, review.environment_id)
        return {
            "environments": [{**links, "created_at": at, "updated_at": at}],
            "state": review.state,
            "user": self._shapes.user(reviewer),
            "comment": review.comment,
        }

    def deployment(self, repository: Repository, run: Run, gate: Gate, creator: User) -> dict[str, Any]:
        url = f"{self._shapes.repository_url(repository)}/deployments/{gate.deployment_id}"
        return {
            "id": gate.deployment_id,
            "node_id": node_id("Deployment", gate.deployment_id),
            "sha": run.sha,
            "ref": run.branch,
            "task": "deploy",
            "environment": gate.environment,
            "original_environment": gate.environment,
            "creator": self._shapes.user(creator),
            "payload": {},
            "description": None,
            "url": url,
            "statuses_url": f"{url}/statuses",
            "repository_url": self._shapes.repository_url(repository),
            "created_at": moment(gate.since),
            "updated_at": moment(run.updated_at),
        }


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "number": step.number,
        "status": step.status,
        "conclusion": step.conclusion,
        "started_at": optional_moment(step.started_at),
        "completed_at": optional_moment(step.completed_at),
    }
