"""What leaked is read from wherever a person has it: files, commits, GitHub's pages, alerts, and mixed."""

import io
import subprocess
import sys

import pytest
from leaky import NOWHERE, REPOSITORY

from responder.errors import InputError, RefusedError, UnavailableError
from responder.recognise.source import LIMIT
from responder.sandbox.github.leaks import Location
from responder.secret import Secret, redact
from responder.sources import read

pytest_plugins = ("leaky",)

AKIA, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
AKIA2, SECRET2 = "AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
AK, AS = "ak-Q3kT9vXb2LmR8sWn5YpZ1c", "as-7HdJ4gKf6MtVq2RxN9sLwB"
ENV = f"AWS_ACCESS_KEY_ID={AKIA}\nAWS_SECRET_ACCESS_KEY={SECRET}\n"
MODAL = f"MODAL_TOKEN_ID={AK}\nMODAL_TOKEN_SECRET={AS}\n"


def git(folder, *words):
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """With a leak in a message, one added and taken away again, and one that only a merge brought in."""
    folder = tmp_path_factory.mktemp("repository")
    git(folder, "init", "-q", "-b", "main")
    (folder / "prod.env").write_text(ENV)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", f"Add settings\n\nuse {AK}")
    git(folder, "tag", "added")
    git(folder, "rm", "-q", "prod.env")
    git(folder, "commit", "-qm", "Tidy")
    git(folder, "tag", "removed")
    git(folder, "switch", "-qc", "side")
    (folder / "side.txt").write_text("1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Side")
    git(folder, "switch", "-q", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Main")
    git(folder, "merge", "-q", "--no-ff", "--no-commit", "side")
    (folder / "merged.env").write_text(MODAL)
    (folder / "core.bin").write_bytes(b"\0\1" + ENV.replace(AKIA, AKIA2).replace(SECRET, SECRET2).encode())
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Merge")
    git(folder, "tag", "merged")
    return folder


@pytest.fixture
def reading(company, tmp_path):
    """Reads as the operator does, and closes what it opened."""
    opened = []

    def reads(*arguments, folder=tmp_path, file=None, repository=REPOSITORY, **environ):
        connections = company.connections(**environ)
        opened.append(connections)
        return read(arguments, connections, file=file, repository=repository, folder=folder)

    yield reads
    for connections in opened:
        connections.close()


def pairs(material):
    return {one.identifier: one.secret.reveal() if one.secret else None for one in material.found}


def test_a_commit_is_read_with_its_message_and_what_it_took_away(reading, repository):
    added = reading("added", folder=repository)
    assert pairs(added) == {AKIA: SECRET, AK: None}
    sha = git(repository, "rev-parse", "added")
    assert (added.source, added.again) == (f"commit {sha[:12]}", sha)
    assert added.where[AKIA].startswith("prod.env, line ")
    assert added.where[AK] == f"message of commit {sha[:12]}, line 3"
    assert pairs(reading("removed", folder=repository)) == {AKIA: SECRET}
    assert pairs(reading(sha[:10], folder=repository)) == pairs(added)


def test_what_only_a_merge_brought_in_is_read_also_where_it_is_no_text(reading, repository):
    assert pairs(reading("merged", folder=repository)) == {AK: AS, AKIA2: SECRET2}


def test_nothing_that_a_repository_configures_is_run_by_reading_a_commit(reading, repository, tmp_path):
    ran = tmp_path / "ran"
    for name, value in {
        "diff.external": f"touch {ran}",
        "core.fsmonitor": f"touch {ran}",
        "core.pager": f"touch {ran}",
        "log.showSignature": "true",
        "gpg.program": f"touch {ran}",
        "diff.spy.textconv": f"touch {ran}",
    }.items():
        git(repository, "config", name, value)
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "attributes").write_text("* diff=spy\n")
    assert pairs(reading("added", folder=repository))[AKIA] == SECRET
    assert not ran.exists()


def test_a_file_goes_before_a_commit_of_its_name_and_a_mix_is_put_together(reading, repository, tmp_path):
    (tmp_path / "added").write_text(f"{AK}\n{AS}\n")
    file = reading(str(tmp_path / "added"), folder=repository)
    assert pairs(file) == {AK: AS}
    mixed = reading(str(tmp_path / "added"), "added", AKIA2, folder=repository)
    assert pairs(mixed) == {AK: AS, AKIA: SECRET, AKIA2: None}
    assert mixed.where[AKIA2] == "command line"
    assert mixed.again.endswith(f" {AKIA2}")
    assert reading(file=tmp_path / "added").again == f"--file {tmp_path / 'added'}"


