import github
import pytest
import requests
from github_world import REPOSITORY, WORKFLOW, a_world
from werkzeug import Response

from responder.sandbox.github import GithubPlane


@pytest.fixture
def world():
    with a_world() as world:
        yield world


def test_a_token_names_its_user(world):
    client = world.github("grace")
    assert client.get_user().login == "grace"
    assert client.oauth_scopes == ["gist", "repo", "workflow"]
    assert world.github("oncall").get_user("grace").id == world.github("grace").get_user().id


def test_the_repository_shows_what_the_caller_may_do(world):
    permissions = world.repository("grace").permissions
    assert (permissions.admin, permissions.push, permissions.pull) == (False, True, True)
    assert world.repository("oncall").permissions.admin


def test_an_unknown_token_is_refused(world):
    with pytest.raises(github.BadCredentialsException) as refused:
        world.github("oncall", token="ghp_" + "0" * 36).get_user().login  # noqa: B018 - the attribute asks
    assert refused.value.data["message"] == "Bad credentials"


def test_an_expired_token_is_refused_on_its_next_request(world):
    token = world.plane.add_token("oncall", expires_at=world.clock() + 60)
    client = world.github("oncall", token=token)
    assert client.get_user().login == "oncall"
    world.clock.ahead = 61
    with pytest.raises(github.BadCredentialsException):
        client.get_repo(REPOSITORY)


def test_a_stranger_cannot_tell_that_the_repository_exists(world):
    with pytest.raises(github.UnknownObjectException):
        world.repository("stranger")
    assert requests.get(f"{world.url}/repos/{REPOSITORY}", timeout=60).status_code == 404


def test_revoked_tokens_are_dead_and_others_live_on(world):
    leaked, spare = world.tokens["oncall"], world.plane.add_token("oncall")
    answer = requests.post(
        f"{world.url}/credentials/revoke", json={"credentials": [leaked, "ghp_unknown"]}, timeout=60
    )
    assert answer.status_code == 202
    with pytest.raises(github.BadCredentialsException):
        world.repository("oncall")
    assert world.github("oncall", token=spare).get_user().login == "oncall"
    live = {token["token"]: token["live"] for token in world.plane.world()["tokens"]}
    assert (live[leaked], live[spare]) == (False, True)


def test_revoking_with_a_token_in_the_header_is_refused(world):
    leaked = world.tokens["oncall"]
    answer = requests.post(
        f"{world.url}/credentials/revoke",
        json={"credentials": [leaked]},
        headers={"Authorization": f"Bearer {world.tokens['grace']}"},
        timeout=60,
    )
    assert answer.status_code == 403
    assert world.github("oncall").get_user().login == "oncall"


def test_branches_and_files_are_readable(world):
    world.plane.add_branch(REPOSITORY, "feature/x", {"README.md": b"hello\n"}, protected=True)
    repository = world.repository()
    assert {b.name: b.protected for b in repository.get_branches()} == {"feature/x": True, "main": False}
    assert repository.get_branch("feature/x").commit.sha != repository.get_branch("main").commit.sha
    file = repository.get_contents("gpu_app/app.py")
    assert file.decoded_content == b"app = 1\n"
    assert [(entry.name, entry.type) for entry in repository.get_contents("")] == [
        (".github", "dir"),
        ("gpu_app", "dir"),
    ]
    assert repository.get_contents("README.md", ref="feature/x").decoded_content == b"hello\n"
    with pytest.raises(github.UnknownObjectException):
        repository.get_contents("README.md")


