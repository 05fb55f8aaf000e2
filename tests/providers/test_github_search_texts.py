"""What people wrote beside the code, their gists as they were, and what GitHub shows to nobody."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from github_account import Weather, opened
from github_searching import LONG_AGO, OF_KEY, SECRET, of, searched

from responder.action import Connections
from responder.providers.github.search import Looked, Match, Seen, search_github
from responder.questions import Questions
from responder.review.history.purge_github import advice_on_github

REPOSITORY = "rentagpu/leaky"
MORE_THAN_A_PAGE = {f"Comment {number}": [] for number in range(51)}


@pytest.fixture(scope="module")
def world():
    world = opened()
    world.admin = world.plane.add_user("admin")
    leaks, talk = world.plane.leaks, world.plane.talk
    world.plane.add_repository(REPOSITORY, {"README.md": b"no"}, permissions={"admin": "admin"})
    world.plane.add_repository("rentagpu/quiet", {"README.md": b"no"}, permissions={"admin": "admin"})
    for login in ("admin", "grace"):
        world.plane.add_member("rentagpu", login)
    sha = leaks.commit(REPOSITORY, {"a.txt": b"x"}, "A change", by="grace")
    pull = leaks.pull(REPOSITORY, "A change", "", [sha])
    talk.review(REPOSITORY, pull, f"Why is {SECRET} here?", by="grace")
    talk.of_commit(REPOSITORY, sha, f"Take out {SECRET}", by="grace")
    talk.release(REPOSITORY, "v1", f"Needs\n{SECRET}", {"app.env": f"\nKEY={SECRET}".encode()}, by="grace")
    comments = {f"Try {SECRET}": [f"I got {SECRET}"], **MORE_THAN_A_PAGE}
    talk.discussion(REPOSITORY, "It fails", f"With\n{SECRET}", comments, by="grace")
    issue = leaks.issue(REPOSITORY, "How to?", f"With\n\n{SECRET}")
    comment = leaks.comment(REPOSITORY, issue, f"or {SECRET}", by="grace")
    talk.edit_issue(REPOSITORY, issue, "With the key")
    talk.edit_comment(REPOSITORY, issue, comment, "or the other")
    talk.cache(REPOSITORY, f"pip-{SECRET}")
    world.gist = leaks.gist({"notes.md": SECRET.encode(), "b.md": b"b"}, by="grace", public=True)
    leaks.edit_gist(world.gist, {"notes.md": b"gone", "b.md": b"b"})
    leaks.gist({"mine.md": SECRET.encode()}, by="admin")
    yield world
    world.plane.stop()


@pytest.fixture(scope="module")
def found(world):
    return searched(world, world.admin)


def under(world, bad, **more):
    weather = Weather(world, bad)
    try:
        return searched(world, world.admin, url=weather.world.url, **more)
    finally:
        weather.close()


def test_discussions_their_comments_and_the_replies_are_read(found):
    assert sorted(of(found, "discussion")) == [
        (OF_KEY, "a comment, line 1"),
        (OF_KEY, "a reply, line 1"),
        (OF_KEY, "line 3"),
    ]
    assert "discussions: 1" in found.looked_at
    assert any("comments of" in why and "after the first 50" in why for why in found.not_looked_at)


def test_reviews_and_comments_on_commits_are_read(found):
    comments = [one for one in found.seen if one.what == "comment" and "as it was" not in one.place]
    addresses = [one.address.partition("#")[2].partition("-")[0] for one in comments]
    assert sorted(addresses) == ["commitcomment", "pullrequestreview"]


def test_what_was_edited_out_of_an_issue_and_a_comment_is_read(found):
    edited = [one for one in found.seen if "as it was on 20" in one.place and one.what != "gist"]
    assert [(one.what, one.place.rpartition(", ")[2]) for one in edited] == [
        ("comment", "line 1"),
        ("issue", "line 3"),
    ]
    assert not [one for one in found.seen if one.what == "issue" and one not in edited]


def test_releases_are_read_with_their_files(found):
    assert sorted(of(found, "release")) == [(OF_KEY, "app.env, line 2"), (OF_KEY, "line 3")]


def test_files_of_releases_from_before_the_time_in_question_are_not_fetched(world):
    later = searched(world, world.admin, since=datetime.now(UTC) + timedelta(days=1))
    assert of(later, "release") == [(OF_KEY, "line 3")]


def test_caches_are_named_and_said_to_be_readable_by_nobody(found):
    assert of(found, "name of a cache") == [(OF_KEY, "line 1")]
    (said,) = [why for why in found.not_looked_at if "Actions caches" in why]
    assert said.startswith("1 Actions caches")
    assert "gh cache delete --all --repo rentagpu/leaky" in said


def test_what_a_gist_was_before_is_read_and_told_once(found):
    public = [one for one in found.seen if one.what == "gist" and "notes.md" in one.place]
    assert [one.place.startswith("notes.md, as it was on 20") for one in public] == [True]
    assert public[0].address.rpartition("/")[2] != ""


def test_the_operators_own_secret_gists_are_read(found):
    assert (OF_KEY, "mine.md, line 1") in of(found, "gist")
    assert "the secret gists of whoever GITHUB_TOKEN is" in found.looked_at


def test_a_token_that_may_not_list_secret_gists_is_said(world):
    found = searched(world, world.plane.add_token("admin", scopes=["repo"]))
    assert (OF_KEY, "mine.md, line 1") not in of(found, "gist")
    assert any("classic token with the scope `gist`" in why for why in found.not_looked_at)


def test_where_there_is_nothing_of_it_that_is_said_and_nothing_is_missing(world):
    found = searched(world, world.admin, "rentagpu/quiet")
    assert found.not_looked_at == []
    assert {"no discussions, as they are switched off", "no Actions caches", "releases: 0"} <= {
        *found.looked_at
    }


def test_how_each_is_taken_out_is_told(found):
    told = list(advice_on_github(REPOSITORY, found.seen, is_first=True))
    assert told[0].what.startswith("Rotate first")
    assert any("Delete revision from history" in one.what for one in told)
    typed = [command for one in told for command in one.commands]
    assert f"gh gist delete {world_gist(found)}" in typed
    assert "gh cache delete --all --repo rentagpu/leaky" in typed
    assert list(advice_on_github(REPOSITORY, [], is_first=True)) == []


def test_a_repository_may_itself_be_called_wiki():
    page = "https://github.com/rentagpu/wiki/wiki/Home/c0ffee"
    (told,) = advice_on_github("rentagpu/wiki", [Seen("wiki", page, "it")], is_first=False)
    assert told.commands == ("git clone https://github.com/rentagpu/wiki.wiki.git wiki",)


def world_gist(found):
    (page,) = {one.address for one in found.seen if "notes.md" in one.place}
    return page.split("/")[-2]


@pytest.mark.parametrize(
    ("ending", "status", "what", "said"),
    [
        ("/graphql", 403, "discussions", "Bad day"),
        ("/actions/caches", 404, "Actions caches", "Bad day"),
        ("/releases", 429, "releases", "GitHub's rate limit"),
        ("/gists", 403, "gists of whoever GITHUB_TOKEN is", "Bad day"),
        ("/comments", 500, "comments on commits", "500"),
    ],
)
def test_each_place_that_cannot_be_read_is_said_and_the_others_are_searched(
    world, ending, status, what, said
):
    found = under(world, lambda _method, path: status if path.endswith(ending) else None)
    assert any(what in why and said in why for why in found.not_looked_at), found.not_looked_at
    assert len({one.what for one in found.seen}) >= 3


def test_what_comes_after_the_deadline_changes_nothing_that_was_told(world, monkeypatch):
    begun, over = threading.Event(), threading.Event()
    before = set(threading.enumerate())

    def look(_data):
        begun.set()
        over.wait(60)
        return Looked([Match(OF_KEY, "", secret=True)])

    monkeypatch.setattr(Questions, "left", property(lambda _: 0.0 if begun.is_set() else 60.0))
    connections = Connections(world.environ(world.admin))
    found = search_github(connections, REPOSITORY, identifiers=(), look=look, since=LONG_AGO)
    over.set()
    for thread in set(threading.enumerate()) - before:
        if thread.name == "question":
            thread.join(60)
    assert (found.seen, "releases: 1" in found.looked_at) == ([], False)
    assert any(why.endswith("no answer in time") for why in found.not_looked_at)
    connections.close()


def test_what_graphql_refuses_within_an_answer_is_said(world):
    """A repository that the token may not see is refused before; one that is gone meanwhile is not."""
    reader = world.plane.add_token("admin")
    weather = Weather(world, lambda *_: None)
    answer = weather._app

    def gone(environ, start_response):
        if environ["PATH_INFO"] == "/graphql":
            environ["HTTP_AUTHORIZATION"] = f"Bearer {world.grace}"
        return answer(environ, start_response)

    weather._app = gone
    try:
        found = searched(world, reader, url=weather.world.url)
    finally:
        weather.close()
    (said,) = [why for why in found.not_looked_at if why.startswith("discussions: ")]
    assert "Could not resolve to a Repository" in said