def test_standard_input_is_read_and_cannot_be_read_again(reading, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(ENV.encode())))
    material = reading("-")
    assert (pairs(material), material.source, material.again) == ({AKIA: SECRET}, "standard input", None)


@pytest.mark.parametrize("argument", [SECRET, AS, f"https://x:{AS}@github.com/a/b/commit/1234567"])
def test_a_secret_in_place_of_a_name_is_refused_and_not_repeated(reading, argument):
    with pytest.raises(RefusedError, match="Argument 2 is a secret") as refused:
        reading(AKIA, argument)
    shown = f"{refused.value} {refused.value.state} {refused.value.next_step}"
    assert redact(shown) == shown


def test_what_is_nothing_is_answered_with_what_was_tried_and_not_repeated(reading, repository):
    with pytest.raises(InputError) as refused:
        reading("prod.evn", folder=repository)
    for tried in ("no file", "no such commit", "no https address", "secret-scanning alert", "AKIA..."):
        assert tried in refused.value.what
    assert "prod.evn" not in refused.value.what
    with pytest.raises(InputError, match="Both"):
        reading("added", file=repository / "side.txt")


def test_a_commit_that_is_too_large_is_refused_with_what_to_type(reading, repository):
    (repository / "large").write_bytes(b"a\n" * (LIMIT // 2 + 9))
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "Large")
    with pytest.raises(InputError, match="more than 20 MB") as refused:
        reading("HEAD", folder=repository)
    assert "git show" in refused.value.next_step


def test_the_address_of_a_commit_that_is_here_is_read_here(reading, repository):
    address = f"https://github.com/{REPOSITORY}/commit/{git(repository, 'rev-parse', 'added')}"
    material = reading(address, folder=repository, GITHUB_API_URL=NOWHERE)
    assert pairs(material) == {AKIA: SECRET, AK: None}


@pytest.fixture(scope="module")
def page(company):
    return lambda path: f"{company.environ['GITHUB_API_URL']}/{REPOSITORY}/{path}"


def test_a_commits_page_is_read_and_the_same_at_github_com(company, reading, page):
    files = {"prod.env": ENV.encode(), "logo.png": b"\0PNG"}
    sha = company.github.leaks.commit(REPOSITORY, files, f"use {AK}", by="grace")
    material = reading(page(f"commit/{sha}"))
    assert pairs(material) == {AKIA: SECRET, AK: None}
    assert material.where[AKIA] == "prod.env, line 2 of its diff"
    assert material.again == material.source == page(f"commit/{sha}")
    assert any("logo.png" in line for line in material.unread)
    assert pairs(reading(f"https://github.com/{REPOSITORY}/commit/{sha[:9]}.patch")) == pairs(material)
    assert pairs(reading(f"https://github.com/{REPOSITORY}/pull/7/commits/{sha}")) == pairs(material)


def test_a_files_page_is_read_at_its_commit_and_on_a_branch_with_slashes(company, reading, page):
    leaks = company.github.leaks
    sha = leaks.commit(REPOSITORY, {"etc/a b.env": ENV.encode()}, "Add", by="grace")
    leaks.commit(REPOSITORY, {"etc/a b.env": None}, "Remove", by="grace")
    company.github.add_branch(REPOSITORY, "fix/env", {"etc/b.env": MODAL.encode()})
    at = reading(page(f"blob/{sha}/etc/a%20b.env#L1-L2"))
    assert pairs(at) == {AKIA: SECRET}
    assert at.where[AKIA] == "etc/a b.env, line 1"
    assert pairs(reading(page("blob/fix/env/etc/b.env"))) == {AK: AS}
    assert pairs(reading(f"https://raw.githubusercontent.com/{REPOSITORY}/{sha}/etc/a%20b.env")) == {
        AKIA: SECRET
    }
    with pytest.raises(InputError, match="nothing at"):
        reading(page("blob/main/etc/a%20b.env"))


def test_a_pull_request_is_read_whole_and_a_comment_of_it_alone(company, reading, page):
    leaks = company.github.leaks
    oops = leaks.commit(REPOSITORY, {"b.env": ENV.encode()}, "Oops", by="grace")
    gone = leaks.commit(REPOSITORY, {"b.env": None, "b.txt": b"b"}, "Remove", by="grace")
    number = leaks.pull(REPOSITORY, "A change", "text", [oops, gone])
    said = leaks.comment(REPOSITORY, number, MODAL, by="grace")
    reviewed = leaks.comment(REPOSITORY, number, f"is {AKIA2} used?", by="grace", path="b.txt")
    whole = reading(page(f"pull/{number}/files"))
    assert pairs(whole) == {AKIA: SECRET, AK: AS, AKIA2: None}
    assert pairs(reading(page(f"pull/{number}#issuecomment-{said}"))) == {AK: AS}
    assert pairs(reading(page(f"pull/{number}#discussion_r{reviewed}"))) == {AKIA2: None}


def test_an_issue_with_its_comments_and_a_gist_are_read(company, reading, page):
    leaks = company.github.leaks
    number = leaks.issue(REPOSITORY, "It fails", f"with\n{ENV}")
    leaks.comment(REPOSITORY, number, MODAL, by="grace")
    assert pairs(reading(page(f"issues/{number}"))) == {AKIA: SECRET, AK: AS}
    gist = leaks.gist({"debug.log": ENV.encode(), "b.log": MODAL.encode()}, by="grace", description="d")
    for address in (f"https://gist.github.com/grace/{gist}", f"https://gist.github.com/{gist}"):
        assert pairs(reading(address)) == {AKIA: SECRET, AK: AS}


def test_an_alert_is_read_by_number_and_by_address_with_the_text_around_its_secret(company, reading, page):
    leaks = company.github.leaks
    sha = leaks.commit(REPOSITORY, {"c.env": ENV.encode()}, "Add", by="grace")
    issue = leaks.issue(REPOSITORY, "Help", "nothing")
    comment = leaks.comment(REPOSITORY, issue, f"my key: {AKIA}", by="grace")
    places = [
        Location("commit", commit=sha, path="c.env"),
        Location("issue_comment", url=f"/repos/{REPOSITORY}/issues/comments/{comment}"),
        Location("issue_title", url=f"/repos/{REPOSITORY}/issues/{issue}"),
        Location("discussion_body", url="/discussions/1"),
    ]
    number = leaks.alert(
        REPOSITORY, SECRET, "aws_secret_access_key", "Amazon AWS Secret Access Key", places, validity="active"
    )
    for argument in (str(number), f"#{number}", page(f"security/secret-scanning/{number}")):
        material = reading(argument)
        assert pairs(material) == {AKIA: SECRET}
        assert material.lone == ()
        assert "is open; of the secret it says: it still works." in material.about[0]
        assert any("c.env, line 1, of commit" in line for line in material.about)
        assert any("discussion body" in line for line in material.unread)
    assert SECRET not in " ".join((*material.about, *material.unread, repr(material)))
    with pytest.raises(InputError, match="of which repository"):
        reading(str(number), repository="")


def test_an_alert_that_the_token_is_not_shown_says_which_right_it_needs(company, reading):
    grace = company.github.add_token("grace")
    with pytest.raises(InputError, match="nothing at secret-scanning alert 1") as refused:
        reading("1", GITHUB_TOKEN=grace)
    assert "Secret scanning alerts: read" in refused.value.next_step


def test_no_address_of_another_host_is_ever_asked(reading):
    with pytest.raises(InputError, match=r"at evil\.example"):
        reading(f"https://evil.example/{REPOSITORY}/commit/1234567")
    with pytest.raises(InputError, match=r"at github\.com\.evil\.example"):
        reading(f"https://github.com.evil.example/{REPOSITORY}/commit/1234567")


@pytest.mark.parametrize("path", ["actions/runs/7", "compare/a...b", "", "issues", "commit"])
def test_a_page_that_is_not_known_is_answered_with_those_that_are(reading, page, path):
    with pytest.raises(InputError, match="Known: a commit, a file"):
        reading(page(path))


def test_what_is_not_there_and_a_github_that_is_away_are_told_apart(reading, page):
    with pytest.raises(InputError, match="nothing at"):
        reading(page(f"commit/{'0' * 40}"))
    with pytest.raises(InputError, match="nothing at"):
        reading("https://gist.github.com/grace/0123456789abcdef")
    with pytest.raises(UnavailableError, match=r"could not be read: No answer from GitHub[^.]*\.\Z") as away:
        reading(f"https://github.com/{REPOSITORY}/issues/1", GITHUB_API_URL=NOWHERE)
    assert away.value.next_step.startswith("Check the network")
    with pytest.raises(UnavailableError, match=r"could not be read: Bad credentials\.\Z"):
        reading("7", GITHUB_TOKEN="ghp_of_nobody")


def test_a_secret_without_its_id_is_kept_by_its_fingerprint_and_what_is_cut_by_its_place(reading, tmp_path):
    (tmp_path / "a").write_text(f"AWS_SECRET_ACCESS_KEY={SECRET}\nid: {AKIA2[:15]}\n{MODAL}")
    material = reading(str(tmp_path / "a"))
    (lone,), (cut,) = material.lone, material.fragments
    assert (lone.identifier, lone.secret, lone.life) == (Secret(SECRET).fingerprint, None, "unknown")
    assert "line 1" in lone.note
    assert cut.where == f"{tmp_path / 'a'}, line 2"
    assert "15 characters" in cut.what
