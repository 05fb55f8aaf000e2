import hashlib
import io
import threading
import time
import zipfile
from pathlib import Path

import github
import pytest
import requests
from github_world import DEPLOY, REPOSITORY, WORKFLOW, a_world


@pytest.fixture
def world():
    with a_world() as world:
        yield world


def review(world, login, run, state="approved"):
    requester = world.github(login).requester
    url = f"/repos/{REPOSITORY}/actions/runs/{run.id}/pending_deployments"
    _, pending = requester.requestJsonAndCheck("GET", url)
    body = {"environment_ids": [gate["environment"]["id"] for gate in pending], "state": state, "comment": ""}
    return requester.requestJsonAndCheck("POST", url, input=body)


def refused(call, *arguments, **keywords):
    with pytest.raises(github.GithubException) as caught:
        call(*arguments, **keywords)
    return caught.value.status, str(caught.value.data.get("message"))


def test_a_step_works_with_the_decrypted_secret_and_the_log_shows_none(world):
    fresh = "as-fresh-token"
    world.repository().get_environment("dev").create_secret("MODAL_TOKEN_SECRET", fresh)
    run = world.dispatch("dev", request="run-17")
    assert world.wait(run.id)["conclusion"] == "success"
    log = world.log(run.id)
    assert "deploying with ***" in log
    assert f"{hashlib.sha256(fresh.encode()).hexdigest()}  -" in log
    assert fresh not in "\n".join(log)


def test_a_dispatched_run_is_followed_to_its_end(world):
    run = world.dispatch("dev", request="run-17")
    world.wait(run.id)
    run.update()
    assert (run.status, run.conclusion, run.event) == ("completed", "success", "workflow_dispatch")
    assert (run.display_title, run.head_branch, run.actor.login) == ("Deploy dev run-17", "main", "oncall")
    [job] = run.jobs()
    assert [(step.name, step.conclusion) for step in job.steps] == [
        ("Set up job", "success"),
        ("Run actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1", "success"),
        ("Deploy", "success"),
    ]


def test_the_log_is_an_archive_behind_a_redirect(world):
    run = world.dispatch("dev")
    world.wait(run.id)
    run.update()
    headers, _ = run.requester.requestBlobAndCheck("GET", run.logs_url)
    archive = requests.get(headers["location"], timeout=60)
    with zipfile.ZipFile(io.BytesIO(archive.content)) as files:
        assert files.namelist()[0] == "0_deploy.txt"
        assert "deploying with ***" in files.read("0_deploy.txt").decode()
    assert requests.get(headers["location"][:-1], timeout=60).status_code == 404
    run.requester.requestJsonAndCheck("DELETE", run.logs_url)
    assert requests.get(headers["location"], timeout=60).status_code == 404
    with pytest.raises(github.GithubException):
        run.requester.requestBlobAndCheck("GET", run.logs_url)


def test_a_failing_command_fails_the_step_the_job_and_the_run():
    with a_world(workflow=DEPLOY.replace(b"test -f gpu_app/app.py", b"false")) as world:
        run = world.dispatch("dev")
        assert world.wait(run.id)["conclusion"] == "failure"
        [job] = run.jobs()
        assert (job.conclusion, job.steps[-1].conclusion) == ("failure", "failure")
        assert "Error: Process completed with exit code 1." in world.log(run.id)


def test_prod_waits_for_its_reviewer_and_then_runs(world):
    run = world.dispatch("prod")
    waiting = world.wait(run.id, "waiting")
    assert [gate["environment"] for gate in waiting["gates"]] == ["prod"]
    assert waiting["jobs"][0]["steps"] == []
    _, deployments = review(world, "grace", run)
    assert [deployment["environment"] for deployment in deployments] == ["prod"]
    assert world.wait(run.id)["conclusion"] == "success"
    _, approvals = run.requester.requestJsonAndCheck("GET", f"{run.url}/approvals")
    assert [(a["user"]["login"], a["state"]) for a in approvals] == [("grace", "approved")]


