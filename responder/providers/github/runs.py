"""Workflow runs as GitHub tells of them: which are ours, whom they wait for, where they failed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from responder.errors import RejectedError
from responder.providers.github.connection import GithubConnection
from responder.providers.github.environments import logins

if TYPE_CHECKING:
    from github import Github
    from github.WorkflowRun import WorkflowRun

NEWEST = 300  # runs of a workflow that are looked through
GOOD_ENDS = ("success", "skipped", "neutral")


@dataclass(frozen=True)
class Run:
    """What one answer said of a run. `conclusion` is empty until `status` is `completed`."""

    id: int
    url: str  # for people
    status: str
    conclusion: str

    @property
    def over(self) -> bool:
        return self.status == "completed"

    @property
    def succeeded(self) -> bool:
        return self.over and self.conclusion == "success"


@dataclass(frozen=True)
class Runs:
    """The runs of a repository. Every method raises `ProviderError` where GitHub does not answer it."""

    connection: GithubConnection
    repository: str

    def page_of(self, workflow: str) -> str:
        """Where people see the workflow's runs.

        Raises:
            NotFoundError: there is no such workflow.
            RejectedError: it is disabled.
        """

        def ask(github: "Github") -> tuple[str, str]:
            repository = github.get_repo(self.repository)
            return repository.get_workflow(workflow).state, repository.html_url

        operation = f"GET {self._path}/actions/workflows/{workflow}"
        state, url = self.connection.ask(operation, ask)
        if state != "active":
            enable = f"Enable it at {url}/actions/workflows/{workflow}"
            raise RejectedError("github", operation, f"The workflow is {state}.", next_step=enable)
        return f"{url}/actions/workflows/{workflow}"

    def of_request(self, workflow: str, request: str) -> list[Run]:
        """Newest first: the dispatched runs whose title ends in the request, as a word of its own."""

        def ask(github: "Github") -> list[Run]:
            found = (
                github.get_repo(self.repository).get_workflow(workflow).get_runs(event="workflow_dispatch")
            )
            newest = islice(found, NEWEST)
            return [_run(run) for run in newest if f" {run.display_title}".endswith(f" {request}")]

        return self.connection.ask(f"GET {self._path}/actions/workflows/{workflow}/runs", ask)

    def get(self, run_id: int) -> Run:
        def ask(github: "Github") -> Run:
            return _run(github.get_repo(self.repository).get_workflow_run(run_id))

        return self.connection.ask(f"GET {self._path}/actions/runs/{run_id}", ask)

    def dispatch(self, workflow: str, ref: str, inputs: dict[str, str]) -> Run | None:
        """A new run; None from a server that does not say which it is (an older GitHub Enterprise Server)."""

        def ask(github: "Github") -> Run | None:
            from github.WorkflowRun import WorkflowRun  # noqa: PLC0415

            target = github.get_repo(self.repository).get_workflow(workflow)
            made: object = target.create_dispatch(ref, inputs, throw=True, return_run_details=True)
            return Run(made.id, made.html_url, "queued", "") if isinstance(made, WorkflowRun) else None

        def ask_for_no_answer(github: "Github") -> None:
            github.get_repo(self.repository).get_workflow(workflow).create_dispatch(ref, inputs, throw=True)

        operation = f"POST {self._path}/actions/workflows/{workflow}/dispatches"
        try:
            return self.connection.ask(operation, ask)
        except RejectedError as error:
            if '"return_run_details" is not a permitted key' not in error.what:
                raise
        self.connection.ask(operation, ask_for_no_answer)  # nothing was dispatched by the first
        return None

    def approvers(self, run_id: int) -> str:
        """`grace for prod`; empty when nobody is waited for."""
        gates = self._get(f"{self._path}/actions/runs/{run_id}/pending_deployments")
        waits = [
            (gate["environment"]["name"], logins(each["reviewer"] for each in gate["reviewers"]))
            for gate in gates
        ]
        return " and ".join(f"{' or '.join(who)} for {environment}" for environment, who in waits if who)

    def why_failed(self, run: Run) -> str:
        """Who rejected it, or which step of which job ended badly."""
        path = f"{self._path}/actions/runs/{run.id}"
        for review in self._get(f"{path}/approvals"):
            if review["state"] == "rejected":
                where = ", ".join(environment["name"] for environment in review["environments"])
                return f"{review['user']['login']} rejected the deployment to {where}"
        return next(
            _bad_ends(self._get(f"{path}/jobs?per_page=100")["jobs"]), f"it ended in {run.conclusion}"
        )

    @property
    def _path(self) -> str:
        return f"/repos/{self.repository}"

    def _get(self, path: str) -> Any:  # noqa: ANN401  # GitHub's JSON
        def ask(github: "Github") -> Any:  # noqa: ANN401
            return github.requester.requestJsonAndCheck("GET", path)[1]

        return self.connection.ask(f"GET {path}", ask)


def _run(run: "WorkflowRun") -> Run:
    return Run(run.id, run.html_url, run.status, run.conclusion or "")


def _bad_ends(jobs: list[Mapping[str, Any]]) -> Iterator[str]:
    for job in jobs:
        if job["conclusion"] in GOOD_ENDS:
            continue
        for step in job.get("steps") or ():
            if step["conclusion"] not in GOOD_ENDS:
                yield f"step {step['name']!r} of job {job['name']!r} ended in {step['conclusion']}"
        yield f"job {job['name']!r} ended in {job['conclusion']}"
