"""Known values: every kind of place is searched and named right, and nothing is found that is not there."""

import dataclasses
import gzip
import os
import random
import shutil
import subprocess
import zlib

import pytest
from planted import Planted

from responder.errors import InputError
from responder.review.history.forms import Value
from responder.review.history.git import Repository
from responder.review.history.objects import search_objects
from responder.review.history.scan import scan_repository
from responder.review.history.search import Needles
from responder.secret import Secret

KINDS = [
    *(
        "deleted file",
        "renamed file",
        "side branch",
        "merge only",
        "reached by a tag alone",
        "commit message",
    ),
    *("tag message", "note", "file name", "binary file", "base64, in lines", "base64, alone"),
    *(
        "base64 for URLs",
        "URL-encoded",
        "JSON-escaped",
        "UTF-16",
        "base64 of UTF-16",
        "hex",
        "gzip",
        "tar.gz",
    ),
    *("zip", "zip in a zip", "bzip2", "reflog alone", "dangling commit", "dangling file", "stash"),
    *("index alone", "untracked file", "ignored file", "git's own config", "submodule's history"),
]


def needles(*secrets):
    return Needles([Value(secret[:4], Secret(secret)) for secret in secrets])


def scanned(folder, *secrets):
    return scan_repository(folder, needles(*secrets))


@pytest.fixture(scope="module")
def whole(planted):
    values = [Value(one.kind, Secret(one.secret)) for one in planted.plants]
    decoys = [Value("decoy", Secret(one)) for one in planted.decoys]
    return scan_repository(planted.folder, Needles([*values, *decoys]))


def sightings_of(scan, kind):
    return [one for one in scan.sightings if one.value == kind]


def test_the_kinds_are_all_that_are_planted(planted):
    assert [one.kind for one in planted.plants] == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_is_found_where_it_is(planted, whole, kind):
    plant = next(one for one in planted.plants if one.kind == kind)
    found = [(one.where, one.encoding, one.inside) for one in sightings_of(whole, kind)]
    assert set(found) == {(plant.where, plant.encoding, plant.inside)}
    assert plant.path in {one.path for one in sightings_of(whole, kind)} or not plant.path


def test_nothing_is_found_that_is_nearly_there(whole):
    assert sightings_of(whole, "decoy") == []


def test_no_sighting_holds_a_value(planted, whole):
    text = repr([dataclasses.asdict(one) for one in whole.sightings])
    assert [one.kind for one in planted.plants if one.secret in text] == []
    assert "%2F" not in text


def test_a_sighting_says_who_brought_it_and_when(planted, whole):
    (one,) = sightings_of(whole, "deleted file")
    (commit,) = one.commits
    assert commit.author == "Ada Quick <ada@rentagpu.example>"
    assert planted.git("show", "-s", "--format=%s", commit.id) == "Add settings"
    assert commit.at.isoformat() == planted.git("show", "-s", "--format=%aI", commit.id).replace(
        "Z", "+00:00"
    )
    assert one.line == 2


def test_a_line_is_that_of_the_oldest_version(tmp_path):
    planted = Planted(tmp_path / "repo")
    secret = planted.secret()
    first = planted.commit("One", {"a.env": f"KEY={secret}\n"})
    planted.commit("Two", {"a.env": f"# more\n# lines\nKEY={secret}\n"})
    (found,) = [one for one in scanned(planted.folder, secret).sightings if one.where == "history"]
    assert (found.line, found.commits[0].id, len(found.commits), len(found.objects)) == (1, first, 2, 2)


@pytest.mark.parametrize(
    ("kind", "refs"),
    [
        ("side branch", {"refs/heads/feature/side"}),
        ("reached by a tag alone", {"refs/tags/v0.1"}),
        ("tag message", {"refs/tags/v0.2"}),
        ("note", {"refs/notes/commits"}),
        ("stash", {"refs/stash"}),
    ],
)
def test_what_still_reaches_it_is_named(whole, kind, refs):
    assert {name for one in sightings_of(whole, kind) for name in one.refs} == refs


def test_what_no_name_reaches_says_what_keeps_it(whole):
    kept = {
        kind: sightings_of(whole, kind)[0].kept for kind in ("reflog alone", "dangling commit", "index alone")
    }
    assert kept["reflog alone"].startswith(("refs/heads/main@{", "HEAD@{"))
    assert "git gc" in kept["dangling commit"]
    assert kept["index alone"].startswith("the index")


def test_a_submodule_is_named_by_its_path(whole):
    (one,) = sightings_of(whole, "submodule's history")
    assert (one.repository, one.place) == ("vendor/lib", "vendor/lib/old.env")


def test_a_file_may_have_the_value_as_its_name(tmp_path):
    planted = Planted(tmp_path / "repo")
    secret = planted.secret().replace("/", "x")
    planted.write({f"{secret}.txt": "x"})
    (one,) = scanned(planted.folder, secret).sightings
    assert (one.where, one.path) == ("file name", "[secret].txt")


