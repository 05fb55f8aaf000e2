"""`respond runbook`: the page for people, there when nothing else works."""

import os
import pty
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from responder.bundled import bundled
from responder.cli import cli
from responder.errors import InputError


def runbook(*words):
    return CliRunner().invoke(cli, ["runbook", *words], standalone_mode=False)


def test_it_lists_every_page():
    pages = {path.stem for path in bundled("runbooks").glob("*.md")}
    assert {line.partition(":")[0] for line in runbook().output.splitlines()} == pages


def test_into_a_file_it_is_the_page_as_it_is():
    assert runbook("leak").output == (bundled("runbooks") / "leak.md").read_text("utf-8")


def test_one_step_is_shown_alone():
    shown = runbook("leak", "--step", "deactivate_key").output
    assert shown.startswith("### deactivate_key\n")
    assert "aws iam update-access-key" in shown
    assert shown.count("###") == 1


@pytest.mark.parametrize(
    ("words", "known"), [(("leek",), "leak"), (("leak", "--step", "nothing"), "deactivate_key")]
)
def test_what_there_is_not_is_told_with_what_there_is(words, known):
    refused = runbook(*words).exception
    assert isinstance(refused, InputError)
    assert known in refused.next_step


def test_on_a_narrow_terminal_no_command_is_broken():
    ours, theirs = pty.openpty()
    env = {"PATH": os.environ["PATH"], "COLUMNS": "40", "TERM": "xterm", "HOME": "/nonexistent"}
    command = [sys.executable, "-m", "responder", "runbook", "leak", "--step", "deactivate_key"]
    with subprocess.Popen(command, env=env, stdout=theirs, stdin=subprocess.DEVNULL) as process:
        os.close(theirs)
        shown = b""
        try:
            while more := os.read(ours, 4096):
                shown += more
        except OSError:
            pass  # how a terminal says that nobody is at its other end any more
        process.wait(30)
    os.close(ours)
    plain = re.sub(rb"\x1b\[[0-9;]*m", b"", shown).decode()
    assert 'aws iam update-access-key --user-name "$AWS_USER" --access-key-id "$KEY_ID"' in plain
