"""Pull requests' own commits: fetched aside from a GitHub, searched, and nothing of it left behind."""

import base64
import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from planted import NOBODY

from responder.cli import cli
from responder.errors import Exit, InputError, UnavailableError
from responder.providers.github.git_access import GitReader, git_access
from responder.review.history import pulls
from responder.review.history.git import Repository
from responder.sandbox.github import GithubPlane

REPOSITORY = "rentagpu/executor"
KEY, SECRET = "AKIA" + "QYLPMN5HHHFPZAM2", base64.b64encode(hashlib.sha256(b"pulls").digest()).decode()[:40]
LEAK = f"AWS_ACCESS_KEY_ID={KEY}\nAWS_SECRET_ACCESS_KEY={SECRET}\n"
TOKEN = "ghp_0123456789abcdefghij0123456789abcdef"  # nobody's
BASIC = "Basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
GITHUB = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": "https://api.github.com"}
PATIENCE = 60  # seconds, on a machine that is busy with other tests


@dataclass
class Story:
    """A GitHub with a value in pull request 2 alone, and clones of it."""

    url: str
    token: str
    folder: Path
    clone: Path

    def git(self, *arguments: str) -> str:
        env = {**os.environ, **NOBODY}
        done = subprocess.run(["git", *arguments], cwd=self.folder, env=env, capture_output=True, check=True)
        return done.stdout.decode()

    def clone_as(self, name: str, *options: str) -> Path:
        self.git(
            "clone", "-q", *options, f"{self.url.replace('//', f'//x:{self.token}@')}/{REPOSITORY}", name
        )
        self.from_(f"{self.url}/{REPOSITORY}.git", self.folder / name)
        return self.folder / name

    def from_(self, origin: str, clone: Path | None = None) -> None:
        self.git("-C", str(clone or self.clone), "remote", "set-url", "origin", origin)

    def state(self) -> list[str]:
        everything = ("cat-file", "--batch-all-objects", "--batch-check")
        asked = (everything, ("for-each-ref",), ("status", "--porcelain"))
        return [self.git("-C", str(self.clone), *one) for one in asked]


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    plane = GithubPlane()
    token = plane.add_user("oncall")
    plane.add_repository(REPOSITORY, {"README.md": b"# executor\n"}, permissions={"oncall": "read"})
    plane.leaks.commit(REPOSITORY, {"a.txt": b"a"}, "Go on", by="oncall")
    plane.leaks.issue(REPOSITORY, "It fails", "")
    head = plane.leaks.commit_in_fork(REPOSITORY, {"fork.env": LEAK.encode()}, "From a fork", by="oncall")
    plane.leaks.pull(REPOSITORY, "Mend it", "", [head])
    folder = tmp_path_factory.mktemp("pulls")
    (folder / "leak.env").write_text(LEAK)
    (folder / "aside").mkdir()
    story = Story(plane.start(), token, folder, folder / "clone")
    story.clone_as("clone")
    yield story
    plane.stop()


