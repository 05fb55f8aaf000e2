"""The repository's own workflows, run and followed to their end."""

from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import Field

from responder.action import AnyAction, Call, Done, Input, Irreversible, Json, NotDone, Output, Plan, Probe
from responder.errors import IncompleteError, RejectedError, TransientError
from responder.providers.github.answers import known
from responder.providers.github.connection import GithubConnection
from responder.providers.github.environments import reviewers
from responder.providers.github.runs import Run, Runs


class Dispatch(Input):
    repository: str  # owner/name
    workflow: str  # file name below .github/workflows/
    ref: str  # branch or tag
    inputs: dict[str, str] = Field(default_factory=dict)
    environment: str = ""  # the one whose reviewers may have to approve


class WorkflowRan(Output):
    run_id: int
    url: str  # for people


class RunFailedError(RejectedError):
    """The run is over, and not well."""

    def __init__(self, run: Run, workflow: str, why: str) -> None:
        super().__init__("github", f"{workflow} run {run.id}", f"{why}. See {run.url}")
        self.state = "That run is over; its log says how far it came."
        self.next_step = "Mend what its log names; `respond resume` then starts a new run."


class RunWorkflow(Irreversible[Dispatch, WorkflowRan]):
    """One run a request, whatever happens to us meanwhile.

    The workflow must have an input `request` and a `run-name` that ends in it: by that title its run is
    found again after a crash. A run that was dispatched and is not in GitHub's list yet is waited for before
    anything is dispatched again.
    """

    deadline = 24 * 3600.0  # people approve
    interval: ClassVar[float] = 2.0  # seconds between looks at a run; shorter at first, longer later
    listed_within: ClassVar[float] = 5.0  # seconds until a dispatched run shows in GitHub's list
    silence: ClassVar[float] = 600.0  # seconds without an answer until following is given up

    name = "github.run_workflow"
    permissions = ("Actions: write",)
    point_of_no_return = "A deployment that ran has run."

    def plan(self, call: Call, given: Dispatch) -> Plan:
        url = _runs(call, given).page_of(given.workflow)
        change = f"Run {given.workflow} of {given.repository} at {given.ref} and follow it to its end."
        if given.environment and (who := reviewers(call.connections, given.repository, given.environment)):
            change += f" {' or '.join(who)} must approve environment {given.environment} at {url}."
        return Plan(change)

    def probe(self, call: Call, given: Dispatch) -> Probe[WorkflowRan]:
        return known(lambda: _success_among(_of_request(call, given)))

    def reconcile(self, call: Call, given: Dispatch) -> Probe[WorkflowRan]:
        """A run that was dispatched just before a crash is given the time to show in GitHub's list."""

        def look() -> Probe[WorkflowRan]:
            if call.intended_at and not _of_attempt(call, given):
                self._listed(call, given, call.intended_at + timedelta(seconds=self.listed_within))
            return _success_among(_of_request(call, given))

        return known(look)

    def apply(self, call: Call, given: Dispatch) -> WorkflowRan:
        run = _of_attempt(call, given) or self._dispatched(call, given)
        run = self._followed(call, given, run)
        if not run.succeeded:
            raise RunFailedError(run, given.workflow, _runs(call, given).why_failed(run))
        return WorkflowRan(run_id=run.id, url=run.url)

    def _dispatched(self, call: Call, given: Dispatch) -> Run:
        """A new run. Where the answer got lost, it is looked for before that counts as an error."""
        inputs = {**given.inputs, "request": _request(call)}
        lost = TransientError(
            "github", given.workflow, "It was dispatched, and GitHub does not list its run yet."
        )
        try:
            if run := _runs(call, given).dispatch(given.workflow, given.ref, inputs):
                return run
        except TransientError as error:
            lost = error
        except RejectedError as error:
            if '"request"' in error.what:
                error.next_step = (
                    f"Give {given.workflow} an input `request` and a `run-name` that ends in it."
                )
            raise
        if run := self._listed(call, given, call.clock() + timedelta(seconds=self.listed_within)):
            return run
        raise lost

    def _listed(self, call: Call, given: Dispatch, until: datetime) -> Run | None:
        """The attempt's run, looked for until then; a look that fails is not the last."""
        while True:
            try:
                if run := _of_attempt(call, given):
                    return run
            except TransientError:
                if call.clock() >= until:
                    raise
            if call.clock() >= until:
                return None
            call.wait(self.interval / 4)

    def _followed(self, call: Call, given: Dispatch, run: Run) -> Run:
        """To its end. Raises `IncompleteError` at the deadline; the run goes on."""
        runs, said = _runs(call, given), ""

        def say(news: str) -> None:
            nonlocal said
            if news != said:
                call.progress(news)
            said = news

        began = heard = call.clock()
        while not run.over:
            if call.clock() - began > timedelta(seconds=self.deadline):
                raise IncompleteError(
                    f"{given.workflow} run {run.id} is not over after {self.deadline / 3600:.0f} h: {said}",
                    state=f"It goes on at {run.url}",
                    next_step="`respond resume` goes on following it.",
                )
            pause = self._pause(call.clock() - began)
            try:
                say(_waits_for(runs, run))
                call.wait(pause)
                run, heard = runs.get(run.id), call.clock()
            except TransientError as error:
                if call.clock() - heard > timedelta(seconds=self.silence):
                    raise
                say(error.what)
                call.wait(error.retry_after or pause)
        return run

    def _pause(self, waited: timedelta) -> float:
        """Often at first; later sparing of a token's 5,000 requests an hour, while people decide."""
        if waited < timedelta(seconds=10):
            return self.interval / 4
        return self.interval if waited < timedelta(minutes=5) else self.interval * 5


def _runs(call: Call, given: Dispatch) -> Runs:
    return Runs(call.connections.get(GithubConnection), given.repository)


def _request(call: Call) -> str:
    return f"{call.run}-{call.step}"


def _of_request(call: Call, given: Dispatch) -> list[Run]:
    return _runs(call, given).of_request(given.workflow, _request(call))


def _of_attempt(call: Call, given: Dispatch) -> Run | None:
    """The newest run of the request that was not over already when this attempt was intended."""
    over = call.seen.get("over")
    earlier: list[Json] = over if isinstance(over, list) else []
    return next((run for run in _of_request(call, given) if run.id not in earlier), None)


def _success_among(runs: list[Run]) -> Probe[WorkflowRan]:
    if good := next((run for run in runs if run.succeeded), None):
        return Done(WorkflowRan(run_id=good.id, url=good.url), f"Run {good.id} ended in success: {good.url}")
    seen: dict[str, Json] = {"over": [run.id for run in runs if run.over]}
    if not runs:
        return NotDone("No run has this request at the end of its title (the workflow's `run-name`).", seen)
    return NotDone(f"Run {runs[0].id} is {runs[0].conclusion or runs[0].status}: {runs[0].url}", seen)


def _waits_for(runs: Runs, run: Run) -> str:
    if run.status == "waiting" and (who := runs.approvers(run.id)):
        return f"Waiting for approval by {who} at {run.url}"
    return f"Run {run.id} is {run.status.replace('_', ' ')}: {run.url}"


ACTIONS: tuple[AnyAction, ...] = (RunWorkflow(),)
