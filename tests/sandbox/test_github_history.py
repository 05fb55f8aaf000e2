"""What a review of a repository reads; each exchange checked against GitHub's description."""

import base64
from datetime import timedelta

import pytest
from github import GithubException, UnknownObjectException
from github_world import DEPLOY, REPOSITORY, WORKFLOW, a_world

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVuZCBvZiB0aGUgcm9hZCBmb3IgYWxsIG9mIHVz"
PRINTING = DEPLOY.replace(b'echo "deploying with $TOKEN"', b'echo "$TOKEN" | rev')


@pytest.fixture(scope="module")
def world():
    with a_world(audit_log=True) as world:
        yield world


def of(world, path, login="oncall"):
    return world.github(login).requester.requestJsonAndCheck("GET", f"/repos/{REPOSITORY}/{path}")[1]


def refused(status, ask, *args, **kwargs):
    with pytest.raises(GithubException) as refusal:
        ask(*args, **kwargs)
    assert refusal.value.status == status


def test_a_deploy_key_is_there_until_it_is_deleted_and_only_an_administrator_is_told(world):
    repository = world.repository()
    key = repository.create_key("ci", KEY, read_only=False)
    (listed,) = repository.get_keys()
    assert (listed.id, listed.title, listed.read_only, listed.added_by) == (key.id, "ci", False, "oncall")
    assert repository.get_key(key.id).created_at == key.created_at
    refused(404, list, world.repository("grace").get_keys())
    refused(422, repository.create_key, "again", KEY)
    listed.delete()
    refused(404, repository.get_key, key.id)
    assert list(repository.get_keys()) == []


def test_a_webhook_tells_where_it_sends_what(world):
    hook = world.repository().create_hook("web", {"url": "https://hook.example/in"}, ["push"])
    (listed,) = world.repository().get_hooks()
    assert (listed.id, listed.config["url"], listed.events) == (hook.id, "https://hook.example/in", ["push"])
    refused(404, list, world.repository("grace").get_hooks())
    listed.delete()
    assert list(world.repository().get_hooks()) == []


def test_whoever_is_invited_is_no_collaborator_before_they_accept(world):
    world.repository().add_to_collaborators("stranger", "admin")
    (invited,) = world.repository().get_pending_invitations()
    assert (invited.invitee.login, invited.inviter.login, invited.permissions) == (
        "stranger",
        "oncall",
        "admin",
    )
    assert {one.login: one.role_name for one in world.repository().get_collaborators()} == {
        "oncall": "admin",
        "grace": "write",
        "reader": "read",
    }
    refused(403, list, world.repository("reader").get_collaborators())


def test_a_branch_that_was_pushed_run_and_deleted_leaves_its_commit_its_run_and_its_activity(world):
    repository = world.repository("grace")
    begun = repository.get_branch("main").commit.sha
    repository.create_git_ref("refs/heads/fix/cache", begun)
    path = f".github/workflows/{WORKFLOW}"
    file = repository.get_contents(path, ref="fix/cache")
    made = repository.update_file(path, "Cache", PRINTING, file.sha, branch="fix/cache")["commit"].sha
    run = world.dispatch("dev", ref="fix/cache", login="grace")
    assert world.wait(run.id)["conclusion"] == "success"
    assert "dlo-ved-sa" in "".join(world.log(run.id))
    world.github("grace").requester.requestJsonAndCheck(
        "DELETE", f"/repos/{REPOSITORY}/git/refs/heads/fix/cache"
    )
    moves = [(one["activity_type"], one["ref"], one["actor"]["login"]) for one in of(world, "activity")]
    assert moves == [
        (kind, "refs/heads/fix/cache", "grace") for kind in ("branch_deletion", "push", "branch_creation")
    ]
    assert of(world, f"actions/runs/{run.id}")["head_sha"] == made
    assert [one["sha"] for one in of(world, f"commits?sha={made}&path=.github/workflows")] == [made]
    assert of(world, f"commits?sha={made}&path=gpu_app") == []
    assert of(world, f"commits?sha={made}&since=2999-01-01T00:00:00Z") == []
    (deployed,) = of(world, "deployments")
    assert (deployed["environment"], deployed["creator"]["login"], deployed["sha"]) == ("dev", "grace", made)


def test_a_file_is_written_only_over_what_one_has_seen(world):
    repository = world.repository("grace")
    path, text = "notes.txt", base64.b64encode(b"new\n").decode()
    assert repository.create_file(path, "Add", "old\n", branch="main")["content"].path == path
    sent = {"message": "Overwrite", "content": text, "branch": "main"}
    where = f"/repos/{REPOSITORY}/contents/{path}"
    put = world.github("grace").requester.requestJsonAndCheck
    refused(422, put, "PUT", where, input=sent)
    refused(409, put, "PUT", where, input={**sent, "sha": "0" * 40})
    refused(404, put, "PUT", where, input={**sent, "branch": "none"})
    refused(403, world.repository("reader").create_file, "mine", "Add", "-", branch="main")
    assert repository.get_contents(path).decoded_content == b"old\n"


def test_the_audit_log_is_shown_to_administrators_on_enterprise_cloud_alone(world):
    world.repository().create_key("audited", KEY.replace("end", "END"))
    path = "/orgs/rentagpu/audit-log"
    newest = world.github("oncall").requester.requestJsonAndCheck("GET", path)[1][0]
    assert (newest["action"], newest["actor"], newest["repo"]) == ("public_key.create", "oncall", REPOSITORY)
    with pytest.raises(UnknownObjectException):
        world.github("grace").requester.requestJsonAndCheck("GET", path)
    with a_world() as other, pytest.raises(UnknownObjectException):
        other.github("oncall").requester.requestJsonAndCheck("GET", path)


def test_a_world_can_have_been_there_for_a_while():
    with a_world() as world:
        world.plane.put_organization_secret("rentagpu", "SHARED", "-")
        (was,) = of(world, "environments/prod/secrets")["secrets"][:1]
        there = world.repository().created_at
        world.plane.backdate(timedelta(days=1))
        (now,) = of(world, "environments/prod/secrets")["secrets"][:1]
        assert now["updated_at"] < was["updated_at"]
        assert now["created_at"] < was["created_at"]
        assert world.repository().created_at == there - timedelta(days=1)