@pytest.fixture
def here(story, monkeypatch):
    """The story, with its origin as it was cloned, and TMPDIR empty."""
    story.from_(f"{story.url}/{REPOSITORY}.git")
    monkeypatch.setenv("TMPDIR", str(story.folder / "aside"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("GITHUB_TOKEN", story.token)
    monkeypatch.setenv("GITHUB_API_URL", story.url)
    yield story
    monkeypatch.undo()
    tempfile.tempdir = None


def arguments(story, *more, clone=None):
    options = ["--file", str(story.folder / "leak.env"), "--no-patterns", *more]
    return ["--home", str(story.folder / "home"), "scan", str(clone or story.clone), *options]


def scan(story, capsys, *more, clone=None):
    code = cli.main(arguments(story, *more, clone=clone), standalone_mode=False)
    return code, " ".join(capsys.readouterr().out.split())


def left(story):
    return list((story.folder / "aside").iterdir())


def noting_arguments(folder, monkeypatch):
    """Every git that is started from now on writes down its arguments; gives where."""
    noted, programs = folder / "arguments", folder / "programs"
    programs.mkdir()
    shim = programs / "git"
    shim.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {noted}\nexec {shutil.which("git")} "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return noted


def test_what_only_a_pull_request_has_is_found_and_the_clone_stays_as_it_is(
    here, capsys, monkeypatch, tmp_path
):
    typed = noting_arguments(tmp_path, monkeypatch)
    before = here.state()
    code, said = scan(here, capsys)
    assert (code, "what only pull requests have (add --pulls)" in said) == (Exit.DONE, True)
    code, said = scan(here, capsys, "--pulls")
    assert code == Exit.FOUND
    assert "Searched what only pull requests have: 3 objects. FOUND secret of" in said
    assert "fork.env, line 2" in said
    assert "reached by pull request 2" in said
    assert "GitHub's support" in said
    assert "filter-repo" not in said
    assert "add --pulls" not in said
    assert here.state() == before
    assert left(here) == []
    told = typed.read_text()
    assert "refs/pull/*/head" in told
    assert not any(secret in told for secret in (here.token, SECRET))
    assert SECRET not in said


def test_a_shallow_clone_gets_pull_requests_whole(here, capsys):
    shallow = here.clone_as("shallow", "--depth", "1")
    code, said = scan(here, capsys, "--pulls", clone=shallow)
    assert (code, "reached by pull request 2" in said) == (Exit.FOUND, True)


def test_a_clone_by_another_name_of_the_host_is_fetched_for_by_the_repositorys_name(here, capsys):
    here.from_(f"git@work.example:{REPOSITORY}.git")
    with pytest.raises(InputError, match="not from") as told:
        scan(here, capsys, "--pulls")
    assert "--repo OWNER/NAME" in told.value.next_step
    assert scan(here, capsys, "--pulls", "--repo", REPOSITORY)[0] == Exit.FOUND


def test_who_rewrites_addresses_of_github_to_ssh_is_asked_for_by_https_all_the_same(
    here, capsys, monkeypatch, tmp_path
):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text(f'[url "git@github.example:"]\n\tinsteadOf = {here.url}/\n')
    assert scan(here, capsys, "--pulls")[0] == Exit.FOUND


@pytest.mark.parametrize(
    ("origin", "token", "said"),
    [
        (f"/{REPOSITORY}.git", TOKEN, "does not accept GITHUB_TOKEN (401)"),
        (
            f"/{REPOSITORY}.git",
            "",
            "to nobody without a token. Set GITHUB_TOKEN to a token with Contents: read",
        ),
        ("/rentagpu/nowhere.git", None, "/rentagpu/nowhere.git, or GITHUB_TOKEN may not see it (404)"),
        (None, None, "127.0.0.1 cannot be reached: Failed to connect"),
    ],
    ids=["bad token", "no token", "not there", "no network"],
)
def test_pull_requests_out_of_reach_are_said_and_the_rest_is_searched(
    here, capsys, monkeypatch, origin, token, said
):
    here.from_(f"{here.url}{origin}" if origin else "http://127.0.0.1:1/a/b.git")
    if token is not None:
        monkeypatch.setenv("GITHUB_TOKEN", token)
    code, told = scan(here, capsys, "--pulls")
    assert code == Exit.INCOMPLETE
    assert said in told
    assert f"not found secret of {KEY}" in told
    assert TOKEN not in told


def test_nobody_elses_password_is_tried(here, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    helper = f"!echo username=x; echo password={here.token}; :"
    (tmp_path / ".gitconfig").write_text(f'[credential]\n\thelper = "{helper}"\n')
    assert scan(here, capsys, "--pulls")[0] == Exit.INCOMPLETE


@contextlib.contextmanager
def silent(story):
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        story.from_(f"{url}/{REPOSITORY}.git")
        yield server, url


def is_gone(connection):
    """Whether who has the other end hangs up."""
    connection.settimeout(PATIENCE)
    while connection.recv(4096):
        pass
    return True


def test_all_of_it_has_one_deadline(here):
    with silent(here) as (server, url):
        access = git_access({"GITHUB_API_URL": url}, f"{url}/{REPOSITORY}.git")
        with (
            pytest.raises(UnavailableError, match="could not be fetched in 1 seconds"),
            pulls.pull_requests(Repository.at(here.clone), access, seconds=1),
        ):
            pytest.fail("There is nothing to look at.")
        server.settimeout(0)
        with contextlib.suppress(BlockingIOError):  # on a very busy machine it came to no connection
            assert is_gone(server.accept()[0])
    assert left(here) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_fetch_that_is_cut_off(here, how):
    with silent(here) as (server, url):
        command = [sys.executable, "-m", "responder", *arguments(here, "--pulls")]
        env = {**os.environ, "GITHUB_API_URL": url}
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            connection = server.accept()[0]
            assert left(here) != []
            process.send_signal(how)
            said = process.communicate(timeout=PATIENCE)[0]
        assert is_gone(connection)
    if how is signal.SIGINT:
        assert (process.returncode, b"Stopped on request" in said) == (Exit.INTERRUPTED, True)
        assert b"not found  secret of" in said  # what was seen before is not lost
    until = time.monotonic() + PATIENCE
    while left(here) and time.monotonic() < until:
        time.sleep(0.01)
    assert left(here) == []


def test_what_was_left_when_all_power_went_goes_with_the_next_fetch(here, capsys):
    fallen, used = here.folder / "aside" / "respond-fetched-a", here.folder / "aside" / "respond-fetched-b"
    for folder in (fallen, used):
        (folder / "objects").mkdir(parents=True)
    descriptor = os.open(used, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        scan(here, capsys, "--pulls")
        assert left(here) == [used]
    finally:
        os.close(descriptor)
    scan(here, capsys, "--pulls")
    assert left(here) == []


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
    ("api", "url"),
    [
        ("https://api.github.com", "https://github.com/a/b.wiki.git"),
        ("https://api.rentagpu.ghe.com", "https://rentagpu.ghe.com/a/b.wiki.git"),
        ("https://github.rentagpu.example/api/v3", "https://github.rentagpu.example/a/b.wiki.git"),
        ("http://127.0.0.1:4001", "http://127.0.0.1:4001/a/b.wiki.git"),
    ],
)
def test_a_wiki_is_beside_its_repository_on_each_kind_of_github(api, url):
    assert GitReader.connect({"GITHUB_API_URL": api}).wiki("a/b").url == url


@pytest.mark.parametrize(
    "origin",
    [
        "/srv/git/executor",
        "file:///srv/git/executor",
        "https://gitlab.example/x/y.git",
        "git@github.com.evil.example:x/y.git",
        "http://github.com/x/y.git",
        "https://github.com:port/x/y.git",
        "https://[github.com/x/y.git",
    ],
)
def test_a_token_goes_nowhere_else(origin):
    with pytest.raises(InputError, match=r"not from api\.github\.com or github\.com"):
        git_access(GITHUB, origin)


def test_without_known_values_or_a_clone_there_is_nothing_to_fetch_for(here):
    leak = str(here.folder / "leak.env")
    for given in ([str(here.clone)], ["--repo", "a/b", "--file", leak]):
        with pytest.raises(InputError, match="--pulls is for known values and a clone"):
            cli.main(["--home", str(here.folder), "scan", "--pulls", *given], standalone_mode=False)