def test_who_may_approve_is_told_to_those_who_may_and_those_who_may_not(world):
    run = world.dispatch("prod")
    world.wait(run.id, "waiting")
    url = f"{run.url}/pending_deployments"
    may = {
        login: world.github(login).requester.requestJsonAndCheck("GET", url)[1][0]
        for login in ("oncall", "grace")
    }
    told = {login: gate["current_user_can_approve"] for login, gate in may.items()}
    assert told == {"oncall": False, "grace": True}
    assert may["oncall"]["reviewers"][0]["reviewer"]["login"] == "grace"


def test_who_is_no_reviewer_cannot_approve(world):
    run = world.dispatch("prod")
    world.wait(run.id, "waiting")
    status, message = refused(review, world, "oncall", run)
    assert (status, message) == (422, "There are no pending deployment requests to approve or reject")
    assert world.run(run.id)["status"] == "waiting"


def test_a_rejected_deployment_fails_and_runs_no_step(world):
    run = world.dispatch("prod")
    world.wait(run.id, "waiting")
    review(world, "grace", run, "rejected")
    assert world.wait(run.id)["conclusion"] == "failure"
    assert world.log(run.id) == ["The deployment to prod was rejected."]


def test_a_reviewer_of_the_sandbox_approves_after_a_moment():
    with a_world(auto_approve=0.05) as world:
        run = world.dispatch("prod")
        finished = world.wait(run.id)
        assert finished["conclusion"] == "success"
        assert [review["login"] for review in finished["reviews"]] == ["grace"]


def test_a_person_approves_on_the_page_that_the_run_links_to(world):
    run = world.dispatch("prod", request="<b>")
    world.wait(run.id, "waiting")
    page = requests.get(run.html_url, timeout=60)
    assert "Deploy prod &lt;b&gt;" in page.text
    assert "Approve prod as grace" in page.text
    requests.post(run.html_url, data={"environment": "prod", "login": "oncall"}, timeout=60)
    assert world.run(run.id)["status"] == "waiting"
    requests.post(run.html_url, data={"environment": "prod", "login": "grace"}, timeout=60)
    assert world.wait(run.id)["conclusion"] == "success"
    assert "deploying with ***" in requests.get(run.html_url, timeout=60).text


def test_who_asked_may_not_approve_where_self_review_is_prevented(world):
    world.plane.add_environment(REPOSITORY, "prod", reviewers=["grace"], prevent_self_review=True)
    run = world.dispatch("prod", login="grace")
    world.wait(run.id, "waiting")
    assert refused(review, world, "grace", run)[0] == 422
    assert world.run(run.id)["status"] == "waiting"


def test_a_wait_timer_holds_a_deployment_back_without_a_reviewer(world):
    world.plane.add_environment(REPOSITORY, "prod", wait_minutes=30)
    run = world.dispatch("prod")
    world.wait(run.id, "waiting")
    _, pending = run.requester.requestJsonAndCheck("GET", f"{run.url}/pending_deployments")
    assert [(gate["wait_timer"], gate["reviewers"]) for gate in pending] == [(30, [])]


def test_a_protected_branches_policy_lets_only_those_deploy(world):
    policy = github.EnvironmentDeploymentBranchPolicy.EnvironmentDeploymentBranchPolicyParams(
        protected_branches=True, custom_branch_policies=False
    )
    world.repository().create_environment("prod", deployment_branch_policy=policy)
    assert world.wait(world.dispatch("prod", ref="main").id)["conclusion"] == "success", "none is protected"
    world.plane.add_branch(REPOSITORY, "release", protected=True)
    assert world.wait(world.dispatch("prod", ref="main").id)["conclusion"] == "failure"
    assert world.wait(world.dispatch("prod", ref="release").id)["conclusion"] == "success"


def test_a_run_that_a_snapshot_caught_under_way_is_cancelled_in_it(world):
    run = world.dispatch("prod")
    world.wait(run.id, "waiting")
    world.plane.restore(world.plane.snapshot())
    run.update()
    assert (run.status, run.conclusion) == ("completed", "cancelled")


def test_a_run_that_waited_uses_the_secret_as_it_is_when_it_starts(world):
    run = world.dispatch("prod")
    world.wait(run.id, "waiting")
    world.repository().get_environment("prod").create_secret("MODAL_TOKEN_SECRET", "as-later")
    review(world, "grace", run)
    world.wait(run.id)
    assert f"{hashlib.sha256(b'as-later').hexdigest()}  -" in world.log(run.id)


