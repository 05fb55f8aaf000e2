"""GitHub beyond the clone: each place is searched here, and what could not be asked says why."""

import base64
import io
import urllib.parse
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from github_account import Weather, opened
from github_searching import KEY, SECRET, of, on_github, searched

from responder.action import Connections
from responder.cli import cli
from responder.errors import Exit, NotFoundError
from responder.review.history.forms import Value
from responder.review.history.purge_github import advice_on_github
from responder.sandbox.github.routes.gists import GIST_FILE
from responder.secret import Secret

ENCODED = base64.b64encode(SECRET.encode()).decode()
ECHO = f"""\
on: {{workflow_dispatch: {{inputs: {{request: {{type: string}}}}}}}}
jobs: {{leaky: {{runs-on: x, steps: [{{name: Show, run: "echo {ENCODED}"}}]}}}}
""".encode()


@pytest.fixture(scope="module")
def world():
    world = opened()
    leaks = world.plane.leaks
    admin = world.plane.add_user("admin")
    for login in ("admin", "grace"):
        world.plane.add_member("rentagpu", login)
    world.plane.add_repository(
        "rentagpu/other", {"deploy.tf": f'key = "{KEY}"'.encode()}, permissions={"admin": "read"}
    )
    world.plane.add_repository(
        "rentagpu/leaky",
        {".github/workflows/echo.yml": ECHO, "README.md": b"no"},
        permissions={"admin": "admin", "oncall": "write"},
    )
    issue = leaks.issue("rentagpu/leaky", "It fails", f"With {SECRET} it works")
    leaks.comment("rentagpu/leaky", issue, f"?key={urllib.parse.quote(SECRET, safe='')}", by="grace")
    commit = leaks.commit("rentagpu/leaky", {"a.txt": b"x"}, "A change", by="grace")
    pull = leaks.pull("rentagpu/leaky", "A change", "", [commit])
    leaks.comment("rentagpu/leaky", pull, f"is {SECRET} needed?", by="grace", path="a.txt")
    leaks.alert("rentagpu/leaky", SECRET, "aws_secret_access_key", "AWS secret", [])
    leaks.alert("rentagpu/leaky", "ghp_other", "github_personal_access_token", "GitHub token", [])
    with_admin = Connections(world.environ(admin))
    try:
        repository = "rentagpu/leaky"
        from responder.providers.github.connection import GithubConnection  # noqa: PLC0415

        with_admin.get(GithubConnection).ask(
            "dispatch",
            lambda github: github.get_repo(repository).get_workflow("echo.yml").create_dispatch("main"),
        )
        world.plane.wait_until(
            lambda truth: (
                [run["status"] for run in truth["repositories"][repository]["runs"]] == ["completed"]
            ),
            seconds=20,
        )
    finally:
        with_admin.close()
    (run,) = world.plane.world()["repositories"][repository]["runs"]
    leaks.attempt(repository, run["id"], {"leaky/2_Show.txt": f"not masked: {ENCODED}\n".encode()})
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("env.json", SECRET)
    leaks.artifact(repository, run["id"], "build", {"cache.zip": kept.getvalue(), "a.rar": b"Rar!\x1a\x07"})
    leaks.artifact(repository, run["id"], "gone", {"env": SECRET.encode()}, expired=True)
    leaks.gist({"notes.md": b"x" * GIST_FILE + SECRET.encode()}, by="grace", public=True)
    leaks.gist({"a.bin": b"\0" + SECRET.encode()}, by="grace", public=True, description=KEY)
    leaks.gist({"mine.md": SECRET.encode()}, by="grace")
    leaks.wiki(
        "rentagpu/leaky", {"Set up.md": f"{KEY}\nAWS_SECRET_ACCESS_KEY={SECRET}\n".encode()}, by="grace"
    )
    leaks.wiki("rentagpu/leaky", {"Set up.md": b"# Keys\nAsk grace.\n", "Home.md": b"Hello"}, by="grace")
    world.admin = admin
    yield world
    world.plane.stop()


@pytest.fixture(scope="module")
def found(world):
    return searched(world, world.admin)


def test_an_alert_for_the_value_is_found_and_others_are_counted(found):
    assert of(found, "secret-scanning alert") == [(f"secret of {KEY}", "line 1")]
    assert any("1 open ones are of other secrets" in said for said in found.looked_at)


def test_code_of_the_whole_organisation_is_searched_by_the_identifier(found):
    assert of(found, "code") == [(KEY, "rentagpu/other: deploy.tf")]


def test_a_log_is_read_and_an_encoded_value_in_it_found(found):
    places = [(one.value, one.place) for one in found.seen if "/attempts/" not in one.address]
    places = [one for one in places if "Show.txt" in one[1]]
    assert {value for value, _ in places} == {f"secret of {KEY}"}
    assert any("Show.txt" in place and "base64" in place for _, place in places)


def test_issues_pull_requests_and_their_comments_are_read(found):
    assert of(found, "issue") == [(f"secret of {KEY}", "line 2")]
    assert sorted(of(found, "comment")) == [
        (f"secret of {KEY}", "line 1"),
        (f"secret of {KEY}", "line 1, url-encoded"),
    ]


