"""`respond scan` on the command line: what it is given, what it shows, how it ends."""

import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from responder.cli import cli
from responder.errors import Exit, InputError, RefusedError, UnavailableError
from responder.review.history import patterns

SCHEMA = Path(__file__).parent.parent / "audit" / "data" / "sarif-2.1.0" / "sarif-2.1.0-rtm.5.json"
MODAL = "ak-9yQ1R2bLq3HkTzX0aBcDeF", "as-7uQ1R2bLq3HkTzX0aBcDeG"


@pytest.fixture
def scan(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments):
        code = cli.main(
            ["--home", str(tmp_path / "home"), "scan", *map(str, arguments)], standalone_mode=False
        )
        return code, capsys.readouterr().out

    return run


@pytest.fixture
def without_kingfisher(monkeypatch):
    monkeypatch.setattr(patterns, "kingfisher", lambda: None)


def of(planted, kind):
    return next(one for one in planted.plants if one.kind == kind)


def leak_of(planted, tmp_path, *kinds):
    path = tmp_path / "leak.env"
    path.write_text("\n".join(of(planted, kind).text for kind in kinds))
    return path


def test_what_leaked_is_found_and_the_way_out_is_told(planted, scan, tmp_path):
    code, said = scan(planted.folder, "--no-patterns", "--file", leak_of(planted, tmp_path, "deleted file"))
    plant = of(planted, "deleted file")
    assert code == Exit.FOUND
    assert f"FOUND      secret of {plant.identifier}" in said
    assert "prod.env, line 2" in said
    assert "by Ada Quick <ada@rentagpu.example>" in said
    assert "git filter-repo --sensitive-data-removal --replace-text" in said
    assert "Rotate first" in said
    assert f"mentioned  {plant.identifier}, where secrets are: above" in said
    assert "add --pulls" in said
    assert plant.secret not in said


def test_values_come_from_standard_input_too(planted, scan, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(of(planted, "stash").text.encode())))
    code, said = scan(planted.folder, "--no-patterns", "--file", "-")
    assert (code, "reached by the stash" in said) == (Exit.FOUND, True)


def test_what_is_nowhere_is_said_to_be_not_found(planted, scan, tmp_path):
    leak = tmp_path / "leak.txt"
    leak.write_text(f"{planted.decoys[0]}\n")
    code, said = scan(planted.folder, "--no-patterns", "--literal", "--file", leak)
    assert code == Exit.DONE
    assert f"not found  line 1 of {leak}" in said
    assert "filter-repo" not in said


def test_an_identifier_alone_is_a_mention_and_no_leak(planted, scan, tmp_path):
    leak = tmp_path / "leak.txt"
    leak.write_text(of(planted, "deleted file").identifier)
    code, said = scan(planted.folder, "--no-patterns", "--file", leak)
    assert (code, "mentioned" in said, "FOUND" in said) == (Exit.DONE, True, False)


def test_nothing_found_in_a_cut_history_is_not_the_end_of_it(planted, scan, tmp_path):
    url = f"file://{planted.folder}"
    subprocess.run(["git", "clone", "-q", "--depth", "1", url, str(tmp_path / "cut")], check=True)
    leak = leak_of(planted, tmp_path, "deleted file")
    code, said = scan(tmp_path / "cut", "--no-patterns", "--file", leak)
    assert code == Exit.INCOMPLETE
    assert "Not looked at: what is older: this clone is shallow" in said