def test_a_branch_that_the_policy_does_not_name_may_not_deploy(world):
    world.plane.add_branch(REPOSITORY, "feature")
    run = world.dispatch("prod", ref="feature")
    assert world.wait(run.id)["conclusion"] == "failure"
    assert "not allowed to deploy to prod" in world.log(run.id)[0]
    assert world.wait(world.dispatch("dev", ref="feature").id)["conclusion"] == "success"


@pytest.mark.parametrize(
    ("ref", "inputs", "why"),
    [
        ("nowhere", {"environment": "dev"}, "No ref found for: nowhere"),
        ("main", {"environment": "live"}, "not in the list of allowed values"),
        ("main", {}, "Required input 'environment' not provided"),
        ("main", {"environment": "dev", "force": "yes"}, 'Unexpected inputs provided: ["force"]'),
    ],
)
def test_a_dispatch_that_does_not_fit_is_refused_and_nothing_runs(world, ref, inputs, why):
    workflow = world.repository().get_workflow(WORKFLOW)
    status, message = refused(workflow.create_dispatch, ref, inputs, throw=True, return_run_details=True)
    assert status == 422
    assert why in message
    assert world.truth()["runs"] == []


def test_a_workflow_without_the_trigger_cannot_be_dispatched(world):
    workflow = world.repository().get_workflow("elsewhere.yml")
    status, message = refused(workflow.create_dispatch, "main", throw=True)
    assert (status, message) == (422, "Workflow does not have 'workflow_dispatch' trigger")


def test_a_dispatch_without_details_answers_nothing_and_the_run_is_found_by_its_list(world):
    workflow = world.repository().get_workflow(WORKFLOW)
    assert workflow.create_dispatch("main", {"environment": "dev", "request": "r-1"}, throw=True) is True
    [run] = workflow.get_runs(event="workflow_dispatch", branch="main", created=">=2020-01-01T00:00:00Z")
    assert run.display_title == "Deploy dev r-1"
    world.wait(run.id)
    assert workflow.get_runs(status="success").totalCount == 1
    assert world.repository().get_workflow_runs(created="<2020-01-01").totalCount == 0
    assert workflow.get_runs(branch="feature").totalCount == 0


def test_a_reader_may_not_dispatch(world):
    assert refused(world.dispatch, "dev", login="reader")[0] == 403
    assert world.truth()["runs"] == []


SLOW = DEPLOY.replace(b"test -f gpu_app/app.py", b'sleep 600 & echo "$$ $!" > "$MARK"; sleep 600')


def until(so):
    deadline = time.monotonic() + 60
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def alive(pid):
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_nothing_of_a_run_survives_the_plane(tmp_path):
    mark = tmp_path / "started"
    with a_world(workflow=SLOW, runner_env={"MARK": str(mark)}) as world:
        run = world.dispatch("dev")
        until(lambda: mark.exists() and mark.read_text())
        pids = mark.read_text().split()
        assert [alive(pid) for pid in pids] == [True, True]
        world.plane.stop()
        job = world.run(run.id)["jobs"][0]
        assert (job["conclusion"], job["steps"][-1]["conclusion"]) == ("cancelled", "cancelled")
        until(lambda: not any(alive(pid) for pid in pids))
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("github-run")]


def test_a_waiting_run_is_cancelled_on_demand(world):
    run = world.dispatch("prod")
    world.wait(run.id, "waiting")
    assert run.cancel()
    assert world.wait(run.id)["conclusion"] == "cancelled"
    assert run.cancel() is False


GROUPED = DEPLOY.replace(b"jobs:\n", b"concurrency: {group: deploy, cancel-in-progress: false}\njobs:\n")


def test_one_run_of_a_concurrency_group_at_a_time_and_the_newest_waits():
    with a_world(workflow=GROUPED) as world:
        first = world.dispatch("prod")
        world.wait(first.id, "waiting")
        second, third = world.dispatch("dev"), None
        world.wait(second.id, "pending")
        third = world.dispatch("dev")
        assert world.wait(second.id)["conclusion"] == "cancelled"
        world.wait(third.id, "pending")
        review(world, "grace", first)
        assert world.wait(third.id)["conclusion"] == "success"
        assert world.run(first.id)["conclusion"] == "success"
