"""The sandbox's repositories over git's smart HTTP: what github.com gives to git, and to whom."""

import os
import subprocess

import pytest
from github_world import REPOSITORY, a_world


@pytest.fixture(scope="module")
def world():
    with a_world() as world:
        leaks = world.plane.leaks
        world.main = leaks.commit(REPOSITORY, {"a/b.txt": b"x", "a.txt": b"y"}, "A change", by="grace")
        world.forked = leaks.commit_in_fork(REPOSITORY, {"fork.env": b"z"}, "From a fork", by="reader")
        world.pull = leaks.pull(REPOSITORY, "Please", "", [world.forked])
        leaks.wiki(REPOSITORY, {"Home.md": b"first"}, by="grace")
        leaks.wiki(REPOSITORY, {"Home.md": b"second"}, by="grace")
        yield world


@pytest.fixture
def git(world, tmp_path):
    def run(*arguments, login="reader", token=None, cwd=tmp_path):
        password = world.tokens[login] if token is None else token
        base = world.url.replace("//", f"//anybody:{password}@") if password else world.url
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        typed = [one.replace("BASE", base) for one in arguments]
        done = subprocess.run(["git", *typed], cwd=cwd, env=env, capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 else done.stderr

    return run


def test_a_clone_is_whole_and_its_commits_are_those_of_the_api(world, git, tmp_path):
    git("clone", "-q", f"BASE/{REPOSITORY}.git", "clone")
    clone = tmp_path / "clone"
    assert git("fsck", "--full", "--strict", cwd=clone) == ""
    head = git("rev-parse", "HEAD", cwd=clone).strip()
    assert head == world.main == world.repository().get_branch("main").commit.sha
    assert (clone / "a" / "b.txt").read_text() == "x"
    assert (clone / "gpu_app" / "app.py").read_text() == "app = 1\n"


def test_what_a_fork_asked_to_pull_is_in_no_clone_and_is_given_to_who_asks(world, git, tmp_path):
    git("clone", "-q", f"BASE/{REPOSITORY}.git", "clone")
    clone = tmp_path / "clone"
    assert world.forked not in git("cat-file", "--batch-all-objects", "--batch-check", cwd=clone)
    git("fetch", "-q", "origin", "+refs/pull/*/head:refs/pull/*/head", cwd=clone)
    assert git("rev-parse", f"refs/pull/{world.pull}/head", cwd=clone).strip() == world.forked


def test_a_wiki_has_its_earlier_versions(git, tmp_path):
    git("clone", "-q", f"BASE/{REPOSITORY}.wiki.git", "wiki")
    assert git("log", "-p", "--format=%s", cwd=tmp_path / "wiki").count("Updated Home.md") == 2


@pytest.mark.parametrize(
    ("repository", "who", "said"),
    [
        (REPOSITORY, {"token": ""}, "could not read Username"),
        (REPOSITORY, {"token": "ghp_nobodys"}, "Invalid username or token"),
        (REPOSITORY, {"login": "stranger"}, "Repository not found"),
        (f"{REPOSITORY}.wiki", {"login": "stranger"}, "Repository not found"),
        ("rentagpu/nowhere", {}, "Repository not found"),
        ("rentagpu/nowhere.wiki", {}, "Repository not found"),
    ],
)
def test_git_is_refused_in_githubs_words(git, repository, who, said):
    assert said in git("ls-remote", f"BASE/{repository}.git", **who)


def test_nothing_is_pushed(git, tmp_path):
    git("clone", "-q", f"BASE/{REPOSITORY}.git", "clone")
    assert "403" in git("push", "origin", "main:other", cwd=tmp_path / "clone")
