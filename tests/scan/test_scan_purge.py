"""How to take a value out again: what is advised is typed as it stands, and none of it is found any more."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from planted import NOBODY, Planted

from responder.review.history.purge import advice
from responder.review.history.scan import scan_repository
from responder.review.history.search import Needles
from responder.review.history.sighting import Commit, Sighting
from responder.review.history.values import recognised_values

MAIN = ("refs/heads/main",)


def seen(where="history", path="prod.env", **more):
    commits = (Commit("c" * 40, "Ada", datetime(2026, 1, 1, tzinfo=UTC)),)
    fields = {"refs": MAIN, "objects": ("a" * 40,), "commits": commits, "encoding": "plain", "line": 1}
    return Sighting(
        value="secret of AKIA",
        fingerprint="sha256:1",
        where=where,
        path=path,
        **{**fields, "secret": True, **more},
    )


def commands(*sightings):
    return [command for one in advice(sightings) for command in one.commands]


def leaks_of(folder: Path, planted: Planted) -> list[Sighting]:
    text = "".join(one.text for one in planted.plants)
    return list(scan_repository(folder, Needles(recognised_values(text, "a test"))).leaks)


def paste(typed: list[str], url: str, folder: Path, answers: list[str]) -> tuple[str, str]:
    """As a person would, in one shell; `answers` is what they type when asked."""
    script = "\n".join(command.replace("URL", url) for command in typed)
    env = {**os.environ, **NOBODY, "HOME": str(folder)}
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"  # where git-filter-repo is
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=env,
        input="".join(f"{one}\n" for one in answers),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """A repository with a secret in every kind of place, where it was pushed to, as GitHub takes it."""
    folder = tmp_path_factory.mktemp("purge")
    planted = Planted(folder / "repo")
    planted.in_history()
    planted.in_encodings()
    pushed = folder / "pushed.git"
    planted.git("init", "-q", "--bare", str(pushed))
    planted.git("push", "-q", "--mirror", str(pushed))
    planted.git("-C", str(pushed), "update-ref", "refs/pull/1/head", "refs/heads/feature/side")
    planted.git("-C", str(pushed), "config", "receive.hideRefs", "refs/pull")
    return planted, pushed, folder


def test_what_is_advised_takes_everything_out_of_what_was_pushed(story):
    planted, pushed, folder = story
    leaks = leaks_of(planted.folder, planted)
    assert {one.where for one in leaks} == {"history", "commit message", "tag message", "file name"}
    secrets = [one.secret for one in planted.plants]
    (named,) = [one.secret.replace("/", "%2F") for one in planted.plants if one.kind == "file name"]
    out, err = paste(commands(*leaks), str(pushed), folder, [*secrets, "", named, ""])
    assert "deny updating a hidden ref" in err
    fresh = folder / "fresh"
    planted.git("clone", "-q", "--mirror", f"file://{pushed}", str(fresh))
    assert {ref for one in leaks_of(fresh, planted) for ref in one.refs} == {"refs/pull/1/head"}
    *_, first, affected, _back = out.splitlines()  # what GitHub's support wants to know
    assert (len(first.split()[0]), affected) == (40, "1")
    kept = planted.git("-C", str(fresh), "ls-tree", "-r", "--name-only", "refs/tags/v0.1").splitlines()
    assert "tagged.env" in kept
    assert not [path for path in folder.iterdir() if path.name in {"values", "ids", "names"}]


def test_what_is_advised_takes_everything_out_of_this_machine_and_leaves_other_stashes(tmp_path):
    planted = Planted(tmp_path / "repo")
    planted.write({"README.md": "# kept\n"})
    planted.git("stash", "push", "-q")
    planted.in_objects_alone()
    planted.git("rm", "-q", "--cached", "staged.env")
    planted.write({"README.md": "# kept, too\n"})
    planted.git("stash", "push", "-q")
    staged = planted.plant("index", "index", "more.env")
    planted.write({"more.env": staged.text})
    planted.git("add", "more.env")
    (planted.folder / "more.env").unlink()
    leaks = leaks_of(planted.folder, planted)
    assert sorted(one.where for one in leaks) == ["dangling"] * 2 + ["history"] * 3 + ["index"]
    typed = commands(*leaks)
    assert "git stash drop stash@{1}" in typed
    paste(typed, "", planted.folder, [])
    assert leaks_of(planted.folder, planted) == []
    assert len(planted.git("stash", "list").splitlines()) == 2


def test_nothing_is_advised_where_nothing_leaked():
    assert list(advice([])) == []
    assert list(advice([seen(secret=False)])) == []


def test_rotation_comes_first_and_another_look_last():
    said = [one.what for one in advice([seen()])]
    assert said[0].startswith("Rotate first")
    assert said[-1].startswith("Then search again")


def test_where_it_is_pushed_to_is_told_without_a_password(tmp_path):
    planted = Planted(tmp_path / "repo")
    planted.commit("Oops", {"prod.env": planted.plant("file", "history", "prod.env").text})
    planted.git("remote", "add", "origin", "https://me:hunter2@git.example/a/b.git")
    text = "".join(one.text for one in planted.plants)
    scan = scan_repository(planted.folder, Needles(recognised_values(text, "a test")))
    assert scan.origin == "https://git.example/a/b.git"
    typed = [command for one in advice(scan.sightings, scan.origin) for command in one.commands]
    assert "git push --force --mirror https://git.example/a/b.git" in typed


def test_what_is_plain_is_replaced_and_what_is_not_goes_by_its_id():
    assert (
        "git filter-repo --sensitive-data-removal --replace-text ../values --replace-message ../values"
        in (commands(seen()))
    )
    for other in ({"encoding": "base64"}, {"inside": "a.env"}, {"line": 0}):
        typed = commands(seen(**other))
        assert f"printf '%s\\n' {'a' * 40} > ../ids" in typed
        assert "git filter-repo --sensitive-data-removal --strip-blobs-with-ids ../ids" in typed


def test_many_versions_go_by_path_which_is_quoted():
    many = tuple(f"{n:040x}" for n in range(30))
    typed = commands(seen(path="a b.env", objects=many, encoding="hex"))
    assert "git filter-repo --sensitive-data-removal --invert-paths --path 'a b.env'" in typed


def test_notes_are_taken_out_whole_as_filter_repo_leaves_them():
    typed = commands(seen(refs=("refs/notes/commits",)))
    assert "git update-ref -d refs/notes/commits" in typed
    assert not any("filter-repo --sens" in command for command in typed)


def test_what_is_on_this_machine_alone_needs_no_rewriting():
    for kept in (
        seen(refs=("refs/stash",)),
        seen(refs=(), kept="HEAD@{1}"),
        seen("ignored", refs=(), commits=()),
    ):
        assert not any("filter-repo" in command for command in commands(kept))
    assert "git stash drop stash@{0}" in commands(seen(refs=("refs/stash",)))
    assert "git stash drop stash@{2}" in commands(seen(refs=(), kept="refs/stash@{2}"))
    assert not any("stash" in command for command in commands(seen(refs=(*MAIN, "refs/stash"))))
    assert any("gc --prune=now" in command for command in commands(seen(refs=(), kept="HEAD@{1}")))
    assert any("ignored/.env" in one.what for one in advice([seen("ignored", "ignored/.env", refs=())]))


def test_only_githubs_support_can_take_it_out_of_pull_requests():
    said = list(advice([seen(refs=("refs/pull/12/head",)), seen(path="b", refs=("refs/pull/3/head",))]))
    assert any("(no. 3, 12)" in one.what and "support.github.com" in one.what for one in said)
    assert [command for one in said for command in one.commands] == []


def test_a_submodule_is_its_own_repository():
    said = [one.what for one in advice([seen(repository="vendor/lib")])]
    assert any(what.startswith("In vendor/lib: Take it out of the history") for what in said)
    assert any("point to its new commit" in what for what in said)
    assert any(
        command.startswith("git -C vendor/lib") and "gc" in command
        for command in commands(seen(repository="vendor/lib", refs=(), kept="HEAD@{1}"))
    )
