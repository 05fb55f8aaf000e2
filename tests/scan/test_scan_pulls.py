"""Pull requests' own commits: fetched aside, searched, and nothing of it left behind."""

import base64
import os
import shutil
import tempfile

import pytest
from git_over_http import git_over_http
from planted import Planted

from responder.cli import cli
from responder.errors import Exit, InputError
from responder.providers.github.git_access import git_access

TOKEN = "ghp_0123456789abcdefghij0123456789abcdef"  # nobody's
BASIC = "Basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
GITHUB = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": "https://api.github.com"}


@pytest.fixture
def story(tmp_path, monkeypatch):
    """Upstream with a value in pull request 7 alone, a clone of it, and the folder for temporary things."""
    upstream = Planted(tmp_path / "up")
    plant = upstream.plant("pull request", "history", "fork.env")
    upstream.git("checkout", "-q", "-b", "fork")
    head = upstream.commit("From a fork", {"fork.env": plant.text})
    upstream.git("update-ref", "refs/pull/7/head", head)
    upstream.git("checkout", "-q", "main")
    upstream.git("branch", "-q", "-D", "fork")
    upstream.git("reflog", "expire", "--expire=now", "--all")
    clone = tmp_path / "clone"
    upstream.git("clone", "-q", f"file://{upstream.folder}", str(clone))
    aside = tmp_path / "aside"
    aside.mkdir()
    monkeypatch.setenv("TMPDIR", str(aside))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:1")
    (tmp_path / "leak.env").write_text(plant.text)
    yield upstream, clone, plant
    monkeypatch.undo()
    tempfile.tempdir = None


def scan(clone, capsys, *arguments):
    folder = clone.parent
    options = ["--file", str(folder / "leak.env"), "--no-patterns", *arguments]
    code = cli.main(["--home", str(folder / "home"), "scan", str(clone), *options], standalone_mode=False)
    return code, capsys.readouterr().out


def noting_arguments(folder, monkeypatch):
    """Every git that is started from now on writes down its arguments; gives where."""
    noted, programs = folder / "arguments", folder / "programs"
    programs.mkdir()
    shim = programs / "git"
    shim.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {noted}\nexec {shutil.which("git")} "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return noted


def state(planted, clone):
    everything = ("cat-file", "--batch-all-objects", "--batch-check")
    return [
        planted.git(*asked, cwd=clone) for asked in (everything, ("for-each-ref",), ("status", "--porcelain"))
    ]


def test_what_only_a_pull_request_has_is_found_and_the_clone_stays_as_it_is(story, capsys, monkeypatch):
    upstream, clone, plant = story
    arguments = noting_arguments(clone.parent, monkeypatch)
    with git_over_http(upstream.folder, BASIC) as served:
        upstream.git("remote", "set-url", "origin", served.url, cwd=clone)
        before = state(upstream, clone)
        code, said = scan(clone, capsys)
        assert (code, "what only pull requests have (add --pulls)" in said) == (Exit.DONE, True)
        code, said = scan(clone, capsys, "--pulls")
    assert code == Exit.FOUND
    assert "fork.env, line 2" in said
    assert "reached by pull request 7" in said
    assert "GitHub's support" in said
    assert "filter-repo" not in said
    assert "add --pulls" not in said
    assert state(upstream, clone) == before
    assert list((clone.parent / "aside").iterdir()) == []
    assert set(served.authorizations) == {BASIC}
    told = arguments.read_text()
    assert "refs/pull/*/head" in told
    assert not any(secret in told for secret in (TOKEN, BASIC, plant.secret))
    assert plant.secret not in said


def test_pull_requests_out_of_reach_are_said_and_the_rest_is_searched(story, capsys):
    upstream, clone, _ = story
    with git_over_http(upstream.folder, "another") as served:
        upstream.git("remote", "set-url", "origin", served.url, cwd=clone)
        code, said = scan(clone, capsys, "--pulls")
    assert code == Exit.INCOMPLETE
    assert "Not looked at: git fetch failed" in said
    assert TOKEN not in said
    assert BASIC not in said


def test_a_shallow_clone_gets_pull_requests_whole(story, capsys):
    upstream, clone, _ = story
    shutil.rmtree(clone)
    upstream.git("clone", "-q", "--depth", "1", f"file://{upstream.folder}", str(clone))
    with git_over_http(upstream.folder, BASIC) as served:
        upstream.git("remote", "set-url", "origin", served.url, cwd=clone)
        code, said = scan(clone, capsys, "--pulls")
    assert (code, "reached by pull request 7" in said) == (Exit.FOUND, True)


@pytest.mark.parametrize(
    "origin",
    [
        "https://github.com/rentagpu/executor.git",
        "https://somebody:hunter2@github.com/rentagpu/executor.git",
        "git@github.com:rentagpu/executor.git",
        "ssh://git@github.com/rentagpu/executor.git",
    ],
)
def test_a_token_goes_by_https_to_the_github_that_is_used(origin):
    access = git_access(GITHUB, origin)
    assert access.url == "https://github.com/rentagpu/executor.git"
    assert access.environ["GIT_CONFIG_VALUE_0"] == f"Authorization: {BASIC}"
    assert BASIC not in repr(access)


@pytest.mark.parametrize(
    "origin",
    [
        "/srv/git/executor",
        "file:///srv/git/executor",
        "https://gitlab.example/x/y.git",
        "git@github.com.evil.example:x/y.git",
        "http://github.com/x/y.git",
    ],
)
def test_a_token_goes_nowhere_else(origin):
    with pytest.raises(InputError, match=r"not from api\.github\.com or github\.com"):
        git_access(GITHUB, origin)


def test_without_known_values_or_a_clone_there_is_nothing_to_fetch_for(story):
    _, clone, _ = story
    leak = str(clone.parent / "leak.env")
    for arguments in ([str(clone)], ["--repo", "a/b", "--file", leak]):
        with pytest.raises(InputError, match="--pulls is for known values and a clone"):
            cli.main(["--home", str(clone.parent), "scan", "--pulls", *arguments], standalone_mode=False)
