"""What leaks on GitHub is served where people look at it; each exchange checked against the description."""

import base64
import io
import zipfile

import pytest
import requests
from github import GithubException, UnknownObjectException
from github_world import REPOSITORY, a_world

from responder.sandbox.github.leaks import Location

KEY = "AKIAIOSFODNN7EXAMPLE"


@pytest.fixture(scope="module")
def world():
    with a_world() as world:
        yield world


def ask(world, path, login="oncall", verb="GET", **sent):
    return world.github(login).requester.requestJsonAndCheck(verb, path, input=sent or None)[1]


def of_repository(world, path, **how):
    return ask(world, f"/repos/{REPOSITORY}/{path}", **how)


def test_a_commit_has_its_message_and_its_diff_and_what_it_left_is_read_at_it(world):
    leaks = world.plane.leaks
    first = leaks.commit(REPOSITORY, {"prod.env": f"KEY={KEY}\n".encode()}, "Add settings", by="grace")
    second = leaks.commit(REPOSITORY, {"prod.env": None, "logo.png": b"\0PNG"}, "Tidy", by="grace")
    commit = of_repository(world, f"commits/{first}", login="reader")
    assert (commit["commit"]["message"], commit["author"]["login"]) == ("Add settings", "grace")
    assert [(f["filename"], f["status"]) for f in commit["files"]] == [("prod.env", "added")]
    assert f"+KEY={KEY}" in commit["files"][0]["patch"]
    removed, binary = of_repository(world, f"commits/{second[:8]}")["files"]
    assert removed["status"] == "removed"
    assert f"-KEY={KEY}" in removed["patch"]
    assert "patch" not in binary
    then = of_repository(world, f"contents/prod.env?ref={first}")
    assert base64.b64decode(then["content"]) == f"KEY={KEY}\n".encode()
    with pytest.raises(UnknownObjectException):
        of_repository(world, f"contents/prod.env?ref={second}")
    with pytest.raises(GithubException) as refused:
        of_repository(world, f"commits/{'0' * 40}")
    assert refused.value.status == 422


def test_a_pull_request_shows_less_in_its_files_than_in_its_commits(world):
    leaks = world.plane.leaks
    oops = leaks.commit(REPOSITORY, {"a.env": KEY.encode()}, "Oops", by="grace")
    gone = leaks.commit(REPOSITORY, {"a.env": None, "b.txt": b"fine"}, "Remove it", by="grace")
    number = leaks.pull(REPOSITORY, "A change", "See below", [oops, gone])
    leaks.comment(REPOSITORY, number, "looks good", by="reader")
    leaks.comment(REPOSITORY, number, f"is {KEY} needed?", by="reader", path="a.env")
    assert [one["sha"] for one in of_repository(world, f"pulls/{number}/commits")] == [oops, gone]
    assert [one["filename"] for one in of_repository(world, f"pulls/{number}/files")] == ["b.txt"]
    (review,) = of_repository(world, f"pulls/{number}/comments")
    assert of_repository(world, f"pulls/comments/{review['id']}")["body"] == f"is {KEY} needed?"
    issue = of_repository(world, f"issues/{number}")
    assert (issue["title"], issue["body"], issue["comments"]) == ("A change", "See below", 1)
    assert issue["pull_request"]["html_url"].endswith(f"/pull/{number}")
    with pytest.raises(UnknownObjectException):
        of_repository(world, "pulls/99/commits")


def test_a_comment_and_a_gist_are_found_by_their_own_names(world):
    leaks = world.plane.leaks
    number = leaks.issue(REPOSITORY, "It fails", "with this")
    comment = leaks.comment(REPOSITORY, number, f"log: {KEY}", by="grace")
    assert of_repository(world, f"issues/comments/{comment}")["body"] == f"log: {KEY}"
    gist = leaks.gist({"debug.log": KEY.encode()}, by="grace", description="for Sam")
    assert ask(world, f"/gists/{gist}")["files"]["debug.log"]["content"] == KEY
    for path in (f"/repos/{REPOSITORY}/issues/comments/1", "/gists/0"):
        with pytest.raises(UnknownObjectException):
            ask(world, path)


def test_a_run_keeps_the_logs_of_its_attempts_and_its_artifacts(world):
    leaks = world.plane.leaks
    run = world.dispatch("dev")
    world.wait(run.id)
    leaks.attempt(REPOSITORY, run.id, {"0_deploy.txt": KEY.encode()})
    kept = leaks.artifact(REPOSITORY, run.id, "build", {"a.env": KEY.encode()})
    gone = leaks.artifact(REPOSITORY, run.id, "gone", {}, expired=True)
    about = of_repository(world, f"actions/runs/{run.id}")
    assert about["run_attempt"] == 2
    artifacts = of_repository(world, f"actions/runs/{run.id}/artifacts")["artifacts"]
    assert [(one["id"], one["expired"]) for one in artifacts] == [(kept, False), (gone, True)]
    logs = []
    for attempt in (1, 2):
        path = f"/repos/{REPOSITORY}/actions/runs/{run.id}/attempts/{attempt}/logs"
        headers, _ = world.github("reader").requester.requestBlobAndCheck("GET", path)
        logs.append(requests.get(headers["location"], timeout=10).content)
    first, second = (zipfile.ZipFile(io.BytesIO(log)) for log in logs)
    assert first.read("0_deploy.txt") == KEY.encode()
    assert any(name.endswith("Deploy.txt") for name in second.namelist()), second.namelist()
    with pytest.raises(UnknownObjectException):
        of_repository(world, f"actions/runs/{run.id}/attempts/3/logs")


def test_only_members_see_who_is_one(world):
    world.plane.add_member(REPOSITORY.partition("/")[0], "oncall")
    path = f"/orgs/{REPOSITORY.partition('/')[0]}/members"
    assert [one["login"] for one in ask(world, path)] == ["oncall"]
    assert ask(world, path, login="stranger") == []


def test_an_alert_has_its_secret_and_its_places_until_it_is_resolved_and_only_for_administrators(world):
    leaks = world.plane.leaks
    sha = leaks.commit(REPOSITORY, {"c.env": KEY.encode()}, "More", by="grace")
    places = [
        Location("commit", commit=sha, path="c.env"),
        Location("issue_comment", url=f"/repos/{REPOSITORY}/issues/comments/7"),
    ]
    names = ("aws_access_key_id", "Amazon AWS Access Key ID")
    number = leaks.alert(REPOSITORY, KEY, *names, places, validity="active")
    alert = of_repository(world, f"secret-scanning/alerts/{number}")
    assert (alert["secret"], alert["validity"], alert["state"]) == (KEY, "active", "open")
    commit, comment = of_repository(world, f"secret-scanning/alerts/{number}/locations")
    assert (commit["details"]["commit_sha"], commit["details"]["path"]) == (sha, "c.env")
    assert comment["details"]["issue_comment_url"].endswith("/issues/comments/7")
    with pytest.raises(UnknownObjectException):
        of_repository(world, f"secret-scanning/alerts/{number}", login="grace")
    with pytest.raises(GithubException):
        of_repository(world, f"secret-scanning/alerts/{number}", verb="PATCH", state="resolved")
    resolved = of_repository(
        world, f"secret-scanning/alerts/{number}", verb="PATCH", state="resolved", resolution="revoked"
    )
    assert (resolved["state"], resolved["resolved_by"]["login"]) == ("resolved", "oncall")
    assert of_repository(world, "secret-scanning/alerts?state=open") == []