def test_names_in_a_repository_do_not_steer_the_terminal(planted, scan, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(planted.folder, copy, symlinks=True)
    (copy / "a\x1b[2Jb.env").write_text(of(planted, "deleted file").text)
    _, said = scan(copy, "--no-patterns", "--file", leak_of(planted, tmp_path, "deleted file"))
    assert "\x1b" not in said
    assert "untracked file: a\N{REPLACEMENT CHARACTER}[2Jb.env" in said


def test_sarif_has_every_place_and_no_value(planted, scan, tmp_path):
    kinds = ("deleted file", "commit message", "dangling file", "zip", "ignored file", "submodule's history")
    log_path = tmp_path / "log.sarif"
    leak = leak_of(planted, tmp_path, *kinds)
    scan(planted.folder, "--no-patterns", "--file", leak, "--sarif", log_path)
    log = json.loads(log_path.read_text())
    jsonschema.validate(log, json.loads(SCHEMA.read_text()))
    uris = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in log["runs"][0]["results"]
    }
    assert {"prod.env", "lambda.zip", "ignored/.env", "vendor/lib/old.env"} < uris
    assert all(of(planted, kind).secret not in log_path.read_text() for kind in kinds)
    with pytest.raises(RefusedError):
        scan(planted.folder, "--no-patterns", "--file", leak, "--sarif", log_path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--no-patterns",), "nothing to look for"),
        (("--literal",), "--literal needs"),
        (("--write-baseline",), "--write-baseline needs a file"),
        (("--file", "-", "--paste"), "Both --file and --paste"),
        (("--baseline", "missing.json"), "There is no baseline"),
        (("--since", "2026-01-01"), "--since is for GitHub"),
        (("--repo", "a/b"), "known values are looked for"),
        (("--paste",), "no terminal to ask at"),
    ],
)
def test_what_makes_no_sense_is_refused(planted, scan, monkeypatch, arguments, said):
    monkeypatch.setattr(patterns, "kingfisher", lambda: Path(sys.executable))
    with pytest.raises(InputError, match=re.escape(said)):
        scan(planted.folder, *arguments)


def test_a_text_without_a_credential_says_how_to_look_for_its_lines(planted, scan, tmp_path):
    leak = tmp_path / "leak.txt"
    leak.write_text("hunter2hunter2\n")
    with pytest.raises(InputError) as refused:
        scan(planted.folder, "--file", leak)
    assert "--literal" in refused.value.next_step
    leak.write_text("short\n")
    with pytest.raises(InputError, match="found everywhere"):
        scan(planted.folder, "--file", leak, "--literal")


def test_without_kingfisher_values_are_looked_for_all_the_same(planted, scan, tmp_path, without_kingfisher):
    code, said = scan(planted.folder, "--file", leak_of(planted, tmp_path, "deleted file"))
    assert (code, "prod.env" in said) == (Exit.FOUND, True)
    with pytest.raises(UnavailableError) as missing:
        scan(planted.folder)
    assert "respond[scan]" in missing.value.next_step


def test_kingfisher_is_told_to_try_nothing_and_gets_no_credential_of_ours(
    planted, scan, tmp_path, monkeypatch
):
    fake, noted = tmp_path / "kingfisher", tmp_path / "noted"
    fake.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {noted}\nenv >> {noted}\necho no >&2; exit 3\n')
    fake.chmod(0o755)
    monkeypatch.setattr(patterns, "kingfisher", lambda: fake)
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_ours")
    monkeypatch.setenv("KINGFISHER_ALERT_REPORT_URL", "https://elsewhere.example")
    with pytest.raises(UnavailableError, match=r"kingfisher failed \(3\): no"):
        scan(planted.folder)
    told = noted.read_text()
    assert {"--no-validate", "--no-update-check", "--redact"} < set(told.splitlines())
    assert "ghp_ours" not in told
    assert "elsewhere" not in told