def test_a_value_across_the_window_and_in_a_large_file_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("responder.review.history.printed.WINDOW", 4096)
    monkeypatch.setattr("responder.review.history.objects.LARGEST_WHOLE", 8192)
    planted = Planted(tmp_path / "repo")
    secrets = [planted.secret() for _ in range(12)]
    # From what fits the window to what is read in pieces, each at a place that some piece's end cuts.
    for number, secret in enumerate(secrets):
        before = 3500 * number + 4060
        planted.commit("Grow", {f"{number}.log": "x" * before + "\n" + secret + "\n" + "y" * 5000})
    objects = search_objects(Repository.at(planted.folder).git, needles(*secrets), processes=1)
    assert len(objects.hits) == len(secrets)
    assert objects.count == int(planted.git("count-objects").split()[0])


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_several_readers_find_the_same(planted, processes):
    git = Repository.at(planted.folder).git
    secrets = [one.secret for one in planted.plants]
    objects = search_objects(git, needles(*secrets), processes=processes)
    alone = search_objects(git, needles(*secrets), processes=1)
    assert set(objects.hits) == set(alone.hits)
    assert (objects.count, objects.bytes) == (alone.count, alone.bytes)


def test_a_shallow_clone_says_that_its_history_is_cut(planted, tmp_path):
    url = f"file://{planted.folder}"
    subprocess.run(["git", "clone", "-q", "--depth", "1", url, str(tmp_path / "cut")], check=True)
    gone = next(one for one in planted.plants if one.kind == "deleted file")
    scan = scanned(tmp_path / "cut", gone.secret)
    assert scan.sightings == []
    assert any("shallow" in why for why in scan.not_looked_at)
    assert any("vendor/lib is not checked out" in why for why in scan.not_looked_at)


def test_a_bare_repository_is_searched(planted, tmp_path):
    subprocess.run(["git", "clone", "-q", "--mirror", planted.folder, str(tmp_path / "bare.git")], check=True)
    gone = next(one for one in planted.plants if one.kind == "deleted file")
    (one,) = scanned(tmp_path / "bare.git", gone.secret).sightings
    assert (one.where, one.path) == ("history", "prod.env")


def test_a_folder_without_a_repository_is_refused(tmp_path):
    with pytest.raises(InputError, match="in no git repository"):
        scanned(tmp_path, "x" * 20)
    with pytest.raises(InputError, match="no folder"):
        scanned(tmp_path / "missing", "x" * 20)


