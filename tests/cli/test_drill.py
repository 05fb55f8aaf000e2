"""`respond drill`: the whole incident by one command, and nothing left of it afterwards."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from incident import PATIENCE, RESPOND

from responder.cli.drill import concluded
from responder.errors import Exit, RespondError
from responder.sandbox.verdict import Verdict


@pytest.fixture
def env(tmp_path):
    """Of a person who has accounts of their own: a drill must not touch them."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}",
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path),
        "LANG": "C.UTF-8",
        "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_PROFILE": "real",
        "MODAL_TOKEN_ID": "ak-real",
        "MODAL_TOKEN_SECRET": "as-real",
        "MODAL_PROFILE": "real",
        "GITHUB_TOKEN": "ghp_real",
        "RESPOND_HOME": str(tmp_path / "real"),
        "HTTP_PROXY": "http://127.0.0.1:1",
        "no_proxy": "",
    }


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_drill_ends_well_by_the_sandboxs_own_truth_and_leaves_only_the_journal_it_is_told_to_keep(
    env, tmp_path
):
    command = [*RESPOND, "--log-format=json", "--verbose", "drill", "--keep"]
    options = ["--strategy=rotate-first", "--redeploy=direct", "--intruder"]
    played = subprocess.run(
        [*command, *options], env=env, capture_output=True, text=True, timeout=2 * PATIENCE, check=False
    )
    assert played.returncode == 0, played.stderr
    truth = played.stdout.partition("What the sandbox itself says")[2].splitlines()
    assert [line[0] for line in truth if line] == ["✓", "✓", "✓", "✓"]
    found, left = re.search(r"The review found (\d+) of (\d+) traces of the intruder", truth[-1]).groups()
    assert found == left
    assert int(left) >= 15, "at all three services"
    assert any(line.startswith("{") for line in played.stderr.splitlines()), "logs are JSON where asked for"

    (kept,) = tmp_path.glob("respond-drill-*")
    assert left_in(tmp_path) == [kept.name]
    assert f"RESPOND_HOME={kept / 'home'} respond show" in played.stderr
    shown = subprocess.run(
        [*RESPOND, "show"],
        env={**env, "RESPOND_HOME": str(kept / "home")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "rotate-first" in shown
    assert "Redeploy from here" in shown


def test_ctrl_c_ends_the_drill_with_its_sandbox_and_leaves_nothing(env, tmp_path):
    with subprocess.Popen(
        [*RESPOND, "drill"],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a process group of its own, as a terminal gives it
    ) as drill:
        try:
            for line in drill.stderr:
                if line.startswith("Run "):
                    break
            os.killpg(drill.pid, signal.SIGINT)
            drill.stderr.read()
            assert drill.wait(PATIENCE) == 130
        finally:
            drill.kill()
    assert left_in(tmp_path) == []
    deadline = time.monotonic() + PATIENCE
    while mine := processes_with(str(tmp_path)):
        assert time.monotonic() < deadline, mine
        time.sleep(0.02)


def test_a_drill_never_ends_well_when_the_sandbox_disagrees():
    true, lie = Verdict("The key is gone."), Verdict("The key is gone.", "it is still there")
    assert concluded(Exit.DONE, [true]) == Exit.DONE
    assert concluded(Exit.INCOMPLETE, [lie]) == Exit.INCOMPLETE
    with pytest.raises(RespondError) as error:
        concluded(Exit.DONE, [true, lie])
    assert error.value.exit_code not in (Exit.DONE, Exit.INTERRUPTED)


def processes_with(text):
    """Those whose environment or command line has it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                seen = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if text.encode() in seen:
                found.append(seen)
    return found