def test_a_github_out_of_reach_does_not_hide_what_was_found_here(planted, scan, tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    shutil.copytree(planted.folder, copy, symlinks=True)
    planted.git("remote", "add", "origin", "git@github.com:rentagpu/executor.git", cwd=copy)
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_nobody")
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:1")
    leak, log = leak_of(planted, tmp_path, "deleted file"), tmp_path / "log.sarif"
    code, said = scan(copy, "--github", "--no-patterns", "--file", leak, "--sarif", log)
    assert (code, "prod.env, line 2" in said) == (Exit.FOUND, True)
    assert "Not looked at: GET /repos/rentagpu/executor" in said
    assert json.loads(log.read_text())["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_a_clone_of_nothing_does_not_say_which_repository_it_is(planted, scan, tmp_path):
    with pytest.raises(InputError, match="which repository it was cloned from"):
        scan(planted.folder, "--github", "--file", leak_of(planted, tmp_path, "deleted file"))


def test_a_paste_is_read_hidden(planted, tmp_path):
    plant = of(planted, "deleted file")
    command = [sys.executable, "-m", "responder", "--home", str(tmp_path), "scan", str(planted.folder)]
    terminal, theirs = pty.openpty()
    with subprocess.Popen(
        [*command, "--paste", "--no-patterns"], stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        said = read_until(terminal, b"Ctrl-D")
        os.write(terminal, plant.text.encode() + b"\x04")
        said += read_until(terminal, None)
    os.close(terminal)
    assert process.returncode == Exit.FOUND
    assert b"prod.env, line 2" in said
    assert plant.secret.encode() not in said


def read_until(terminal, text):
    said = b""
    while text is None or text not in said:
        try:
            got = os.read(terminal, 65536)
        except OSError:  # the other side is gone
            return said
        if not got:
            return said
        said += got
    return said


@pytest.mark.skipif(patterns.kingfisher() is None, reason="kingfisher is not installed")
def test_findings_by_form_are_shown_judged_and_left_out(tmp_path, scan):
    """One story, as each run of kingfisher takes seconds."""
    from planted import Planted  # noqa: PLC0415

    planted = Planted(tmp_path / "repo")
    plant = planted.plant("deleted file", "history", "prod.env")
    planted.commit(
        "Add", {"prod.env": f"{plant.text}MODAL_TOKEN_ID={MODAL[0]}\nMODAL_TOKEN_SECRET={MODAL[1]}\n"}
    )
    planted.remove("prod.env")
    planted.git("remote", "add", "origin", "https://me:hunter2hunter2@git.example/a/b.git")
    baseline = tmp_path / "judged.json"
    log = tmp_path / "log.sarif"
    code, said = scan(planted.folder, "--sarif", log)
    assert code == Exit.FOUND
    assert said.count("respond.modal-token") == 2
    assert "aws-access-token" in said
    assert "prod.env, line 1" in said
    jsonschema.validate(json.loads(log.read_text()), json.loads(SCHEMA.read_text()))
    text = log.read_text() + said
    assert not any(value in text for value in (*MODAL, plant.secret, plant.identifier, "hunter2hunter2"))
    code, said = scan(planted.folder, "--baseline", baseline, "--write-baseline")
    assert (code, "judged" in said) == (Exit.DONE, True)
    assert not any(value in baseline.read_text() for value in (*MODAL, plant.secret, plant.identifier))
    planted.commit("Add", {"more.env": "# fresh\nMODAL_TOKEN_SECRET=as-aB3dE6gH9jK2mN5pQ8sT1v\n"})
    code, said = scan(planted.folder, "--baseline", baseline)
    assert (code, "more.env, line 2" in said, "prod.env" in said) == (Exit.FOUND, True, False)
    assert "3 judged before" in said


def test_the_whole_command_ends_with_its_code_and_speaks_without_a_traceback(planted, tmp_path):
    leak = leak_of(planted, tmp_path, "note")
    command = [sys.executable, "-m", "responder", "--home", str(tmp_path), "scan"]
    env = {**os.environ, "COLUMNS": "40"}
    done = subprocess.run(
        [*command, str(planted.folder), "--file", str(leak), "--no-patterns"],
        capture_output=True,
        check=False,
        text=True,
        env=env,
    )
    assert done.returncode == Exit.FOUND
    assert "reached by notes commits" in done.stdout
    wrong = subprocess.run(
        [*command, str(tmp_path), "--file", str(leak)], capture_output=True, check=False, text=True, env=env
    )
    assert wrong.returncode == Exit.INPUT
    assert "in no git repository" in wrong.stderr
    assert "Next: " in wrong.stderr


def test_what_a_search_of_a_clone_does_not_need_is_not_loaded(planted, tmp_path):
    """Most of the time that it takes to start: a person waits."""
    leak = leak_of(planted, tmp_path, "deleted file")
    typed = ["respond", "--home", str(tmp_path / "home"), "scan", str(planted.folder)]
    code = (
        f"import sys, atexit; sys.argv = {[*typed, '--no-patterns', '--file', str(leak)]!r}\n"
        "heavy = {'pydantic', 'structlog', 'requests', 'github', 'boto3', 'modal'}\n"
        "atexit.register(lambda: print('loaded:', sorted(heavy & sys.modules.keys())))\n"
        "from responder.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == Exit.FOUND
    assert done.stdout.splitlines()[-1] == "loaded: []"