def test_the_log_of_an_earlier_attempt_is_read(found):
    (one,) = [one for one in found.seen if one.address.endswith("/attempts/1")]
    assert (one.what, one.place) == ("workflow log", "leaky/2_Show.txt, line 1, base64")


def test_artifacts_are_opened_and_what_is_in_them_that_cannot_be_is_said(found):
    assert of(found, "artifact") == [(f"secret of {KEY}", "build, cache.zip!/env.json, line 1")]
    (said,) = found.not_looked_at
    assert "a.rar: rar is not opened" in said


def test_public_gists_of_members_are_read_whole(found):
    assert sorted(of(found, "gist")) == [
        (KEY, "its description, line 1"),
        (f"secret of {KEY}", "a.bin"),
        (f"secret of {KEY}", "notes.md, line 1"),
    ]
    assert any("people of rentagpu: 2" in said for said in found.looked_at)


def test_how_each_is_taken_out_is_told(found, world):
    typed = [
        command
        for one in advice_on_github("rentagpu/leaky", found.seen, is_first=False)
        for command in one.commands
    ]
    (run,) = world.plane.world()["repositories"]["rentagpu/leaky"]["runs"]
    (artifact, _) = run["artifacts"]
    alert = "gh api -X PATCH repos/rentagpu/leaky/secret-scanning/alerts/1"
    assert typed == [
        f"gh api -X DELETE repos/rentagpu/leaky/actions/runs/{run['id']}/logs",
        f"gh api -X DELETE repos/rentagpu/leaky/actions/artifacts/{artifact['id']}",
        *[one for one in typed if one.startswith("gh gist delete ")],
        f"git clone {world.url}/rentagpu/leaky.wiki.git wiki",
        f"{alert} -f state=resolved -f resolution=revoked",
    ]


def test_what_was_taken_out_of_the_wiki_again_is_found(found):
    (one,) = [one for one in found.leaks if one.what == "wiki"]
    assert one.place.startswith("Set up.md, line 2, since 20")
    assert "/rentagpu/leaky/wiki/Set%20up/" in one.address
    assert any("the wiki and its history" in said for said in found.looked_at)


def test_credentials_that_nobody_knew_of_are_found_in_the_wiki(world):
    other = (Value("secret of another", Secret("not-in-there-at-all")),)
    told = on_github(world, world.admin, values=other, by_form=True)
    assert told.searched.leaks == []
    assert {(one.path, one.line) for one in told.by_form.findings} == {("wiki/Set up.md", 1)}


def test_a_wiki_without_a_page_is_none_and_one_that_cannot_be_read_is_said(world, monkeypatch):
    assert "no wiki, as it has no page" in searched(world, world.admin, "rentagpu/other").looked_at
    weather = Weather(world, lambda _method, path: 403 if ".git/" in path else None, early=True)
    try:
        found = searched(world, world.admin, url=weather.world.url)
    finally:
        weather.close()
    (said,) = [why for why in found.not_looked_at if why.startswith("the wiki: ")]
    assert "refuses" in said
    assert "Contents: read" in said


def test_gists_from_before_the_time_in_question_are_not_read(world):
    assert of(searched(world, world.admin, since=datetime.now(UTC) + timedelta(days=1)), "gist") == []


def test_who_may_not_see_alerts_is_told_so(world):
    found = searched(world, world.oncall)
    assert sum(why.startswith("secret-scanning alerts: ") for why in found.not_looked_at) == 1
    assert of(found, "issue")


def test_runs_before_the_time_in_question_are_not_read(world):
    assert of(searched(world, world.admin, since=datetime.now(UTC) + timedelta(days=1)), "workflow log") == []


def test_one_bad_place_does_not_keep_the_others_from_being_searched(world):
    weather = Weather(world, lambda _method, path: 500 if path.endswith("/actions/runs") else None)
    try:
        found = searched(world, world.admin, url=weather.world.url)
    finally:
        weather.close()
    assert [why.partition(":")[0] for why in found.not_looked_at] == ["workflow runs"]
    assert of(found, "issue")


def test_no_value_is_in_anything_that_is_asked(world):
    weather = Weather(world, lambda *_: None)
    try:
        searched(world, world.admin, url=weather.world.url)
    finally:
        weather.close()
    assert weather.asked
    assert SECRET not in urllib.parse.unquote(str(weather.asked))


def test_a_repository_that_is_not_there_is_refused(world):
    with pytest.raises(NotFoundError):
        searched(world, world.admin, "rentagpu/nowhere")


def test_the_command_searches_github_alone_and_shows_where(world, tmp_path, monkeypatch, capsys):
    for name, value in world.environ(world.admin).items():
        monkeypatch.setenv(name, value)
    leak = tmp_path / "leak.env"
    leak.write_text(f"AWS_ACCESS_KEY_ID={KEY}\nAWS_SECRET_ACCESS_KEY={SECRET}\n")
    arguments = ["scan", "--repo", "rentagpu/leaky", "--file", str(leak), "--since", "2026-01-01"]
    code = cli.main(["--home", str(tmp_path), *arguments], standalone_mode=False)
    said = capsys.readouterr().out
    assert code == Exit.FOUND
    assert "workflow log" in said
    assert "rentagpu/other: deploy.tf" in said
    assert SECRET not in said
    assert "Searched /" not in said