def test_a_linked_worktree_is_searched_from_the_main_one(planted, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(planted.folder, copy, symlinks=True)
    linked = tmp_path / "linked"
    planted.git("worktree", "add", "-q", "--detach", str(linked), cwd=copy)
    secret = planted.secret()
    (linked / "local.env").write_text(f"KEY={secret}\n")
    (one,) = scanned(copy, secret).sightings
    assert (one.where, one.path) == ("untracked", str(linked / "local.env"))


def test_nothing_of_the_repository_is_run(tmp_path):
    planted = Planted(tmp_path / "repo")
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    secret = planted.secret()
    planted.commit("Add", {"a.txt": secret, ".gitattributes": "*.txt diff=trap filter=trap\n"})
    for name in ("core.fsmonitor", "core.pager", "diff.external", "diff.trap.textconv", "filter.trap.smudge"):
        planted.git("config", name, str(trap))
    (planted.folder / "a.txt").write_text(f"{secret} changed")
    (tmp_path / "sprung").unlink(missing_ok=True)
    assert scanned(planted.folder, secret).sightings
    assert not (tmp_path / "sprung").exists()


def test_what_cannot_be_opened_is_said(tmp_path):
    planted = Planted(tmp_path / "repo")
    planted.commit("Add", {"a.7z": b"7z\xbc\xaf\x27\x1c" + b"x" * 40, "b.zip": b"PK\x03\x04 not one"})
    planted.write({"c.gz": b"\x1f\x8b\x08 not one"})
    said = " ".join(scanned(planted.folder, "x" * 20).not_looked_at)
    assert "7z is not opened" in said
    assert "a damaged zip" in said
    assert "c.gz: gzip: damaged" in said


def test_a_damaged_object_is_said_and_the_others_are_searched(tmp_path):
    planted = Planted(tmp_path / "repo")
    secret = planted.secret()
    planted.commit("Add", {"a.env": secret})
    broken = planted.git("hash-object", "-w", "--stdin", given=b"to be broken")
    path = planted.folder / ".git" / "objects" / broken[:2] / broken[2:]
    path.chmod(0o644)
    path.write_bytes(b"no object")
    scan = scanned(planted.folder, secret)
    assert {one.where for one in scan.sightings} == {"history", "working tree"}
    assert scan.not_looked_at == [f"object {broken[:12]}: it is damaged"]


def test_objects_that_break_while_they_are_read_are_said_and_the_others_are_searched(tmp_path):
    """Their heads are whole, so git begins to print them, and dies."""
    planted = Planted(tmp_path / "repo")
    secrets = [planted.secret() for _ in range(3)]
    for number, secret in enumerate(secrets):
        planted.commit("Add", {f"{number}.env": secret})
    broken = [
        planted.git("hash-object", "-w", "--stdin", given=b"%d to be broken" % number) for number in (1, 2)
    ]
    for name in broken:
        path = planted.folder / ".git" / "objects" / name[:2] / name[2:]
        path.chmod(0o644)
        whole = zlib.compress(b"blob 4000\0" + random.Random(1).randbytes(4000))  # noqa: S311  # incompressible
        path.write_bytes(whole[:2000])
    scan = scanned(planted.folder, *secrets)
    assert [one.value for one in scan.sightings if one.where == "history"] == [one[:4] for one in secrets]
    assert scan.not_looked_at == [f"object {name[:12]}: it is damaged" for name in sorted(broken)]


def test_a_history_with_a_hole_hides_nothing_that_was_found(tmp_path):
    planted = Planted(tmp_path / "repo")
    secret = planted.secret()
    planted.commit("Add", {"a.env": secret})
    tree = planted.git("rev-parse", "HEAD^{tree}")
    planted.remove("a.env")
    path = planted.folder / ".git" / "objects" / tree[:2] / tree[2:]
    path.chmod(0o644)
    path.write_bytes(b"no object")
    scan = scanned(planted.folder, secret)
    (found,) = scan.sightings
    assert (found.where, "not known" in found.kept) == ("dangling", True)
    assert [why.partition(":")[0] for why in scan.not_looked_at] == [
        f"object {tree[:12]}",
        "which commits and names have what was found",
    ]


@pytest.mark.parametrize("left_out", ["blob:none", "tree:0"])
def test_a_partial_clone_fetches_nothing_and_says_what_it_lacks(tmp_path, left_out):
    planted = Planted(tmp_path / "repo")
    secrets = [planted.secret() for _ in range(2)]
    planted.commit("Add", {"a.env": secrets[0]})
    planted.remove("a.env")
    planted.commit("Add", {"b.env": secrets[1]})
    planted.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    planted.git("clone", "-q", f"--filter={left_out}", f"file://{planted.folder}", str(partial))
    before = planted.git("count-objects", "-v", cwd=partial)
    scan = scanned(partial, *secrets)
    assert planted.git("count-objects", "-v", cwd=partial) == before
    assert {one.value for one in scan.sightings} == {secrets[1][:4]}
    assert any("this clone is partial" in why for why in scan.not_looked_at)
    planted.git("config", "--unset", "remote.origin.promisor", cwd=partial)
    assert any("this clone is partial" in why for why in Repository.at(partial).cut_off())


def test_objects_of_another_repository_and_of_another_hash_are_searched(tmp_path):
    planted = Planted(tmp_path / "repo")
    secret = planted.secret()
    planted.commit("Add", {"a.env": secret})
    planted.remove("a.env")
    planted.git("clone", "-q", "--shared", "--bare", str(planted.folder), str(tmp_path / "shared.git"))
    longer = Planted(tmp_path / "longer", options=("--object-format=sha256",))
    longer.commit("Add", {"a.env": secret, "b.gz": gzip.compress(secret.encode())})
    longer.remove("a.env", "b.gz")
    found = {
        folder: [(one.path, len(one.commits[0].id)) for one in scanned(tmp_path / folder, secret).sightings]
        for folder in ("shared.git", "longer")
    }
    assert found == {"shared.git": [("a.env", 40)], "longer": [("a.env", 64), ("b.gz", 64)]}


def test_branches_whose_objects_were_lost_with_another_repository_are_said(tmp_path):
    planted = Planted(tmp_path / "repo")
    secret = planted.secret()
    planted.commit("Add", {"a.env": secret})
    planted.git("clone", "-q", "--shared", "--bare", str(planted.folder), str(tmp_path / "shared.git"))
    shutil.rmtree(planted.folder)
    scan = scanned(tmp_path / "shared.git", secret)
    assert scan.sightings == []
    (said,) = scan.not_looked_at
    assert said.startswith("the history of refs/heads/main: its objects are not here")


def test_a_file_that_may_not_be_read_is_said(planted, tmp_path, monkeypatch):
    kept = tmp_path / "repo"
    shutil.copytree(planted.folder, kept, symlinks=True)
    real = os.lstat

    def refusing(path, **more):  # which root, whom CI may run as, never sees
        if str(path).endswith("README.md"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, **more)

    monkeypatch.setattr(os, "lstat", refusing)
    assert any("README.md: Permission denied" in why for why in scanned(kept, "x" * 20).not_looked_at)