def test_a_folder_becomes_a_repository_without_what_no_commit_holds(world, tmp_path):
    for name in ("a/b.txt", ".git/config", "__pycache__/x.pyc", ".github/workflows/w.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    world.plane.add_repository("rentagpu/other", tmp_path, permissions={"oncall": "read"})
    names = [entry.name for entry in world.github("oncall").get_repo("rentagpu/other").get_contents("")]
    assert names == [".github", "a"]


def test_environments_show_their_protection(world):
    environments = {e.name: e for e in world.repository().get_environments()}
    assert environments["dev"].protection_rules == []
    rules = {rule.type: rule for rule in environments["prod"].protection_rules}
    assert [r.reviewer.login for r in rules["required_reviewers"].reviewers] == ["grace"]
    assert environments["prod"].deployment_branch_policy.custom_branch_policies


def test_putting_an_environment_with_nothing_in_it_resets_its_protection(world):
    world.repository().create_environment("prod")
    prod = world.truth()["environments"]["prod"]
    assert (prod["reviewers"], prod["branch_policy"], prod["branches"]) == ([], None, [])
    assert prod["secrets"]["MODAL_TOKEN_ID"]["value"] == "ak-prod"


def test_a_new_environment_takes_reviewers_and_branch_patterns(world):
    repository = world.repository()
    grace = world.github("grace").get_user().id
    staging = repository.create_environment(
        "staging",
        reviewers=[github.EnvironmentProtectionRuleReviewer.ReviewerParams("User", grace)],
        deployment_branch_policy=github.EnvironmentDeploymentBranchPolicy.EnvironmentDeploymentBranchPolicyParams(
            protected_branches=False, custom_branch_policies=True
        ),
    )
    policies = f"{staging.url}/deployment-branch-policies"
    _, made = staging.requester.requestJsonAndCheck("POST", policies, input={"name": "release/*"})
    _, listed = staging.requester.requestJsonAndCheck("GET", policies)
    assert [policy["name"] for policy in listed["branch_policies"]] == ["release/*"]
    truth = world.truth()["environments"]["staging"]
    assert (truth["reviewers"], truth["branches"]) == (["grace"], ["release/*"])
    staging.requester.requestJsonAndCheck("DELETE", f"{policies}/{made['id']}")
    assert world.truth()["environments"]["staging"]["branches"] == []
    repository.delete_environment("staging")
    assert "staging" not in world.truth()["environments"]


def test_only_an_administrator_changes_an_environment(world):
    with pytest.raises(github.GithubException) as refused:
        world.repository("grace").create_environment("prod")
    assert refused.value.status == 403
    assert world.truth()["environments"]["prod"]["reviewers"] == ["grace"]


def test_long_lists_come_in_pages(world):
    for number in range(65):
        world.plane.add_environment(REPOSITORY, f"preview-{number:02}")
    environments = world.repository().get_environments()
    assert environments.totalCount == 67
    assert len({environment.name for environment in environments}) == 67


def test_workflows_are_found_by_file_name_and_by_id(world):
    repository = world.repository()
    by_name = repository.get_workflow(WORKFLOW)
    assert repository.get_workflow(by_name.id).path == f".github/workflows/{WORKFLOW}"
    assert [workflow.name for workflow in repository.get_workflows()] == [
        ".github/workflows/elsewhere.yml",
        "modal_deploy",
    ]


def test_limits_and_what_nobody_serves(world):
    assert world.github("oncall").get_rate_limit().rate.limit == 5000
    assert requests.get(f"{world.url}/meta", timeout=60).status_code == 200
    answer = requests.get(f"{world.url}/nowhere", timeout=60)
    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")


def test_a_stopped_plane_starts_again_at_its_port_with_what_it_knew(world):
    port = int(world.url.rpartition(":")[2])
    world.plane.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(world.url, timeout=60)
    assert world.plane.start(port) == world.url
    assert world.github("oncall").get_user().login == "oncall"


def test_a_snapshot_brings_everything_back(world):
    before = world.plane.snapshot()
    world.repository().get_environment("prod").create_secret("MODAL_TOKEN_ID", "ak-fresh")
    world.plane.restore(before)
    assert world.truth()["environments"]["prod"]["secrets"]["MODAL_TOKEN_ID"]["value"] == "ak-prod"
    world.repository().get_environment("prod").create_secret("MODAL_TOKEN_ID", "ak-later")
    world.plane.restore(before)
    assert world.truth()["environments"]["prod"]["secrets"]["MODAL_TOKEN_ID"]["value"] == "ak-prod"


def test_a_run_that_a_restore_cut_off_does_not_stand_in_the_way_of_the_next_one(world):
    before = world.plane.snapshot()
    cut_off = world.dispatch("prod")
    world.wait(cut_off.id, "waiting")
    world.plane.restore(before)
    again = world.dispatch("dev")
    assert again.id == cut_off.id
    assert world.wait(again.id)["conclusion"] == "success"


def test_the_ground_truth_is_served_without_a_token(world):
    answer = requests.get(f"{world.url}/_sandbox/world", timeout=60).json()
    prod = answer["repositories"][REPOSITORY]["environments"]["prod"]
    assert prod["secrets"]["MODAL_TOKEN_SECRET"]["value"] == "as-prod-old"


def test_what_is_mounted_answers_in_place_of_the_plane():
    with a_world(mounts={"/_sandbox": Response("mine")}) as world:
        assert requests.get(f"{world.url}/_sandbox/world", timeout=60).text == "mine"
        assert world.github("oncall").get_user().login == "oncall"


def test_a_taken_port_is_an_os_error(world):
    port = int(world.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        GithubPlane().start(port)
