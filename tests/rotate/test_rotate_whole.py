"""Rotations played whole in the sandbox; what came of them is told by the sandbox."""

import json
import random
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hasty  # noqa: F401  # puts the helpers below on the path
from aftermath import github_secrets, keys, runs, secret_values, service_users
from hourly import inventory
from operators import iam

from responder.inventory import Inventory
from responder.journal import Journal
from responder.journal.audit import verify
from responder.report.incident import read_incident
from responder.report.integrity import read_chain
from responder.report.markdown import incident_markdown
from responder.report.page import incident_page
from responder.report.quarter import read_quarter

LOAD = Path(__file__).with_name("load.py")
POINTS = sorted(random.sample(range(1, 21), 2))  # events after which a start is killed


@contextmanager
def under_load(sandbox, environment):
    """The answers of calls that go on while the block runs; at least one before it and one after."""
    answers = []
    with subprocess.Popen(
        [sys.executable, str(LOAD), environment],
        env=sandbox.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as load:
        answers.append(json.loads(load.stdout.readline()))
        yield answers
        load.stdin.close()
        answers += map(json.loads, load.stdout)


def assert_rotated(before, after, told):
    """One live key, which every Modal Secret and every container has; the old one gone."""
    ((old, _),) = keys(before).items()
    ((fresh, key),) = keys(after).items()
    assert (told["old"], told["fresh"]) == (old, fresh)
    assert old != fresh
    assert key["status"] == "Active"
    pair = {"AWS_ACCESS_KEY_ID": fresh, "AWS_SECRET_ACCESS_KEY": key["secret_access_key"]}
    for environment, values in secret_values(after).items():
        assert values == secret_values(before)[environment] | pair
    running = [c for c in after["modal"]["containers"] if c["state"] != "stopped"]
    assert {c["environment"] for c in running} == {"dev", "prod"}
    assert {c["values"]["AWS_ACCESS_KEY_ID"] for c in running} == {fresh}


def test_a_key_is_replaced_everywhere_while_calls_go_on_of_which_none_is_lost(incident, job):
    before = incident.world()
    with under_load(incident, "prod") as answers:
        code, told, stderr = job("s3", "--yes")
    assert code == 0, stderr
    (rotated,) = told["rotated"]
    assert_rotated(before, incident.world(), rotated)
    assert [one for one in answers if "lost" in one] == []
    assert answers[0]["key"] == rotated["old"]
    assert answers[-1]["key"] == rotated["fresh"]
    assert len(answers) > 10, "the load was none"
    assert told["runs"] == [rotated["run"]]
    assert "leak" not in stderr.lower()
    path = job.home / "journal" / "journal.db"
    assert verify(path).sound
    assert_reported_as_a_rotation(path, rotated, job.inventory)


def assert_reported_as_a_rotation(path, rotated, inventory):
    now, chain = datetime.now(UTC), read_chain(path)
    with Journal.open(path, read_only=True) as journal:
        told = read_incident(journal, rotated["run"], chain)
        known = Inventory.load(inventory, {}, path.parent)
        quarter = read_quarter(journal, chain, known, "", now - timedelta(days=1), now)
    assert told.title == "Rotation of s3"
    assert told.credentials[0].contained_at
    assert told.tasks == ()
    for text in (incident_page(told, now, "0"), incident_markdown(told, now, "0")):
        assert rotated["fresh"] in text
        assert not re.search("exposed|incident|contained|What leaked", text.rpartition("<body>")[2])
    assert (quarter.rotations, quarter.incidents, quarter.other_runs) == (1, (), 0)
    assert {one.name: one.identifier for one in quarter.credentials}["s3"] == rotated["fresh"]
    assert "1 rotation" in quarter.summary


def gone_on_with(job, point):
    """The starts after the one that was killed, of which the first may find the overlap not over yet."""
    for _ in range(30):
        code, told, stderr = job("ci-dev", "--due", "--yes")
        assert code == 0, f"after event {point}: {stderr}"
        if not told["overlap"]:
            return told
    raise AssertionError(f"after event {point}: the overlap does not end")


def test_a_start_that_was_killed_anywhere_is_gone_on_with_by_the_next_to_the_same_end(incident, job):
    """Of a service user: a successor with its roles, whose token CI has; and the old token dead."""
    inventory(job.inventory, max_age="1s")
    for point in POINTS:
        before = incident.world()
        code, _, stderr = job("ci-dev", "--due", "--yes", killed_after=point)
        assert code == -signal.SIGKILL, stderr
        told = gone_on_with(job, point)
        after = incident.world()
        ((old,), (fresh,)) = service_users(before, "ci-dev"), service_users(after, "ci-dev")
        assert [(one["old"], one["fresh"]) for one in told["rotated"]] == [
            (old["token_id"], fresh["token_id"])
        ], f"after event {point}"
        assert fresh["roles"] == old["roles"]
        assert github_secrets(after, "dev") == {
            "MODAL_TOKEN_ID": fresh["token_id"],
            "MODAL_TOKEN_SECRET": fresh["token_secret"],
        }
        assert old["token_id"] not in {one["token_id"] for one in after["modal"]["tokens"] if one["live"]}
        assert keys(after) == keys(before), "nothing else was touched"
        assert len(runs(after)) == len(runs(before)) + 1, f"after event {point}"


def test_an_overlap_is_left_to_a_later_start_which_retires_the_old_one(incident, job):
    inventory(job.inventory, max_age="1s", overlap="3s")
    before = incident.world()
    code, told, stderr = job("s3", "--due", "--yes")
    assert code == 0, stderr
    (parked,) = told["overlap"]
    assert told["rotated"] == []
    beside = incident.world()
    assert len(keys(beside)) == 2
    assert {key["status"] for key in keys(beside).values()} == {"Active"}

    while told["overlap"]:
        code, told, stderr = job("s3", "--due")
        assert (code, told["runs"]) == (0, [parked["run"]]), stderr
    assert_rotated(before, incident.world(), told["rotated"][0])


def test_beside_a_second_key_nothing_is_replaced_until_a_person_says_which_goes(incident, job):
    operator = iam(incident)
    (in_use,) = keys(incident.world())
    second = operator.create_access_key(UserName="rentagpu-s3")["AccessKey"]["AccessKeyId"]
    for status in ("Active", "Inactive"):
        operator.update_access_key(UserName="rentagpu-s3", AccessKeyId=second, Status=status)
        before = incident.world()
        code, told, _ = job("s3", "--yes")
        assert code == 3
        (skipped,) = told["skipped"]
        assert f"--delete-key {second}" in skipped["next_step"]
        assert keys(incident.world()) == keys(before)

    code, told, _ = job("s3", "--delete-key", second)
    (skipped,) = told["skipped"]
    assert (code, skipped["why"]) == (3, "There is no terminal to confirm at.")
    assert "--yes" in skipped["next_step"]
    assert skipped["state"] == "Nothing was changed."
    code, told, stderr = job("s3", "--delete-key", second, "--redeploy", "direct", "--yes")
    assert code == 0, stderr
    assert runs(incident.world()) == runs(before), "deployed from here, by no workflow"
    assert told["rotated"][0]["old"] == in_use
    assert set(keys(incident.world())) == {told["rotated"][0]["fresh"]}


def test_a_dry_run_of_all_says_what_would_be_replaced_and_leaves_no_trace(incident, job):
    before = incident.world()
    code, told, stderr = job("--all", "--dry-run")
    assert code == 0, stderr
    assert {one["credential"] for one in told["planned"]} == {"s3", "ci-dev", "ci-prod"}
    assert stderr.count("Plan, without-outage") == 3
    after = incident.world()
    assert (keys(after), after["modal"]["service_users"]) == (keys(before), before["modal"]["service_users"])
    with Journal.open(job.home / "journal" / "journal.db") as journal:
        assert journal.head() is None
