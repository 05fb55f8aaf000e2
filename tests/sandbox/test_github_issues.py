"""Comments on an issue, written and read with PyGithub, each exchange checked against the description."""

import pytest
from github import GithubException, UnknownObjectException
from github_world import REPOSITORY, a_world


@pytest.fixture(scope="module")
def world():
    with a_world() as world:
        world.plane.add_issue(REPOSITORY)
        yield world


def comment(world, body, login="oncall", number=1):
    path = f"/repos/{REPOSITORY}/issues/{number}/comments"
    return world.github(login).requester.requestJsonAndCheck("POST", path, input={"body": body})[1]


def test_a_comment_is_there_for_who_reads_on_page_by_page(world):
    for number in range(5):
        said = comment(world, f"comment {number} \u2014")
    assert said["user"]["login"] == "oncall"
    path = f"/repos/{REPOSITORY}/issues/1/comments"
    headers, first = world.github("reader").requester.requestJsonAndCheck("GET", f"{path}?per_page=3")
    assert [one["body"] for one in first] == [f"comment {number} \u2014" for number in range(3)]
    assert "page=2" in headers["link"]
    assert [one["body"] for one in world.truth()["issues"]["1"]][-1] == said["body"]


def test_nobody_comments_on_what_is_not_there_or_what_they_cannot_see(world):
    with pytest.raises(UnknownObjectException):
        comment(world, "hello", number=2)
    with pytest.raises(UnknownObjectException):
        comment(world, "hello", login="stranger")
    with pytest.raises(GithubException) as refused:
        comment(world, 7)
    assert refused.value.status == 422
