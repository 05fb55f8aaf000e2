"""Promise 1: killed with SIGKILL at any instant, `respond resume` reaches the same end."""

import signal
import sys
from pathlib import Path

import pytest
from aftermath import assert_over, runs
from incident import RESPOND

KILLED_AFTER = Path(__file__).with_name("killed_after.py")
SHARDS = 2  # one a core


@pytest.mark.timeout(900)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_run_killed_after_any_event_ends_as_one_that_was_not(shard, incident, quick_playbook, tmp_path):
    event = shard + 1
    while kill_and_resume(event, incident, quick_playbook, tmp_path / str(event)):
        event += SHARDS
    assert event > 50, "The incident has fewer events than this test was written for."


def kill_and_resume(event, sandbox, playbook, home):
    """Whether the run was still going when that many events were written."""
    sandbox.reset()
    before = sandbox.world()
    arguments = (
        "--home",
        str(home),
        "leak",
        "--file",
        str(sandbox.leak),
        "--playbook",
        str(playbook),
        "--yes",
    )
    killed = sandbox.run(sys.executable, str(KILLED_AFTER), str(event), *arguments)
    if killed.returncode == 0:
        return False
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    resumed = sandbox.run(*RESPOND, "--home", str(home), "resume")
    finished = "No run is unfinished" in resumed.stderr  # it was killed after its last event
    assert resumed.returncode == 0 or finished, f"after event {event}: {resumed.stderr}"

    after = sandbox.world()
    assert_over(before, after)
    environments = [run["inputs"]["environment"] for run in runs(after)]
    assert sorted(environments) == ["dev", "prod"], f"after event {event}: a workflow ran twice"
    verified = sandbox.run(*RESPOND, "--home", str(home), "audit", "verify")
    assert verified.returncode == 0, verified.stderr
    return True
