"""What nobody expects in a repository hides nothing, and ends no scan."""

import os
import threading

import pytest
from planted import Planted, zipped

from responder.journal.written import quoted
from responder.review.history import fleeting
from responder.review.history.as_sarif import as_sarif
from responder.review.history.forms import Value
from responder.review.history.purge import advice
from responder.review.history.scan import scan_repository
from responder.review.history.search import Needles
from responder.secret import Secret


@pytest.fixture
def planted(tmp_path):
    return Planted(tmp_path / "repo")


def scanned(planted, secret):
    return scan_repository(planted.folder, Needles([Value("it", Secret(secret))]))


@pytest.mark.parametrize(
    ("written", "year"),
    [(" 253402300800 +0000", 1970), (" 1700000000 +9999", 2023), (" 1700000000 -2500", 2023), ("", 1970)],
)
def test_a_commit_may_say_that_it_is_of_any_time(planted, written, year):
    secret, tree = planted.secret(), planted.git("rev-parse", "HEAD^{tree}")
    people = f"author A <a@b>{written}\ncommitter A <a@b>{written}\n"
    commit = f"tree {tree}\n{people}\n{secret}\n".encode()
    planted.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", given=commit)
    (found,) = scanned(planted, secret).sightings
    assert (found.where, found.since.year) == ("commit message", year)


def test_a_branch_may_have_in_its_name_what_elsewhere_ends_a_line(planted):
    secret = planted.secret()
    planted.commit("Add", {"a.env": secret})
    planted.git("branch", "a\u2028b\x85c")
    (found,) = [one for one in scanned(planted, secret).sightings if one.where == "history"]
    assert found.refs == ("HEAD", "refs/heads/a\u2028b\x85c", "refs/heads/main")


def test_files_beside_a_folder_that_is_called_as_git_calls_its_own_are_searched(planted):
    secret = planted.secret()
    planted.write({"in/.git/x": secret, "in/a.env": secret, "in/er/.git/x": "", "in/er/b.env": secret})
    scan = scanned(planted, secret)
    places = ["in/.git/x", "in/a.env", "in/er/b.env"]
    assert (sorted(one.place for one in scan.sightings), scan.not_looked_at) == (places, [])


def test_a_worktree_that_was_moved_is_searched(planted, tmp_path):
    secret = planted.secret()
    planted.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    (tmp_path / "linked").rename(planted.folder / "moved")
    planted.write({"moved/a.env": secret})
    assert [one.place for one in scanned(planted, secret).sightings] == ["moved/a.env"]


def test_what_git_keeps_of_a_linked_worktree_is_searched(planted, tmp_path):
    secret = planted.secret()
    planted.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    (planted.folder / ".git/worktrees/linked/COMMIT_EDITMSG").write_text(secret)
    (found,) = scanned(planted, secret).sightings
    assert (found.where, found.place) == ("git folder", ".git/worktrees/linked/COMMIT_EDITMSG")


def test_files_of_a_submodule_and_of_a_repository_with_its_git_elsewhere_are_searched(planted, tmp_path):
    Planted(tmp_path / "lib")
    planted.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(tmp_path / "lib"), "lib")
    planted.git("init", "-q", "--separate-git-dir", str(tmp_path / "elsewhere"), "apart")
    secret = planted.secret()
    planted.write({"lib/a.env": secret, "apart/b.env": secret})
    found = [(one.where, one.place) for one in scanned(planted, secret).sightings]
    assert found == [("untracked", "apart/b.env"), ("untracked", "lib/a.env")]


def test_names_that_are_no_text_can_be_written_down(planted):
    secret = planted.secret()
    (planted.folder / os.fsdecode(b"\xff.env")).write_text(secret)
    (planted.folder / os.fsdecode(b"\xff.7z")).write_bytes(b"7z\xbc\xaf\x27\x1c")
    scan = scanned(planted, secret)
    told = [one.place for one in scan.sightings] + scan.not_looked_at
    assert told == ["\ufffd.env", "\ufffd.7z: 7z is not opened"]
    assert quoted("".join(told)).encode()
    assert as_sarif(scan.sightings, (), (), scan.not_looked_at, "1")


def test_a_name_in_no_commit_is_not_taken_for_one_that_is(planted):
    known, secret = planted.secret().replace("/", "x"), planted.secret().replace("/", "x")
    planted.commit("Add", {f"{known}.txt": "x"})
    blob = planted.git("rev-parse", f"HEAD:{known}.txt")
    planted.git("mktree", given=f"100644 blob {blob}\t{secret}.txt\n".encode())
    needles = Needles([Value("known", Secret(known)), Value("it", Secret(secret))])
    found = scan_repository(planted.folder, needles).sightings
    assert [one.where for one in found if one.value == "it"] == ["dangling"]


def test_a_member_of_an_archive_may_have_no_name():
    secret = "x7" * 20
    data = zipped({"NAME": secret.encode()}).replace(b"NAME", b"\0AME")
    hits, not_opened = Needles([Value("it", Secret(secret))]).searcher().hits(data)
    assert ([hit.value.label for hit in hits], not_opened) == (["it"], [])


def test_an_address_that_is_none_is_not_told(planted):
    secret = planted.secret()
    planted.commit("Add", {"a.env": secret})
    planted.git("config", "remote.origin.url", "https://[me:hunter2@a/b")
    assert scanned(planted, secret).origin == ""


def test_a_name_of_notes_is_one_word_of_what_is_pasted(planted):
    secret = planted.secret()
    planted.git("notes", "--ref", "refs/notes/a;id", "add", "-m", secret)
    typed = [command for one in advice(scanned(planted, secret).sightings) for command in one.commands]
    assert "git update-ref -d 'refs/notes/a;id'" in typed


class Counting(bytes):
    """`read` is how many bytes of it were looked at for ends of lines."""

    read = 0

    def count(self, what, start=0, end=None):
        self.read += max(0, (len(self) if end is None else end) - start)
        return super().count(what, start, end)


def test_lines_are_counted_once_however_often_a_value_is_there():
    secret = "x7" * 20
    data = Counting(f"{secret}\n".encode() * 500)
    hits = list(Needles([Value("it", Secret(secret))]).searcher().plain_hits(data))
    assert {hit.line for hit in hits} == set(range(1, 501))
    assert data.read < 2 * len(data)


def test_a_pipe_that_somebody_left_in_place_of_a_folder_holds_up_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    os.mkfifo(tmp_path / "respond-fetched-x")
    begun = threading.Event()

    def fetch():
        with fleeting.fleeting():
            begun.set()

    threading.Thread(target=fetch, daemon=True).start()
    assert begun.wait(60)
