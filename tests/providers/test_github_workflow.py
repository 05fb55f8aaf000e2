import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from github_account import REPOSITORY, RUNS, OlderServer, Weather, opened

from responder.action import Done, NotDone, Unknown
from responder.errors import (
    IncompleteError,
    InterruptedRunError,
    NotFoundError,
    RejectedError,
    TransientError,
    UnreachableError,
)
from responder.providers.github.workflow import Dispatch, RunFailedError, RunWorkflow

RUN = RunWorkflow()
GOOD = {"environment": "dev", "token": "old-dev-MODAL_TOKEN_ID"}
DEV = Dispatch(repository=REPOSITORY, workflow="deploy.yml", ref="main", inputs=GOOD)
FAILING = DEV.model_copy(update={"inputs": GOOD | {"token": "another"}})
PROD = Dispatch(
    repository=REPOSITORY,
    workflow="deploy.yml",
    ref="main",
    inputs={"environment": "prod", "token": "old-prod-MODAL_TOKEN_ID"},
    environment="prod",
)


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    monkeypatch.setattr(RunWorkflow, "interval", 0.2)
    monkeypatch.setattr(RunWorkflow, "listed_within", 1.0)


@pytest.fixture
def world():
    world = opened()
    yield world
    world.plane.stop()


def intended(call, given):
    found = RUN.before(call, given)
    assert isinstance(found, NotDone), found
    return replace(call, seen=found.seen, intended_at=datetime.now(UTC))


class Applying(threading.Thread):
    """The action at work elsewhere; `stop` ends it as Ctrl-C does, and what it knew is lost."""

    def __init__(self, call, given):
        super().__init__(daemon=True)
        self.call, self.given, self.outcome = call, given, None
        self.start()

    def run(self):
        try:
            self.outcome = RUN.apply(self.call, self.given)
        except (InterruptedRunError, RunFailedError) as error:
            self.outcome = error

    def end(self):
        self.join(30)
        return self.outcome

    def stop(self):
        self.call.stopping.set()
        return self.end()


def test_a_run_is_dispatched_followed_to_its_end_and_proven(world):
    call = intended(world.call(), DEV)
    output = RUN.apply(call, DEV)
    [run] = world.runs()
    assert (run["id"], run["conclusion"], run["title"]) == (
        output.run_id,
        "success",
        "Deploy dev r7k2-deploy",
    )
    assert output.url.endswith(f"/actions/runs/{run['id']}")
    assert isinstance(RUN.verify(call, DEV, output), Done)


def test_what_has_run_is_not_run_again(world):
    RUN.apply(intended(world.call(), DEV), DEV)
    assert isinstance(RUN.before(world.call(), DEV), Done)


def test_a_run_killed_while_it_waits_for_approval_is_found_again_and_not_dispatched_twice(world):
    call = intended(world.call(), PROD)
    killed = Applying(call, PROD)
    run = world.wait_for_run("waiting")
    assert isinstance(killed.stop(), InterruptedRunError)

    resumed = world.call(seen=call.seen, intended_at=call.intended_at)
    assert isinstance(RUN.reconcile(resumed, PROD), NotDone)
    following = Applying(intended(world.call(), PROD), PROD)
    world.review("approved")
    assert following.end().run_id == run["id"]
    assert len(world.runs()) == 1


def test_a_run_that_ended_well_while_nobody_watched_is_done(world):
    call = intended(world.call(), PROD)
    killed = Applying(call, PROD)
    world.wait_for_run("waiting")
    killed.stop()
    world.review("approved")
    run = world.wait_for_run("completed")
    found = RUN.reconcile(world.call(seen=call.seen, intended_at=call.intended_at), PROD)
    assert isinstance(found, Done)
    assert found.output.run_id == run["id"]


def test_who_must_approve_and_where_is_planned_and_said_while_waiting(world):
    plan = RUN.plan(world.call(), PROD)
    assert f"grace must approve environment prod at {world.url}/{REPOSITORY}/actions" in plan.change
    asked, said = threading.Event(), []

    def progress(text):
        said.append(text)
        if "approval" in text:
            asked.set()

    applying = Applying(intended(world.call(progress=progress), PROD), PROD)
    assert asked.wait(60)
    world.review("approved")
    run_id = applying.end().run_id
    page = f"{world.url}/{REPOSITORY}/actions/runs/{run_id}"
    assert said.count(f"Waiting for approval by grace for prod at {page}") == 1


def test_a_rejected_approval_fails_with_who_rejected_it(world):
    applying = Applying(intended(world.call(), PROD), PROD)
    world.review("rejected")
    error = applying.end()
    assert isinstance(error, RunFailedError)
    assert "grace rejected the deployment to prod" in error.what
    assert str(world.runs()[0]["id"]) in error.what


def test_a_failed_run_names_its_job_its_step_and_its_address(world):
    with pytest.raises(RunFailedError) as caught:
        RUN.apply(intended(world.call(), FAILING), FAILING)
    assert "step 'Deploy' of job 'deploy' ended in failure" in caught.value.what
    assert f"{world.url}/{REPOSITORY}/actions/runs/{world.runs()[0]['id']}" in caught.value.what


