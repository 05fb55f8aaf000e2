"""What people write around a repository, in GitHub's own shapes; and gists, with what they were before."""

import pytest
from github import GithubException, UnknownObjectException
from github_world import REPOSITORY, a_world

DISCUSSIONS = """
query($owner: String!, $name: String!, $after: String) { repository(owner: $owner, name: $name) {
  hasDiscussionsEnabled
  discussions(first: 1, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { title url comments(first: 9) { nodes { body replies(first: 9) { nodes { body } } } } }
  }
} }
"""


@pytest.fixture(scope="module")
def world():
    with a_world() as world:
        leaks, talk = world.plane.leaks, world.plane.talk
        world.sha = leaks.commit(REPOSITORY, {"a.txt": b"x"}, "A change", by="grace")
        world.pull = leaks.pull(REPOSITORY, "Please", "", [world.sha])
        talk.review(REPOSITORY, world.pull, "All of it", by="oncall")
        talk.of_commit(REPOSITORY, world.sha, "Why?", by="oncall")
        talk.release(REPOSITORY, "v1", "Notes", {"app.bin": b"\0\1"}, by="grace")
        talk.cache(REPOSITORY, "Linux-pip-1")
        talk.discussion(REPOSITORY, "First", "", {"Who?": ["Me"]}, by="reader")
        talk.discussion(REPOSITORY, "Second", "", by="reader")
        yield world


def got(world, path):
    return world.github("reader").requester.requestJsonAndCheck("GET", path)[1]


def test_reviews_comments_of_commits_and_caches_are_told(world):
    assert [one["body"] for one in got(world, f"/repos/{REPOSITORY}/pulls/{world.pull}/reviews")] == [
        "All of it"
    ]
    comments = got(world, f"/repos/{REPOSITORY}/comments")
    assert [(one["body"], one["commit_id"]) for one in comments] == [("Why?", world.sha)]
    caches = got(world, f"/repos/{REPOSITORY}/actions/caches")
    assert [one["key"] for one in caches["actions_caches"]] == ["Linux-pip-1"]


def test_a_releases_files_are_behind_a_redirect(world):
    (release,) = world.repository("reader").get_releases()
    (asset,) = release.assets
    assert (release.body, asset.name, asset.size) == ("Notes", "app.bin", 2)
    headers, _ = world.github("reader").requester.requestBlobAndCheck(
        "GET", asset.url, headers={"Accept": "application/octet-stream"}
    )
    assert "/_sandbox/assets/" in headers["location"]


def asked(world, login="reader", name="executor", **variables):
    given = {"owner": "rentagpu", "name": name, **variables}
    return world.github(login).requester.graphql_query(DISCUSSIONS, given)[1]["data"]["repository"]


def test_discussions_are_told_by_graphql_page_by_page(world):
    first = asked(world)
    assert (first["hasDiscussionsEnabled"], first["discussions"]["totalCount"]) == (True, 2)
    second = asked(world, after=first["discussions"]["pageInfo"]["endCursor"])
    assert not second["discussions"]["pageInfo"]["hasNextPage"]
    titles = [one["discussions"]["nodes"][0]["title"] for one in (first, second)]
    assert titles == ["Second", "First"]
    (comment,) = second["discussions"]["nodes"][0]["comments"]["nodes"]
    assert (comment["body"], comment["replies"]["nodes"]) == ("Who?", [{"body": "Me"}])


def test_graphql_refuses_in_githubs_way(world):
    with pytest.raises(UnknownObjectException):
        asked(world, "stranger")
    requester = world.github("reader").requester
    with pytest.raises(GithubException, match="Cannot query field 'nothing'"):
        requester.graphql_query("{ nothing }", {})


def test_a_gist_has_its_earlier_versions(world):
    gist_id = world.plane.leaks.gist({"a.md": b"before"}, by="grace", public=True)
    world.plane.leaks.edit_gist(gist_id, {"a.md": b"after"})
    gist = world.github("reader").get_gist(gist_id)
    assert gist.files["a.md"].content == "after"
    newest, first = gist.history
    versions = [one["version"] for one in got(world, f"/gists/{gist_id}/commits")]
    assert versions == [newest.version, first.version]
    assert got(world, f"/gists/{gist_id}/{first.version}")["files"]["a.md"]["content"] == "before"


def test_secret_gists_are_told_to_their_owner_whose_token_has_the_scope(world):
    gist_id = world.plane.leaks.gist({"a.md": b"x"}, by="oncall")

    def listed(token):
        return [one.id for one in world.github("oncall", token=token).get_user().get_gists()]

    assert gist_id in listed(None)
    assert gist_id not in listed(world.plane.add_token("oncall", scopes=["repo"]))
    assert gist_id not in [one.id for one in world.github("grace").get_user("oncall").get_gists()]
