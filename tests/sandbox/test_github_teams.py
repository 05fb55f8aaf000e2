"""Teams that approve, and people who are taken out of a repository, a team or the organisation."""

import pytest
from github import GithubException
from github_world import REPOSITORY, a_world

ORGANIZATION = REPOSITORY.partition("/")[0]
PROD = f"/repos/{REPOSITORY}/environments/prod"
TEAM = f"/orgs/{ORGANIZATION}/teams/release"


@pytest.fixture(scope="module")
def served():
    with a_world() as world:
        plane = world.plane
        plane.add_member(ORGANIZATION, "oncall", "admin")
        plane.add_user("sam")
        plane.add_team(ORGANIZATION, "release", ["grace"], repositories={REPOSITORY: "write"})
        plane.add_team(ORGANIZATION, "night", ["sam"], of="release")
        world.tokens["sam"] = plane.add_token("sam")
        yield world, plane.snapshot()


@pytest.fixture
def world(served):
    world, before = served
    world.plane.restore(before)
    return world


def asked(world, verb, path, login="oncall", sent=None):
    with world.github(login) as github:
        return github.requester.requestJsonAndCheck(verb, path, input=sent)[1]


def refused(world, verb, path, login="oncall"):
    with pytest.raises(GithubException) as refusal:
        asked(world, verb, path, login)
    return refusal.value.status


def test_a_team_approves_by_whoever_is_in_it_or_below_it(world):
    prod = asked(world, "GET", PROD)
    number = asked(world, "GET", f"{TEAM}/teams")[0]["id"]
    assert refused_reviewer(world, number) == 422, "a team must open the repository itself"
    team = world.plane.snapshot().people[ORGANIZATION].teams["release"].id
    policy = prod["deployment_branch_policy"]
    sent = {"reviewers": [{"type": "Team", "id": team}], "deployment_branch_policy": policy}
    put = asked(world, "PUT", PROD, sent=sent)
    rule = next(one for one in put["protection_rules"] if one["type"] == "required_reviewers")
    assert [(one["type"], one["reviewer"]["slug"]) for one in rule["reviewers"]] == [("Team", "release")]
    assert {one["login"] for one in asked(world, "GET", f"{TEAM}/members")} == {"grace", "sam"}

    run = world.dispatch("prod")
    world.wait(run.id, "waiting")
    pending = f"/repos/{REPOSITORY}/actions/runs/{run.id}/pending_deployments"
    [waiting] = asked(world, "GET", pending, "sam")
    assert waiting["current_user_can_approve"] is True
    approval = {"environment_ids": [waiting["environment"]["id"]], "state": "approved", "comment": "-"}
    asked(world, "POST", pending, "sam", sent=approval)
    assert world.wait(run.id)["conclusion"] == "success"


def refused_reviewer(world, team):
    with pytest.raises(GithubException) as refusal:
        asked(world, "PUT", PROD, sent={"reviewers": [{"type": "Team", "id": team}]})
    return refusal.value.status


def test_out_of_a_team_is_out_of_what_it_opened(world):
    of_sam = f"/orgs/{ORGANIZATION}/teams/night/memberships/sam"
    assert world.repository("sam").permissions.push
    assert asked(world, "GET", f"{TEAM}/memberships/sam")["role"] == "member"
    assert refused(world, "DELETE", of_sam, "grace") == 403
    assert refused(world, "DELETE", f"{TEAM}/memberships/sam") == 404, "they are in it by the team below"
    asked(world, "DELETE", of_sam)
    assert refused(world, "GET", f"{TEAM}/memberships/sam") == 404
    assert refused(world, "GET", f"/repos/{REPOSITORY}", "sam") == 404
    asked(world, "PUT", of_sam, sent={"role": "maintainer"})
    assert asked(world, "GET", of_sam)["role"] == "maintainer"


def test_what_somebody_may_is_told_and_taken_at_the_repository_and_the_organisation(world):
    of_grace = f"/repos/{REPOSITORY}/collaborators/grace"
    assert asked(world, "GET", f"{of_grace}/permission")["permission"] == "write"
    asked(world, "DELETE", of_grace)
    assert asked(world, "GET", f"{of_grace}/permission")["permission"] == "write", "through the team"
    member = f"/orgs/{ORGANIZATION}/memberships/grace"
    assert asked(world, "GET", member)["role"] == "member"
    assert asked(world, "GET", f"/user/memberships/orgs/{ORGANIZATION}")["role"] == "admin"
    assert refused(world, "DELETE", member, "sam") == 403
    asked(world, "DELETE", member)
    assert asked(world, "GET", f"{of_grace}/permission")["permission"] == "none"
    assert refused(world, "GET", member) == 404
    assert refused(world, "GET", f"{TEAM}/members", "stranger") == 404
