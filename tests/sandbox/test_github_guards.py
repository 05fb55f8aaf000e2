"""What guards a repository, what an organisation lets in, and who is told: as GitHub describes it."""

import pytest
from github import GithubException
from github_world import REPOSITORY, a_world

ORG = "rentagpu"
RULES = {"name": "main", "enforcement": "active", "rules": [{"type": "pull_request"}, {"type": "deletion"}]}
RUNNER = {"name": "box", "runner_group_id": 1, "labels": ["gpu"]}


@pytest.fixture(scope="module")
def opened():
    with a_world() as world:
        world.plane.add_member(ORG, "oncall", "admin")
        world.plane.add_member(ORG, "grace")
        world.plane.add_team(ORG, "release", ["grace"], repositories={REPOSITORY: "write"})
        world.plane.add_branch(REPOSITORY, "main", protected=True)
        yield world


@pytest.fixture
def world(opened):
    was = opened.plane.snapshot()
    yield opened
    opened.plane.restore(was)


def asked(world, verb, path, login="oncall", **sent):
    with world.github(login) as github:
        ask = github.requester.requestJsonAndCheck
        return ask(verb, path, input=sent)[1] if sent else ask(verb, path)[1]


def refused(world, verb, path, login="grace"):
    with pytest.raises(GithubException) as error:
        asked(world, verb, path, login)
    return error.value.status


def test_a_ruleset_holds_for_the_default_branch_while_it_is_active(world):
    of = f"/repos/{REPOSITORY}"
    made = asked(world, "POST", f"{of}/rulesets", **RULES)
    assert [one["id"] for one in asked(world, "GET", f"{of}/rulesets", "grace")] == [made["id"]]
    rules = f"{of}/rules/branches/main"
    assert [one["type"] for one in asked(world, "GET", rules)] == ["pull_request", "deletion"]
    world.clock.ahead += 60
    changed = asked(world, "PUT", f"{of}/rulesets/{made['id']}", enforcement="disabled")
    assert changed["updated_at"] > changed["created_at"]
    assert asked(world, "GET", rules) == []
    assert refused(world, "DELETE", f"{of}/rulesets/{made['id']}") == 403
    asked(world, "DELETE", f"{of}/rulesets/{made['id']}")
    assert refused(world, "GET", f"{of}/rulesets/{made['id']}", "oncall") == 404


def test_a_branch_is_protected_until_an_administrator_says_otherwise(world):
    at = f"/repos/{REPOSITORY}/branches/main/protection"
    assert asked(world, "GET", at)["enforce_admins"]["enabled"]
    assert refused(world, "GET", at) == 403
    asked(world, "DELETE", at)
    assert refused(world, "GET", at, "oncall") == 404


def test_runners_and_teams_and_invitations_are_for_administrators(world):
    of = f"/repos/{REPOSITORY}"
    number = asked(world, "POST", f"{of}/actions/runners/generate-jitconfig", **RUNNER)["runner"]["id"]
    assert [one["name"] for one in asked(world, "GET", f"{of}/actions/runners")["runners"]] == ["box"]
    assert refused(world, "GET", f"{of}/actions/runners") == 403
    asked(world, "DELETE", f"{of}/actions/runners/{number}")
    assert asked(world, "GET", f"{of}/actions/runners")["total_count"] == 0
    assert [(one["slug"], one["permission"]) for one in asked(world, "GET", f"{of}/teams")] == [
        ("release", "push")
    ]
    world.repository().add_to_collaborators("stranger", "push")
    (invited,) = asked(world, "GET", f"{of}/invitations")
    asked(world, "DELETE", f"{of}/invitations/{invited['id']}")
    assert asked(world, "GET", f"{of}/invitations") == []


@pytest.mark.parametrize("keeper", ["dependabot", "codespaces"])
def test_other_keepers_have_secrets_of_their_own(world, keeper):
    repository = world.repository()
    repository.create_secret(
        "DEPLOY", "as-canary", secret_type=keeper if keeper == "dependabot" else "actions"
    )
    kept = asked(world, "GET", f"/repos/{REPOSITORY}/{keeper}/secrets")["secrets"]
    assert [one["name"] for one in kept] == (["DEPLOY"] if keeper == "dependabot" else [])
    assert asked(world, "GET", f"/orgs/{ORG}/{keeper}/secrets")["secrets"] == []


def test_what_an_organisation_lets_in_is_for_its_owners(world):
    of = f"/orgs/{ORG}"
    stranger = asked(world, "GET", "/users/stranger")["id"]
    hook = asked(world, "POST", f"{of}/hooks", name="web", config={"url": "https://a.invalid/x"})["id"]
    invited = asked(world, "POST", f"{of}/invitations", invitee_id=stranger, role="admin")["id"]
    asked(world, "POST", f"{of}/actions/runners/generate-jitconfig", **RUNNER)
    app = world.plane.add_installation(ORG, "helper")
    assert [one["id"] for one in asked(world, "GET", f"{of}/hooks")] == [hook]
    assert [one["id"] for one in asked(world, "GET", f"{of}/invitations")] == [invited]
    assert [one["id"] for one in asked(world, "GET", f"{of}/installations")["installations"]] == [app]
    assert [one["name"] for one in asked(world, "GET", f"{of}/actions/runners")["runners"]] == ["box"]
    assert [one["login"] for one in asked(world, "GET", f"{of}/members?role=admin")] == ["oncall"]
    for what in ("hooks", "invitations", "installations", "actions/runners", "dependabot/secrets"):
        assert refused(world, "GET", f"{of}/{what}") == 403
        assert refused(world, "GET", f"{of}/{what}", "stranger") == 404
    asked(world, "DELETE", f"{of}/hooks/{hook}")
    asked(world, "DELETE", f"{of}/invitations/{invited}")
    assert asked(world, "GET", f"{of}/hooks") == asked(world, "GET", f"{of}/invitations") == []