def test_after_a_failed_run_a_new_attempt_makes_a_new_one(world):
    first = intended(world.call(), FAILING)
    with pytest.raises(RunFailedError):
        RUN.apply(first, FAILING)
    assert isinstance(RUN.reconcile(first, FAILING), NotDone)
    RUN.apply(intended(world.call(), DEV), DEV)
    assert [run["conclusion"] for run in world.runs()] == ["failure", "success"]


def test_the_run_of_another_request_is_not_ours(world):
    for step in ("other-deploy", "deploy-2"):
        RUN.apply(world.call(step=step), DEV)
    other = replace(world.call(), run="xr7k2")
    RUN.apply(other, DEV)
    assert isinstance(RUN.probe(world.call(), DEV), NotDone)
    RUN.apply(intended(world.call(), DEV), DEV)
    assert len(world.runs()) == 4


def test_a_dispatch_whose_answer_got_lost_is_found_and_not_made_again(world):
    weather = Weather(world, lambda method, _: 502 if method == "POST" else None)
    output = RUN.apply(intended(weather.world.call(), DEV), DEV)
    with pytest.raises(RunFailedError):
        RUN.apply(intended(weather.world.call(step="fails"), FAILING), FAILING)
    weather.close()
    assert [run["conclusion"] for run in world.runs()] == ["success", "failure"]
    assert output.run_id == world.runs()[0]["id"]


def test_a_server_that_cannot_say_which_run_it_made_is_asked_plainly_and_the_run_is_found(world):
    older = OlderServer(world)
    output = RUN.apply(intended(older.world.call(), DEV), DEV)
    older.close()
    assert older.refused == 1
    [run] = world.runs()
    assert (output.run_id, run["conclusion"]) == (run["id"], "success")


def test_a_failed_run_is_not_made_again_in_the_attempt_that_dispatched_it(world):
    call = intended(world.call(), FAILING)
    for _ in range(2):
        with pytest.raises(RunFailedError):
            RUN.apply(call, FAILING)
    assert len(world.runs()) == 1


def test_a_lost_dispatch_is_looked_for_until_github_lists_it(world):
    hidden = iter([503] * 4)
    lost = {"POST": iter([502])}

    def bad(method, path):
        if path.endswith("/deploy.yml/runs") and world.runs():
            return next(hidden, None)
        return next(lost.get(method, iter(())), None)

    weather = Weather(world, bad)
    RUN.apply(intended(weather.world.call(), DEV), DEV)
    weather.close()
    assert len(world.runs()) == 1
    assert next(hidden, None) is None


def test_a_run_dispatched_just_before_a_crash_is_waited_for_before_it_counts_as_not_done(world, monkeypatch):
    monkeypatch.setattr(RunWorkflow, "listed_within", 20.0)
    call = intended(world.call(), DEV)
    late = threading.Timer(0.4, lambda: RUN.apply(world.call(seen=call.seen), DEV))
    late.start()
    RUN.reconcile(call, DEV)
    assert len(world.runs()) == 1
    late.join()


def test_a_dispatch_that_never_arrived_is_worth_another_try(world):
    weather = Weather(world, lambda method, _: 503 if method == "POST" else None, early=True)
    call = intended(weather.world.call(), DEV)
    with pytest.raises(TransientError):
        RUN.apply(call, DEV)
    assert isinstance(RUN.reconcile(call, DEV), NotDone)
    weather.close()
    assert not world.runs()


def test_following_outlasts_a_service_that_is_down_for_a_while(world):
    down = iter([503] * 5)
    weather = Weather(world, lambda _, path: next(down, None) if path.startswith(f"{RUNS}/") else None)
    RUN.apply(intended(weather.world.call(), DEV), DEV)
    weather.close()
    assert next(down, None) is None
    assert len(world.runs()) == 1


def test_following_a_service_that_stays_down_ends(world, monkeypatch):
    monkeypatch.setattr(RunWorkflow, "silence", 0.2)
    weather = Weather(world, lambda _, path: 503 if path.startswith(f"{RUNS}/") else None)
    with pytest.raises(TransientError):
        RUN.apply(intended(weather.world.call(), DEV), DEV)
    weather.close()


def test_nobody_approving_ends_at_the_deadline_and_the_run_goes_on(world, monkeypatch):
    monkeypatch.setattr(RunWorkflow, "deadline", 0.5)
    with pytest.raises(IncompleteError, match="approval by grace") as caught:
        RUN.apply(intended(world.call(), PROD), PROD)
    assert "goes on" in caught.value.state
    assert world.runs()[0]["status"] == "waiting"


def test_a_workflow_that_cannot_be_told_of_a_request_is_refused_with_what_to_add(world):
    nameless = Dispatch(repository=REPOSITORY, workflow="nameless.yml", ref="main")
    with pytest.raises(RejectedError) as caught:
        RUN.apply(intended(world.call(), nameless), nameless)
    assert "input `request`" in caught.value.next_step
    assert not world.runs()


def test_a_workflow_that_is_not_there_is_found_out_when_planning(world):
    with pytest.raises(NotFoundError):
        RUN.plan(world.call(), DEV.model_copy(update={"workflow": "absent.yml"}))


def test_github_out_of_reach_leaves_it_unknown_and_dispatches_nothing(world):
    call = intended(world.call(), DEV)
    world.plane.stop()
    assert isinstance(RUN.reconcile(call, DEV), Unknown)
    with pytest.raises(UnreachableError):
        RUN.apply(call, DEV)
    assert not world.runs()
