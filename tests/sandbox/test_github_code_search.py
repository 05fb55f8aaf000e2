"""Code search and the list of issues; each exchange checked against GitHub's description."""

import pytest
from github import GithubException
from github_world import REPOSITORY, a_world

KEY = "AKIAIOSFODNN7EXAMPLE"


@pytest.fixture(scope="module")
def world():
    with a_world() as world:
        world.plane.leaks.commit(
            REPOSITORY, {"infra/main.tf": f'key = "{KEY}"\n'.encode()}, "Add", by="grace"
        )
        world.plane.leaks.commit(REPOSITORY, {"big.log": KEY.encode() + b" " * 400_000}, "Log", by="grace")
        yield world


def code(world, query, login="oncall"):
    return world.github(login).search_code(query)


@pytest.mark.parametrize("scope", ["org:rentagpu", "user:rentagpu", f"repo:{REPOSITORY}", ""])
def test_code_is_found_on_default_branches_within_what_is_named(world, scope):
    (found,) = code(world, f'"{KEY}" {scope}')
    assert (found.path, found.repository.full_name) == ("infra/main.tf", REPOSITORY)


def test_a_part_of_a_word_is_not_found(world):
    assert code(world, f'"{KEY[:-3]}" org:rentagpu').totalCount == 0


@pytest.mark.parametrize("query", ["org:rentagpu", '"x" org:nobody'])
def test_what_cannot_be_searched_is_refused(world, query):
    with pytest.raises(GithubException) as refused:
        code(world, query).totalCount  # noqa: B018  # asks
    assert refused.value.status == 422


def test_who_may_not_read_a_repository_is_not_shown_its_code(world):
    with pytest.raises(GithubException) as refused:
        code(world, f'"{KEY}" org:rentagpu', "stranger").totalCount  # noqa: B018  # asks
    assert refused.value.status == 422
    assert code(world, KEY, "stranger").totalCount == 0


def test_issues_are_listed_newest_first(world):
    first = world.plane.leaks.issue(REPOSITORY, "One", "first")
    second = world.plane.leaks.issue(REPOSITORY, "Two", "second")
    listed = world.repository("reader").get_issues(state="all")
    assert [one.number for one in listed][:2] == [second, first]
