"""A repository is told which secrets and variables its organisation shares with it, never their values."""

import github
import pytest
from github_world import REPOSITORY, a_world

OTHER = "rentagpu/website"


@pytest.fixture(scope="module")
def world():
    with a_world() as world:
        world.plane.add_repository(OTHER, {"a": b""}, permissions={"oncall": "admin"})
        world.plane.put_organization_secret("rentagpu", "AWS_ACCESS_KEY_ID", "AKIAEVERYWHERE")
        world.plane.put_organization_secret("rentagpu", "NPM_TOKEN", "npm_x", only=[OTHER])
        world.plane.put_organization_variable("rentagpu", "REGION", "us-east-1")
        yield world


def shared(world, what, repository, login="oncall"):
    path = f"/repos/{repository}/actions/organization-{what}"
    _, data = world.github(login).requester.requestJsonAndCheck("GET", path)
    return data


def test_a_secret_is_shown_to_the_repositories_that_it_is_shared_with(world):
    here, there = (shared(world, "secrets", name) for name in (REPOSITORY, OTHER))
    assert [one["name"] for one in here["secrets"]] == ["AWS_ACCESS_KEY_ID"]
    assert [one["name"] for one in there["secrets"]] == ["AWS_ACCESS_KEY_ID", "NPM_TOKEN"]
    assert here["total_count"] == 1
    assert "AKIAEVERYWHERE" not in str(here)


def test_a_variable_is_shown_with_its_value(world):
    (region,) = shared(world, "variables", REPOSITORY)["variables"]
    assert (region["name"], region["value"]) == ("REGION", "us-east-1")


@pytest.mark.parametrize(("login", "status"), [("reader", 403), ("stranger", 404)])
def test_who_may_not_write_is_not_told(world, login, status):
    with pytest.raises(github.GithubException) as refused:
        shared(world, "secrets", REPOSITORY, login)
    assert refused.value.status == status
