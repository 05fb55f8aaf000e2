"""One job: its environment's secrets, its files, its steps run one after another in a real shell."""

import dataclasses
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from responder.sandbox.github.expressions import (
    Context,
    ExpressionError,
    Scope,
    Value,
    condition,
    interpolate,
)
from responder.sandbox.github.masking import Masks
from responder.sandbox.github.oidc import Issuer
from responder.sandbox.github.processes import Processes
from responder.sandbox.github.runs import Conclusion, Job, Run, Step
from responder.sandbox.github.workflow import SHELLS, JobSpec, StepSpec, Workflow

_REPOSITORY = """
command -v git >/dev/null || exit 0  # a drill needs none
git init --quiet
git add --all --force
git -c user.name=github -c user.email=noreply@github.com commit --quiet --message=.
"""


@dataclasses.dataclass(frozen=True)
class Runner:
    """The machine that jobs run on."""

    changed: threading.Condition
    clock: Callable[[], float]
    processes: Processes
    env: Mapping[str, str]
    issuer: Issuer

    def job(self, work: "JobWork") -> Conclusion:
        """Run the job's steps to the end.

        Raises:
            Cancelled: the run was cut off.
        """
        job = work.job
        with self.changed:
            job.begin(self.clock())
            job.steps = [Step(1, "Set up job")]
            job.steps += [Step(number, step.name) for number, step in enumerate(work.spec.steps, 2)]
            job.steps[0].begin(self.clock())
            job.steps[0].log.append(f"Environment: {job.environment or 'none'}")
            job.steps[0].settle("success", self.clock())
        with tempfile.TemporaryDirectory(prefix="github-runner-", ignore_cleanup_errors=True) as folder:
            ticket = self.issuer.admit(_claims(work)) if work.spec.may_identify else ""
            try:
                return _Steps(self, work, Path(folder), ticket).run_all()
            finally:
                self.issuer.dismiss(ticket)


@dataclasses.dataclass(frozen=True)
class JobWork:
    """What one job has to do, and with what."""

    run: Run
    job: Job
    spec: JobSpec
    workflow: Workflow
    files: Mapping[str, bytes] = dataclasses.field(repr=False)
    secrets: Mapping[str, str] = dataclasses.field(repr=False)
    github: Mapping[str, Value]
    contexts: Mapping[str, Context]


