"""One run of a workflow, from its turn in the concurrency group to its conclusion."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from responder.sandbox.github.expressions import (
    Context,
    ExpressionError,
    Scope,
    Value,
    condition,
    interpolate,
)
from responder.sandbox.github.job import JobWork, Runner
from responder.sandbox.github.runs import Cancelled, Conclusion, Gate, Job, Run
from responder.sandbox.github.state import Branch, Environment, Repository, State
from responder.sandbox.github.workflow import Input, JobSpec, Workflow

WITHHELD = frozenset({"GITHUB_TOKEN"})


@dataclass(frozen=True)
class Execution:
    """What one run needs; `perform` is the body of its thread.

    Attributes:
        files: of the commit, as they were when the run was asked for.
        auto_approve: seconds after which a waiting deployment is approved by its first reviewer.
    """

    runner: Runner
    state: State
    repository: Repository
    run: Run
    workflow: Workflow
    branch: Branch
    files: Mapping[str, bytes] = field(repr=False)
    auto_approve: float | None

    def perform(self) -> None:
        try:
            with self.runner.changed:
                self._take_turn()
            for job, spec in zip(self.run.jobs, self.workflow.jobs.values(), strict=True):
                self._job(job, spec)
        except Cancelled:
            conclusion: Conclusion = "cancelled"
        else:
            failed = any(job.conclusion == "failure" for job in self.run.jobs)
            conclusion = "failure" if failed else "success"
        with self.runner.changed:
            self.run.settle(conclusion, self.runner.clock())
            self.runner.changed.notify_all()

    def _take_turn(self) -> None:
        """Only one run of a concurrency group is under way; a waiting one counts as under way."""
        ahead = [r for r in self.repository.runs if r.concurrency and r.concurrency == self.run.concurrency]
        ahead = ahead[: ahead.index(self.run)] if self.run in ahead else []
        if any(run.status != "completed" for run in ahead):
            self.run.move("pending", self.runner.clock())
            self._wait(lambda: all(run.status == "completed" for run in ahead))
        self.run.started_at = self.runner.clock()
        self.run.move("in_progress", self.run.started_at)

    def _wait(self, over: Callable[[], bool], seconds: float | None = None) -> None:
        """Until it is over, or the seconds have passed.

        Raises:
            Cancelled: meanwhile.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while not over():
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return
            self._go_on()
            self.runner.changed.wait(left)
        self._go_on()

    def _go_on(self) -> None:
        if self.run.cancelled:
            raise Cancelled

    def _job(self, job: Job, spec: JobSpec) -> None:
        with self.runner.changed:
            self._go_on()
            try:
                work = self._prepare(job, spec)
            except (ExpressionError, _Refused) as error:
                job.refuse(str(error), self.runner.clock())
                work = None
            if work is not None:
                self.run.move("in_progress", self.runner.clock())
        if work is not None:
            conclusion = self.runner.job(work)
            with self.runner.changed:
                job.settle(conclusion, self.runner.clock())

    def _prepare(self, job: Job, spec: JobSpec) -> JobWork | None:
        """Pass the job's condition and gate; none when it is skipped."""
        scope = self._scope(spec)
        if not condition(spec.condition, scope):
            job.settle("skipped", self.runner.clock())
            return None
        if spec.refusal:
            raise _Refused(spec.refusal)
        name = interpolate(spec.environment or "", scope)
        environment = self._environment(name) if name else None
        if environment is not None:
            job.environment = environment.name
            self._pass_gate(job, environment)
        vaults = [self.repository.vault, *([environment.vault] if environment else [])]
        secrets = {name: entry.value for vault in vaults for name, entry in vault.secrets.items()}
        variables = {name: entry.value for vault in vaults for name, entry in vault.variables.items()}
        return JobWork(
            run=self.run,
            job=job,
            spec=spec,
            workflow=self.workflow,
            files=self.files,
            secrets=secrets,
            github=self._github(job),
            contexts={
                "inputs": Context(typed_inputs(self.workflow, self.run.inputs)),
                "secrets": Context(secrets, withheld=WITHHELD),
                "vars": Context(variables),
            },
        )

    def _environment(self, name: str) -> Environment:
        """An environment that a job names and nobody made is made, as GitHub does."""
        if name not in self.repository.environments:
            self.state.add_environment(self.repository, name, self.runner.clock())
        return self.repository.environments[name]

    def _pass_gate(self, job: Job, environment: Environment) -> None:
        # What a pull request would give has no branch's name, and no protection.
        branch = Branch(self.run.ref, {}) if self.run.event == "pull_request" else self.branch
        if not environment.allows(branch, self.repository.branches.values()):
            raise _Refused(
                f"Branch {branch.name!r} is not allowed to deploy to {environment.name} "
                "due to environment protection rules."
            )
        if not (environment.is_reviewed or environment.wait_timer):
            return
        gate = Gate(environment.name, environment.id, self.state.fresh_id(), self.runner.clock())
        self.run.gates.append(gate)
        job.status = "waiting"
        self.run.move("waiting", self.runner.clock())
        self.runner.changed.notify_all()
        opened = time.monotonic()
        if environment.is_reviewed:
            may = environment.reviewing()
            self._wait(lambda: gate.decision is not None, self.auto_approve if may else None)
            if gate.decision is None:
                reviewer = may[0]
                self.run.review(gate, reviewer, "approved", "Approved by the sandbox.", self.runner.clock())
        if gate.decision == "rejected":
            raise _Refused(f"The deployment to {environment.name} was rejected.")
        self._wait(lambda: False, environment.wait_timer * 60 - (time.monotonic() - opened))
        gate.decision = "approved"

    def _scope(self, spec: JobSpec) -> Scope:
        """What a job's own `if` and `environment` may use: no secrets."""
        needed = [job for job in self.run.jobs if job.key in spec.needs]
        failed = any(job.conclusion == "failure" for job in needed)
        succeeded = all(job.conclusion == "success" for job in needed)
        return Scope(
            {
                "github": Context(self._github(None), complete=False),
                "inputs": Context(typed_inputs(self.workflow, self.run.inputs)),
                "vars": Context({k: v.value for k, v in self.repository.vault.variables.items()}),
            },
            {
                "success": lambda: succeeded,
                "failure": lambda: failed,
                "always": lambda: True,
                "cancelled": lambda: False,
            },
        )

    def _github(self, job: Job | None) -> dict[str, Value]:
        return {**github_context(self.repository, self.run), **({"job": job.key} if job else {})}


class _Refused(Exception):  # noqa: N818 - the job fails, we do not
    """The job may not run; the text is for its log."""


def github_context(repository: Repository, run: Run) -> dict[str, Value]:
    return {
        "event_name": run.event,
        "ref": run.ref,
        "ref_name": run.ref.removeprefix("refs/heads/").removeprefix("refs/pull/"),
        "ref_type": "branch",
        "sha": run.sha,
        "repository": repository.full_name,
        "repository_owner": repository.full_name.partition("/")[0],
        "actor": run.actor,
        "triggering_actor": run.actor,
        "workflow": run.workflow_name,
        "run_id": str(run.id),
        "run_number": str(run.number),
        "run_attempt": "1",
    }


def typed_inputs(workflow: Workflow, inputs: Mapping[str, str]) -> dict[str, Value]:
    return {name: _typed(workflow.inputs[name], value) for name, value in inputs.items()}


def _typed(spec: Input, value: str) -> Value:
    if spec.type == "boolean":
        return value == "true"
    return float(value) if spec.type == "number" and value else value
