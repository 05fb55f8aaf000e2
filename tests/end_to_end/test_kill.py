"""Promise 1: killed with SIGKILL at any instant, `respond resume` reaches the same end."""

import signal

import pytest
from aftermath import assert_over, keys, runs, service_users
from forked import Forked

from responder.journal.audit import verify

SHARDS = 2  # one a core
# Every other event: steps have three, so each of these is met at every second step. chaos.py kills at random.
STRIDE = 2


@pytest.mark.timeout(900)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_run_killed_after_any_event_ends_as_one_that_was_not(shard, incident, quick_playbook, tmp_path):
    event = STRIDE * shard + 1
    with Forked(incident.env) as forked:
        while kill_and_resume(event, incident, forked, quick_playbook, tmp_path / str(event)):
            event += STRIDE * SHARDS
    assert event > 50, "The incident has fewer events than this test was written for."


def kill_and_resume(event, sandbox, forked, playbook, folder):
    """Whether the run was still going when that many events were written.

    Each incident begins where the one before ended: what leaks now is what was fresh then.
    """
    before = sandbox.world()
    folder.mkdir()
    leaked = folder / "prod.env"
    leaked.write_text(as_env(before))
    home = ("--home", str(folder))
    leak = ("leak", "--file", str(leaked), "--playbook", str(playbook), "--yes")

    killed = forked.respond(*home, *leak, killed_after=event)
    if killed.returncode == 0:
        return False
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    resumed = forked.respond(*home, "resume")
    finished = "No run is unfinished" in resumed.stderr  # it was killed after its last event
    assert resumed.returncode == 0 or finished, f"after event {event}: {resumed.stderr}"

    after = sandbox.world()
    assert_over(before, after)
    ran = [run["inputs"]["environment"] for run in runs(after)[len(runs(before)) :]]
    assert sorted(ran) == ["dev", "prod"], f"after event {event}: a workflow ran {len(ran)} times"
    assert verify(folder / "journal" / "journal.db").sound
    return True


def as_env(world):
    [(identifier, key)] = keys(world).items()
    [user] = service_users(world)
    return (
        f"AWS_ACCESS_KEY_ID={identifier}\nAWS_SECRET_ACCESS_KEY={key['secret_access_key']}\n"
        f"MODAL_TOKEN_ID={user['token_id']}\nMODAL_TOKEN_SECRET={user['token_secret']}\n"
    )
