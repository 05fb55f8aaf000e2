"""Starts and stops workflow runs: a thread each."""

import threading
from collections.abc import Callable, Mapping

from responder.sandbox.github.execution import Execution
from responder.sandbox.github.job import Runner
from responder.sandbox.github.oidc import Issuer
from responder.sandbox.github.processes import Processes
from responder.sandbox.github.runs import Run
from responder.sandbox.github.state import Branch, Repository, State
from responder.sandbox.github.workflow import Workflow


class Actions:
    """`changed` guards the state and is notified whenever something in it moved.

    Args:
        runner_env: merged into the environment of every step.
        auto_approve: seconds after which a waiting deployment is approved by its first reviewer.
        issuer: gives jobs GitHub's word for what they are.
    """

    def __init__(
        self,
        changed: threading.Condition,
        clock: Callable[[], float],
        runner_env: Mapping[str, str],
        auto_approve: float | None,
        issuer: Issuer,
    ) -> None:
        self._changed = changed
        self._processes = Processes()
        self._runner = Runner(changed, clock, self._processes, runner_env, issuer)
        self._auto_approve = auto_approve
        self._under_way: dict[int, tuple[Run, threading.Thread]] = {}

    def launch(
        self, state: State, repository: Repository, run: Run, workflow: Workflow, branch: Branch
    ) -> None:
        """The caller holds `changed`."""
        for other in repository.runs:
            # A newer run takes the one waiting place in a concurrency group.
            if run.concurrency and other.concurrency == run.concurrency and other.status == "pending":
                self.cancel(other)
        repository.runs.append(run)
        execution = Execution(
            self._runner, state, repository, run, workflow, branch, dict(branch.files), self._auto_approve
        )
        thread = threading.Thread(target=execution.perform, name=f"github-run-{run.id}", daemon=True)
        self._under_way = {i: pair for i, pair in self._under_way.items() if pair[1].is_alive()}
        self._under_way[run.id] = (run, thread)
        thread.start()

    def cancel(self, run: Run) -> None:
        """The caller holds `changed`."""
        run.cancelled = True
        self._processes.kill(run.id)
        self._changed.notify_all()

    def stop(self) -> None:
        """Cut off every run and wait until its thread is gone. The caller does not hold `changed`."""
        with self._changed:
            pairs = list(self._under_way.values())
            self._under_way.clear()
            for run, _ in pairs:
                if run.status != "completed":
                    self.cancel(run)
        for _, thread in pairs:
            thread.join()
        self._processes.forget()
