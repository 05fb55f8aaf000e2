"""What a review of a repository tells: all that an intruder left there, and nothing that nobody left."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from github_reviewed import KEY, LONG, PLACE, REPOSITORY, reviewed

from responder.action import Connections, Done, NotDone
from responder.errors import RefusedError
from responder.providers.github.environment_secrets import EnvironmentValues, PutEnvironmentSecrets
from responder.providers.github.evict import (
    CancelWorkflowRun,
    LeakAlert,
    Numbered,
    RemoveDeployKey,
    ResolveAlert,
)
from responder.providers.github.protection import EnvironmentRules, ProtectEnvironment
from responder.providers.github.reviewers import RemoveReviewer, ReviewerInput
from responder.secret import Secret
from responder.trace import RANK


@pytest.fixture(scope="module")
def opened():
    with reviewed() as world:
        yield world


@pytest.fixture
def world(opened):
    was = opened.plane.snapshot()
    yield opened
    opened.plane.restore(was)


def test_each_trace_of_an_intruder_is_found_with_its_reason_and_its_remedy_and_none_is_invented(world):
    left = world.attack()
    assert len(left) == 7
    found = world.worth()
    assert {(one.kind, one.of, one.subject) for one in left} == set(found)
    by_kind = {one.kind: one for one in found.values()}
    assert {kind: one.severity for kind, one in by_kind.items()} == {
        "github.branch-pushed": "high",
        "github.workflow-changed": "critical",
        "github.workflow-run": "critical",
        "github.deploy-key-added": "critical",
        "github.webhook-added": "high",
        "github.collaborator-invited": "critical",
        "github.ruleset-changed": "high",
    }
    assert all(one.by == "sam" for one in found.values())
    assert "It had the secrets of dev." in by_kind["github.workflow-run"].because
    assert "branch creation, push, branch deletion" in by_kind["github.branch-pushed"].what
    assert "gone by now" in by_kind["github.workflow-changed"].what
    assert by_kind["github.deploy-key-added"].remove_with == "github.remove_deploy_key"
    assert "audit log" in by_kind["github.webhook-added"].evidence


def test_without_knowing_whose_token_leaked_what_is_left_is_still_found(world):
    left = {(one.kind, one.of, one.subject) for one in world.attack()}
    found = world.worth(logins=())
    assert set(found) == {one for one in left if one[0] != "github.branch-pushed"}
    assert {one.severity for one in found.values()} == {"critical", "high", "medium"}


def test_nothing_is_told_of_a_world_where_nobody_was_but_who_may_come_in(world):
    reviewed = world.review()
    assert reviewed.unread == ()
    assert {one.severity for one in reviewed.traces} == {"info"}
    assert {(one.kind, one.subject) for one in reviewed.traces} == {
        *(("github.collaborator", login) for login in ("oncall", "grace", "sam", "reader")),
        ("github.team", "release"),
        ("github.owner", "oncall"),
        ("github.branch-guard", "main"),
    }


def test_an_ordinary_deployment_is_only_told_and_one_that_a_run_of_ours_made_is_not(world):
    world.run()
    world.run()
    ours = world.run(login="oncall")
    assert world.worth() == {}
    (told,) = [
        one for one in world.review().traces if one.kind == "github.workflow-runs" and one.by == "grace"
    ]
    assert "ran 2 times for grace" in told.what
    page = f"{world.url}/{REPOSITORY}/actions/runs/{ours}"
    assert not [one for one in world.review(ours=(page,)).traces if one.by == "oncall"]


def test_an_old_run_that_was_started_again_is_told_with_who_did(world):
    number = world.run()
    since = datetime.now(UTC) + timedelta(seconds=1)
    while datetime.now(UTC) < since:
        time.sleep(0.05)  # GitHub tells times to the second
    assert world.worth(since=since) == {}
    world.plane.leaks.attempt(REPOSITORY, number, {}, by="sam")
    (trace,) = world.worth(since=since).values()
    assert (trace.subject, trace.by, trace.severity) == (str(number), "sam", "high")
    assert "by workflow_dispatch, attempt 2, and ended" in trace.what


def test_a_run_that_somebody_asked_for_whose_token_leaked_can_be_cancelled(world):
    number = world.run("long.yml", "sam", status="in_progress")
    trace = world.worth()["github.workflow-run", REPOSITORY, str(number)]
    assert (trace.severity, trace.remove_with) == ("high", "github.cancel_workflow_run")
    assert trace.undo == f"gh run cancel {number} --repo {REPOSITORY}"
    given = Numbered(repository=REPOSITORY, number=trace.subject)
    assert "asked for by sam" in CancelWorkflowRun().plan(world.call, given).change
    CancelWorkflowRun().apply(world.call, given)
    world.plane.wait_until(
        lambda now: now["repositories"][REPOSITORY]["runs"][-1]["status"] == "completed", seconds=20
    )
    assert isinstance(CancelWorkflowRun().probe(world.call, given), Done)
    later = world.worth()["github.workflow-run", REPOSITORY, str(number)]
    assert later.remove_with == ""
    assert later.key != trace.key


def test_a_merged_workflow_is_told_with_the_way_back_and_other_files_are_not(world):
    leaks = world.plane.leaks
    sha = leaks.commit(REPOSITORY, {".github/workflows/new.yml": LONG}, "Add it", by="grace")
    leaks.commit(REPOSITORY, {"README.md": b"hello"}, "Say hello", by="grace")
    (trace,) = world.worth().values()
    assert trace.thing == ("github.workflow-changed", REPOSITORY, sha)
    assert (trace.severity, trace.by, trace.undo) == ("medium", "grace", f"git revert {sha}")


def test_a_branchs_name_is_one_word_of_what_is_pasted(world):
    at, path, name = world.repository("sam"), ".github/workflows/long.yml", "a;id>b#"
    at.create_git_ref(f"refs/heads/{name}", at.get_branch("main").commit.sha)
    at.update_file(path, "Change", "on: push\n", at.get_contents(path, ref="main").sha, branch=name)
    found = {one.kind: one.undo for one in world.worth().values()}
    undo = f"gh api -X DELETE repos/{REPOSITORY}/git/refs/heads/a%3Bid%3Eb%23"
    assert found == dict.fromkeys(("github.branch-pushed", "github.workflow-changed"), undo)


def test_who_is_invited_is_told_and_what_an_environment_has_lost(world):
    world.repository("sam").add_to_collaborators("outsider", "admin")
    put = world.repository("sam").requester.requestJsonAndCheck
    put("PUT", f"/repos/{REPOSITORY}/environments/prod", input={"reviewers": []})
    found = {one.kind: one for one in world.worth().values()}
    invited = found["github.collaborator-invited"]
    assert (invited.severity, invited.by) == ("critical", "sam")
    assert "outsider was invited" in invited.what
    opened = found["github.environment-changed"]
    assert (opened.subject, opened.severity, opened.by) == ("prod", "high", "sam")
    assert "may push a branch has its secrets" in opened.because
    assert opened.undo == "respond run setup --reviewer LOGIN"
    put("PUT", f"/repos/{REPOSITORY}/environments/staging", input={"wait_timer": 5})
    made = world.worth()["github.environment-changed", REPOSITORY, "staging"]
    assert made.undo == f"gh api -X DELETE repos/{REPOSITORY}/environments/staging"
    world.plane.backdate(timedelta(days=30))
    still = {one.kind: one for one in world.worth().values()}["github.environment-open"]
    assert still.severity == "medium"


def test_a_secret_is_told_unless_a_run_of_ours_wrote_it_then(world):
    confirmed = datetime.now(UTC)
    wrote = world.put_secret()
    ours = f"/repos/{REPOSITORY}/environments/prod/secrets/MODAL_TOKEN_SECRET {wrote.isoformat()}"
    secret = ("github.secret-updated", f"{REPOSITORY}/prod", "MODAL_TOKEN_SECRET")
    run = {"rewritten": (PLACE,), "confirmed_at": confirmed}
    assert set(world.worth()) == {secret}
    assert world.worth()[secret].undo == f"gh secret set MODAL_TOKEN_SECRET --env prod --repo {REPOSITORY}"
    under_way = replace(world.call, alone=threading.Event())
    assert world.worth(under_way, **run) == {}
    late = {**run, "confirmed_at": confirmed + timedelta(hours=1)}
    assert set(world.worth(under_way, **late)) == {secret}
    assert set(world.worth(**run)) == {secret}, "a run that is over has recorded what it wrote"
    assert world.worth(ours=(ours,)) == {}, "whichever run it was"
    assert set(world.worth(ours=(ours.replace("prod", "dev"),))) == {secret}
    world.put_secret("OTHER")
    assert {one[2] for one in world.worth(ours=(ours,))} == {"OTHER"}


def done(call, action, given):
    """As the engine does it; gives what the record has of it."""
    intended = replace(call, seen=action.before(call, given).seen)
    proof = action.verify(intended, given, action.apply(intended, given))
    assert isinstance(proof, Done)
    return proof.output.marks


def test_what_our_own_runs_changed_is_nobodys_trace_until_somebody_changes_it_again(world):
    place = {"repository": REPOSITORY, "environment": "dev"}
    marks = [
        *done(
            world.call, ProtectEnvironment(), EnvironmentRules(**place, reviewers=("grace",), branch="main")
        ),
        *done(world.call, PutEnvironmentSecrets(), EnvironmentValues(**place, values={"A_KEY": "x"})),
        *done(world.call, RemoveReviewer(), ReviewerInput(**place, login="grace", instead="oncall")),
    ]
    told = {("github.environment-changed", "dev"), ("github.secret-updated", "A_KEY")}
    assert {(one[0], one[2]) for one in world.worth()} == told
    assert world.worth(ours=tuple(marks)) == {}
    world.plane.backdate(timedelta(seconds=5))
    assert {(one[0], one[2]) for one in world.worth(ours=tuple(marks))} == told


def test_what_was_there_before_the_exposure_is_not_told(world):
    world.attack()
    assert world.worth(since=datetime.now(UTC) + timedelta(hours=1)) == {}


def test_what_could_not_be_read_is_said_and_the_rest_is_told(world):
    key = world.repository("sam").create_key("ci", KEY)
    unread = world.review(world.as_("grace")).unread
    assert all(any(what in one for one in unread) for what in ("deploy keys", "webhooks", "invitations"))
    assert any("the audit log of rentagpu" in one and "Enterprise" in one for one in unread)
    assert ("github.deploy-key-added", REPOSITORY, str(key.id)) in world.worth()
    reviewed = world.review(replace(world.call, connections=Connections({})))
    assert reviewed.traces == ()
    assert "GITHUB_TOKEN" in reviewed.unread[0]
    missing = world.review(repositories=("rentagpu/none",)).unread
    assert any("rentagpu/none" in one for one in missing)


@pytest.mark.parametrize(("list_", "said"), [("audit", "the audit log"), ("read", "the deployments")])
def test_a_list_that_was_not_read_to_its_end_is_said(world, monkeypatch, list_, said):
    world.run()
    world.attack()
    monkeypatch.setattr(f"responder.providers.github.review_{list_}._MOST", 1)
    unread = world.review().unread
    assert any(said in why and "were read" in why for why in unread), unread


def test_a_deploy_key_is_removed_by_its_number_and_one_of_ours_is_refused(world):
    key, other = (world.repository("sam").create_key(name, f"{KEY}{name}") for name in ("ci", "cd"))
    given = Numbered(repository=REPOSITORY, number=str(key.id), known=(str(other.id),))
    assert f"Remove deploy key {key.id} (ci, may push)" in RemoveDeployKey().plan(world.call, given).change
    RemoveDeployKey().apply(world.call, given)
    assert isinstance(RemoveDeployKey().probe(world.call, given), Done)
    assert [one.id for one in world.repository().get_keys()] == [other.id]
    ours = given.model_copy(update={"number": str(other.id)})
    for attempt in (RemoveDeployKey().plan, RemoveDeployKey().apply):
        with pytest.raises(RefusedError):
            attempt(world.call, ours)
    assert isinstance(RemoveDeployKey().probe(world.call, ours), NotDone)


def test_an_alert_that_was_resolved_otherwise_is_given_back_as_it_was(world):
    number = world.plane.leaks.alert(REPOSITORY, "canary-of-a-secret", "modal_token", "Modal Token", ())
    path = f"/repos/{REPOSITORY}/secret-scanning/alerts/{number}"
    ask = world.repository().requester.requestJsonAndCheck
    ask("PATCH", path, input={"state": "resolved", "resolution": "wont_fix"})
    secret = Secret("canary-of-a-secret")
    given = LeakAlert(repository=REPOSITORY, number=str(number), identifier="ak-dead", secret=secret)
    before = ResolveAlert().before(world.call, given)
    assert isinstance(before, NotDone)
    output = ResolveAlert().apply(world.call, given)
    assert ask("GET", path)[1]["resolution"] == "revoked"
    ResolveAlert().undo(replace(world.call, seen=before.seen), given, output)
    assert ask("GET", path)[1]["resolution"] == "wont_fix"
    other = given.model_copy(update={"secret": Secret("another-canary")})
    for attempt in (ResolveAlert().plan, ResolveAlert().apply):
        with pytest.raises(RefusedError, match="shows another value than ak-dead's"):
            attempt(world.call, other)
    assert ask("GET", path)[1]["resolution"] == "wont_fix"


def test_a_review_changes_nothing_and_shows_no_secret(world):
    world.attack()
    was = world.plane.world()
    reviewed = world.review()
    assert world.plane.world() == was
    text = reviewed.model_dump_json()
    assert "canary-of-a-secret" not in text
    assert "?t=" not in text  # of the webhook's address
    assert not [token for token in world.tokens.values() if token in text]
    assert all(one.severity in RANK for one in reviewed.traces)