class _Steps:
    def __init__(self, runner: Runner, work: JobWork, folder: Path, ticket: str) -> None:
        self._runner = runner
        self._work = work
        self._ticket = ticket  # for GitHub's word; empty where the job may not get it
        self._temp = folder / "temp"
        self._workspace = folder / "workspace"
        self._failed = False
        self._deadline = time.monotonic() + work.spec.minutes * 60
        self._masks = Masks()
        for secret in work.secrets.values():
            self._masks.add(secret)
        for place in (self._temp, self._workspace, folder / "home"):
            place.mkdir()
        for name, data in work.files.items():
            path = self._workspace / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def run_all(self) -> Conclusion:
        for step, spec in zip(self._work.job.steps[1:], self._work.spec.steps, strict=True):
            with self._runner.changed:
                step.begin(self._runner.clock())
            conclusion = self._attempt(step, spec)
            with self._runner.changed:
                step.settle(conclusion, self._runner.clock())
            self._failed |= conclusion == "failure" and not spec.continue_on_error
        return "failure" if self._failed else "success"

    def _attempt(self, step: Step, spec: StepSpec) -> Conclusion:
        log = self._logger(step)
        try:
            scope = self._scope({})
            if not condition(spec.condition, scope):
                return "skipped"
            if spec.run is None:
                return self._use(spec.uses, log)
            env = self._env(spec)
            scope = self._scope(env)
            script = interpolate(spec.run, scope)
            directory = self._workspace / interpolate(spec.directory, scope)
        except ExpressionError as error:
            log(f"Error: {error}")
            return "failure"
        if spec.shell not in SHELLS:
            log(f"Error: the sandbox does not have the shell {spec.shell!r}.")
            return "failure"
        if not directory.is_dir():
            log(f"Error: no such working directory: {spec.directory}")
            return "failure"
        path = self._temp / "step.sh"
        path.write_text(script)
        return self._shell((*SHELLS[spec.shell], str(path)), env, directory, log)

    def _use(self, action: str, log: Callable[[str], None]) -> Conclusion:
        """The files are there from the start; what a checkout leaves beside them is a repository of them."""
        if action.startswith("actions/checkout@"):
            return self._shell(("bash", "-ec", _REPOSITORY), {}, self._workspace, log)
        log("Skipped: the sandbox runs no actions, only `run:` steps.")
        return "skipped"

    def _shell(
        self, argv: tuple[str, ...], env: Mapping[str, str], directory: Path, log: Callable[[str], None]
    ) -> Conclusion:
        try:
            code = self._runner.processes.run(
                self._work.run.id,
                argv,
                env={**self._machine_env(), **env},
                directory=directory,
                timeout=max(0.0, self._deadline - time.monotonic()),
                line=log,
            )
        except subprocess.TimeoutExpired:
            log(f"Error: the job took longer than its {self._work.spec.minutes:g} minutes.")
            return "failure"
        if code:
            log(f"Error: Process completed with exit code {code}.")
        return "failure" if code else "success"

    def _logger(self, step: Step) -> Callable[[str], None]:
        def log(text: str) -> None:
            masked = self._masks.line(text)
            if masked is not None:
                with self._runner.changed:
                    step.log.append(masked)

        return log

    def _scope(self, env: Mapping[str, str]) -> Scope:
        contexts = {
            **self._work.contexts,
            "github": Context({**self._work.github, "workspace": str(self._workspace)}, complete=False),
            "env": Context(env),
            "runner": Context({"os": "Linux", "temp": str(self._temp)}, complete=False),
        }
        checks: dict[str, Callable[[], bool]] = {
            "success": lambda: not self._failed,
            "failure": lambda: self._failed,
            "always": lambda: True,
            "cancelled": lambda: False,
        }
        return Scope(contexts, checks)

    def _env(self, step: StepSpec) -> dict[str, str]:
        """Workflow's, then job's, then step's; each may use what came before it."""
        env: dict[str, str] = {}
        for level in (self._work.workflow.env, self._work.spec.env, step.env):
            env |= {name: interpolate(value, self._scope(env)) for name, value in level.items()}
        return env

    def _identity_env(self) -> dict[str, str]:
        if not self._ticket:
            return {}
        address = f"{self._runner.issuer.url}?api-version=2.0"
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": address,
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self._ticket,
        }

    def _machine_env(self) -> dict[str, str]:
        known = self._work.github
        names = ("event_name", "ref", "ref_name", "sha", "repository", "actor", "run_id", "run_number")
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self._workspace.parent / "home"),
            "TMPDIR": str(self._temp),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self._workspace),
            "GITHUB_STEP_SUMMARY": str(self._temp / "summary.md"),
            "RUNNER_TEMP": str(self._temp),
            **{f"GITHUB_{name.upper()}": str(known[name]) for name in names},
            **self._identity_env(),
            **self._runner.env,
        }


def _claims(work: JobWork) -> dict[str, str]:
    """Who the job is. `sub` is what others' policies name: its environment, where it has one."""
    known = {
        name: str(work.github[name])
        for name in (
            "repository",
            "repository_owner",
            "ref",
            "sha",
            "event_name",
            "actor",
            "run_id",
            "workflow",
        )
    }
    known["workflow"] = work.workflow.name
    repository, ref = known["repository"], known["ref"]
    if work.job.environment:
        known["environment"] = work.job.environment
        subject = f"environment:{work.job.environment}"
    elif known["event_name"] == "pull_request":
        subject = "pull_request"
    else:
        subject = f"ref:{ref}"
    known["job_workflow_ref"] = f"{repository}/{work.workflow.path}@{ref}"
    return {"sub": f"repo:{repository}:{subject}", **known}
