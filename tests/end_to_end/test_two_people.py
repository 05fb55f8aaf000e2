"""Promise 5: two people who respond to the same leak do not fight. Real processes, racing."""

import json
import signal
import sqlite3
import subprocess
import time
import urllib.request

import pytest
from aftermath import REPOSITORY, assert_over, keys, runs
from forked import Forked
from incident import DIRECT, PATIENCE, RESPOND, RunningSandbox
from journals import succeeded

from responder.errors import Exit


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    """A sandbox whose reviewer waits until a test approves."""
    sandbox = RunningSandbox.start(tmp_path_factory.mktemp("patient"))
    yield sandbox
    sandbox.stop()


class Person:
    """Types a command, and does not wait for its end."""

    def __init__(self, sandbox, home, *arguments):
        command = (*RESPOND, "--home", str(home), *arguments)
        self._process = subprocess.Popen(
            command, env=sandbox.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def end(self):
        out, err = self._process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(self._process.args, self._process.returncode, out, err)


def until(question, what):
    deadline = time.monotonic() + PATIENCE
    while not (answer := question()):
        assert time.monotonic() < deadline, f"Not within {PATIENCE} s: {what}"
        time.sleep(0.05)
    return answer


def kinds(home):
    path = home / "journal" / "journal.db"
    if not path.exists():
        return []
    with sqlite3.connect(path) as journal:
        return [kind for (kind,) in journal.execute("SELECT kind FROM events ORDER BY seq")]


def waiting(sandbox):
    return next((run for run in runs(sandbox.world()) if run["status"] == "waiting"), None)


def approve(sandbox):
    address = f"{sandbox.urls['github']}/repos/{REPOSITORY}/actions/runs/{waiting(sandbox)['id']}"
    headers = {"Authorization": f"Bearer {sandbox.reviewer_token}", "Content-Type": "application/json"}
    pending = f"{address}/pending_deployments"
    with DIRECT.open(urllib.request.Request(pending, headers=headers), timeout=PATIENCE) as answer:  # noqa: S310
        ids = [one["environment"]["id"] for one in json.load(answer)]
    said = json.dumps({"environment_ids": ids, "state": "approved", "comment": "by a test"}).encode()
    request = urllib.request.Request(pending, data=said, headers=headers)  # noqa: S310
    DIRECT.open(request, timeout=PATIENCE).close()


def name_of_run(sandbox, home):
    [line] = sandbox.run(*RESPOND, "--home", str(home), "runs", "--json").stdout.splitlines()
    return json.loads(line)["run"]


def test_who_is_taken_over_stops_and_says_by_whom_and_a_third_watches(patient, quick_playbook, tmp_path):
    before, home = patient.world(), tmp_path / "home"
    leak = ("leak", "--file", str(patient.leak), "--playbook", str(quick_playbook), "--yes")
    first = Person(patient, home, *leak)
    until(lambda: waiting(patient), "a deployment waits for its reviewer")
    others = {"verify_workload[executor-dev]", "recheck_key[s3]", "recheck_sessions[s3]"}
    until(lambda: others <= succeeded(home), "nothing else is under way")
    run = name_of_run(patient, home)
    third = Person(patient, home, "show", run, "--follow")

    second = Person(patient, home, *leak).end()

    assert second.returncode == Exit.REFUSED
    assert f"Run {run} is about {', '.join(sorted(keys(before)))}" in second.stderr
    assert "At: Redeploy by the repository's own workflow (executor-prod)" in second.stderr
    assert f"respond resume {run} --take-over" in second.stderr
    assert f"respond show {run} --follow" in second.stderr

    unasked = Person(patient, home, "resume", run).end()
    assert unasked.returncode == Exit.REFUSED
    assert "run.resumed" not in kinds(home)

    taker = Person(patient, home, "resume", run, "--take-over")
    until(lambda: "run.resumed" in kinds(home), "the run is taken over")
    stopped = first.end()  # though it had only been asking GitHub, and nobody has approved yet
    assert waiting(patient)
    approve(patient)

    finished, watched = taker.end(), third.end()
    assert finished.returncode == Exit.DONE, finished.stderr
    assert stopped.returncode == Exit.REFUSED, stopped.stderr
    assert "Somebody took over this run" in stopped.stderr
    assert "nothing more will be done here" in stopped.stderr
    assert "failed" not in stopped.stderr
    assert watched.returncode == Exit.DONE, watched.stderr
    assert "Delete the leaked AWS key (s3)" in watched.stderr
    assert_over(before, patient.world())
    assert sorted(one["inputs"]["environment"] for one in runs(patient.world())) == ["dev", "prod"]


def test_of_two_who_start_at_the_same_instant_one_acts(incident, quick_playbook, tmp_path):
    incident.reset()
    before, home = incident.world(), tmp_path / "home"
    leak = ("leak", "--file", str(incident.leak), "--playbook", str(quick_playbook), "--yes")
    people = [Person(incident, home, *leak) for _ in range(2)]

    ended = [person.end() for person in people]

    assert sorted(one.returncode for one in ended) == [Exit.DONE, Exit.REFUSED], [one.stderr for one in ended]
    run = name_of_run(incident, home)
    [refused] = [one for one in ended if one.returncode == Exit.REFUSED]
    assert f"Run {run} is about" in refused.stderr
    assert kinds(home).count("run.started") == 1
    assert_over(before, incident.world())


def test_of_two_who_resume_at_the_same_instant_one_goes_on(incident, quick_playbook, tmp_path):
    incident.reset()
    before, home = incident.world(), tmp_path / "home"
    leak = ("leak", "--file", str(incident.leak), "--playbook", str(quick_playbook), "--yes")
    killed = Forked(incident.env).respond("--home", str(home), *leak, killed_after=8)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    run = name_of_run(incident, home)
    people = [Person(incident, home, "resume", run) for _ in range(2)]

    ended = [person.end() for person in people]

    assert sorted(one.returncode for one in ended) == [Exit.DONE, Exit.REFUSED], [one.stderr for one in ended]
    assert kinds(home).count("run.resumed") == 1
    assert_over(before, incident.world())


def test_who_follows_a_run_whose_process_died_is_told_how_to_go_on(incident, quick_playbook, tmp_path):
    incident.reset()
    home = tmp_path / "home"
    leak = ("leak", "--file", str(incident.leak), "--playbook", str(quick_playbook), "--yes")
    Forked(incident.env).respond("--home", str(home), *leak, killed_after=8)

    followed = Person(incident, home, "show", "--follow").end()

    assert followed.returncode == Exit.INCOMPLETE
    assert f"respond resume {name_of_run(incident, home)}" in followed.stdout
