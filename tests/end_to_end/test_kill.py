"""Promise 1: killed with SIGKILL at any instant, `respond resume` reaches the same end."""

import os
import signal

import pytest
from aftermath import assert_over, keys, runs, service_users
from forked import Forked, edge

from responder.journal import EventKind, Journal
from responder.journal.audit import verify

SHARDS = 2  # one a core
EVERY = os.environ.get("RESPOND_KILLS") == "every"  # `make kills`
MET_UNDISTURBED = {
    EventKind.STEP_INTENDED,
    EventKind.STEP_APPLIED,
    EventKind.STEP_SUCCEEDED,
    EventKind.STEP_SKIPPED,
    EventKind.RUN_SHREDDED,
    EventKind.RUN_FINISHED,
}


@pytest.mark.timeout(3600 if EVERY else 900)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_run_killed_after_any_event_ends_as_one_that_was_not(shard, incident, quick_playbook, tmp_path):
    with Forked(incident.env) as forked:
        journal = kill_and_resume("run.started", incident, forked, quick_playbook, tmp_path / "first")
        points = points_of(journal) if EVERY else telling_points_of(journal)
        assert len(points) > 25, "The incident has fewer events than this test was written for."
        for number, point in enumerate(points[shard::SHARDS]):
            kill_and_resume(point, incident, forked, quick_playbook, tmp_path / str(number))


def points_of(journal):
    """Every event that an undisturbed run has: by name, as steps that run at once change places."""
    with Journal.open(journal, read_only=True) as written:
        return list(dict.fromkeys(edge(one) for one in written.events() if one.kind in MET_UNDISTURBED))


def telling_points_of(journal):
    """Every kind of them: each action's intent and effect, and of the rest the first of each phase.

    Where several steps are of one action, another one's effect than whose intent.
    """
    with Journal.open(journal, read_only=True) as written:
        events = [event for event in written.events() if event.run]
    steps = {step["id"]: step for step in events[0].data["steps"]}
    telling = {}
    for event in events:
        of_what = "phase"
        if event.kind in (EventKind.STEP_INTENDED, EventKind.STEP_APPLIED):
            of_what = "action"
        kind = (event.kind, steps[event.step][of_what] if event.step else "")
        if event.kind in MET_UNDISTURBED and (kind not in telling or event.kind is EventKind.STEP_APPLIED):
            telling[kind] = edge(event)
    return list(telling.values())


def kill_and_resume(point, sandbox, forked, playbook, folder):
    """Kill right after that event, and see that the rest ends as if nothing had been. Gives the journal.

    Each incident begins where the one before ended: what leaks now is what was fresh then.
    """
    before, home, killed = leak_until(point, sandbox, forked, playbook, folder)
    if killed.returncode == 0:  # the incident before has denied sessions for a minute to come
        sandbox.reset()
        before, home, killed = leak_until(point, sandbox, forked, playbook, folder / "again")
    assert killed.returncode == -signal.SIGKILL, f"{point} never came: {killed.stderr}"
    resumed = forked.respond("--home", str(home), "resume")
    finished = "No run is unfinished" in resumed.stderr  # it was killed after its last event
    assert resumed.returncode == 0 or finished, f"after {point}: {resumed.stderr}"

    after = sandbox.world()
    assert_over(before, after)
    ran = [run["inputs"]["environment"] for run in runs(after)[len(runs(before)) :]]
    assert sorted(ran) == ["dev", "prod"], f"after {point}: a workflow ran {len(ran)} times"
    journal = home / "journal" / "journal.db"
    assert verify(journal).sound
    return journal


def leak_until(point, sandbox, forked, playbook, home):
    before = sandbox.world()
    home.mkdir()
    leaked = home / "prod.env"
    leaked.write_text(as_env(before))
    leak = ("leak", "--file", str(leaked), "--playbook", str(playbook), "--yes")
    return before, home, forked.respond("--home", str(home), *leak, killed_after=point)


def as_env(world):
    [(identifier, key)] = keys(world).items()
    [user] = service_users(world)
    return (
        f"AWS_ACCESS_KEY_ID={identifier}\nAWS_SECRET_ACCESS_KEY={key['secret_access_key']}\n"
        f"MODAL_TOKEN_ID={user['token_id']}\nMODAL_TOKEN_SECRET={user['token_secret']}\n"
    )
