"""A containment is given back after a false alarm, or held against whoever undoes it. As a person types."""

import json
import os
import pty
import select
import signal
import sqlite3
import subprocess
import time

import operators
import pytest
from aftermath import KEY_OWNER, keys, service_users
from forked import Forked
from incident import PATIENCE, RESPOND

from responder.errors import Exit

CONTAIN = """\
name: contain
title: Contain
summary: Nothing is rotated.
strategies: {contain-first: At once.}
options: {redeploy: {help: h}, delete_key: {help: h}}
steps:
- id: deactivate_key
  title: Deactivate the key
  phase: contain
  uses: aws.deactivate_access_key
  for_each: ${{ exposure.access_keys }}
  with: {user: "${{ each.user }}", access_key_id: "${{ each.identifier }}", secret: "${{ each.secret }}"}
- id: deny_sessions
  title: Deny the sessions
  phase: contain
  uses: aws.deny_sessions
  for_each: ${{ exposure.access_keys }}
  needs: [deactivate_key]
  with: {user: "${{ each.user }}", since: "${{ run.confirmed_at }}", session: "${{ each.session }}"}
- id: freeze
  title: Freeze the service user
  phase: contain
  uses: modal.freeze_service_user
  for_each: ${{ exposure.service_users }}
  needs: [deny_sessions]
  with: {name: "${{ each.name }}", token_id: "${{ each.identifier }}"}
"""


@pytest.fixture
def before(incident):
    incident.reset()
    return incident.world()


@pytest.fixture
def respond(incident, tmp_path):
    def typed(*arguments, **env):
        return incident.run(*RESPOND, "--home", str(tmp_path / "home"), *arguments, **env)

    return typed


@pytest.fixture
def run(before, incident, respond, tmp_path):
    """The name of a run that has contained what leaked, and is over."""
    playbook = tmp_path / "contain.yaml"
    playbook.write_text(CONTAIN)
    done = respond("leak", "--file", str(incident.leak), "--playbook", str(playbook), "--yes")
    assert done.returncode == Exit.DONE, done.stderr
    return json.loads(respond("runs", "--json").stdout)["run"]


@pytest.fixture
def iam(incident):
    return operators.iam(incident)


def status(world):
    """What containment takes: of the key's user and of the service user."""
    owner = next(user for user in world["aws"]["users"] if user["name"] == KEY_OWNER)
    [user] = service_users(world)
    return (
        {key: one["status"] for key, one in keys(world).items()},
        sorted(owner["inline_policies"]),
        {where: role for where, role in user["roles"].items() if role != "no-access"},
    )


def named(before):
    [key], [user] = keys(before), service_users(before)
    return "--re-enable", key, "--re-enable", user["token_id"]


def test_a_false_alarm_is_given_back_only_by_the_names_of_what_leaked(before, incident, respond, run):
    [key], [user] = keys(before), service_users(before)
    contained = status(incident.world())
    assert contained[0] == {key: "Inactive"}
    assert contained[2] == {}

    refused = respond("undo", run, "--yes")

    assert refused.returncode == Exit.REFUSED
    assert f"respond undo {run} --re-enable {key} --re-enable {user['token_id']}" in refused.stderr
    assert status(incident.world()) == contained

    asked = respond("undo", run, *named(before))
    assert asked.returncode == Exit.REFUSED
    assert "terminal" in asked.stderr
    assert status(incident.world()) == contained

    done = respond("undo", run, "--yes", *named(before))

    assert done.returncode == Exit.DONE, done.stderr
    assert status(incident.world()) == status(before)
    assert json.loads(respond("runs", "--json").stdout)["outcome"] == "undone"
    assert "GIVEN BACK" in respond("show", run).stdout
    assert respond("audit", "verify").returncode == Exit.DONE
    assert respond("undo", run, "--yes", *named(before)).returncode == Exit.DONE
    assert respond("watch", run).returncode == Exit.REFUSED


class Terminal:
    """A person at one: what is typed is read there, and what is asked is shown there."""

    def __init__(self, sandbox, *command):
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            command, env=sandbox.env, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
        )
        os.close(theirs)
        self.shown = ""

    def until(self, words):
        deadline = time.monotonic() + PATIENCE
        while words not in self.shown:
            assert time.monotonic() < deadline, self.shown
            self._read()

    def type(self, line):
        os.write(self._ours, f"{line}\n".encode())

    def end(self):
        while self._read():
            pass
        os.close(self._ours)
        return self._process.wait(PATIENCE)

    def _read(self):
        try:
            read = os.read(self._ours, 65536) if select.select([self._ours], [], [], PATIENCE)[0] else b""
        except OSError:  # Linux's way to say that nobody has the other end any more
            return b""
        self.shown += read.decode(errors="replace")
        return read


def test_an_undo_that_touches_prod_wants_its_name_typed(before, incident, run, tmp_path):
    undo = (*RESPOND, "--home", str(tmp_path / "home"), "undo", run, *named(before))
    contained = status(incident.world())

    declined = Terminal(incident, *undo)
    declined.until("Type `prod` to go on")
    declined.type("yes")
    assert declined.end() == Exit.REFUSED
    assert status(incident.world()) == contained

    confirmed = Terminal(incident, *undo)
    confirmed.until("Type `prod` to go on")
    assert status(incident.world()) == contained
    confirmed.type("prod")
    assert confirmed.end() == Exit.DONE, confirmed.shown
    assert status(incident.world()) == status(before)


def test_an_undo_killed_again_and_again_gives_everything_back_in_the_end(before, incident, run, tmp_path):
    undo = ("--home", str(tmp_path / "home"), "undo", run, "--yes", *named(before))
    with Forked(incident.env) as forked:
        for event in (2, 3, 4):  # after the intent, after the proof, after the next intent
            killed = forked.respond(*undo, killed_after=event)
            assert killed.returncode == -signal.SIGKILL, killed.stderr
        resumed = forked.respond("--home", str(tmp_path / "home"), "resume", run)
        assert resumed.returncode == Exit.REFUSED
        assert f"respond undo {run}" in resumed.stderr
        done = forked.respond(*undo)

    assert done.returncode == Exit.DONE, done.stderr
    assert status(incident.world()) == status(before)


def test_who_undoes_containment_is_seen_and_answered_and_a_strange_key_is_told(
    before, incident, respond, run, iam, tmp_path
):
    [key] = keys(before)
    iam.update_access_key(UserName=KEY_OWNER, AccessKeyId=key, Status="Active")
    iam.delete_user_policy(UserName=KEY_OWNER, PolicyName="respond-deny-sessions")
    strange = iam.create_access_key(UserName=KEY_OWNER)["AccessKey"]["AccessKeyId"]

    seen = respond("watch", run, "--at", "1s")

    assert seen.returncode == Exit.INCOMPLETE, seen.stderr
    assert seen.stderr.count("RE-APPLIED") == 2
    assert f"--access-key-id {strange}" in seen.stdout
    assert (
        "somebody undid containment; it was contained again; beside it 1 stranger, as above." in seen.stdout
    )
    assert "THE INTRUDER IS ACTIVE" in seen.stdout
    left_alone = respond("watch", run, "--at", "1s", MODAL_TOKEN_ID="", MODAL_TOKEN_SECRET="")
    assert "modal: configuration: there is no token for Modal." in left_alone.stderr
    assert "of it held" not in left_alone.stdout
    statuses, policies, _ = status(incident.world())
    assert statuses == {key: "Inactive", strange: "Active"}
    assert policies == sorted(["respond-deny-sessions", *status(before)[1]])

    iam.update_access_key(UserName=KEY_OWNER, AccessKeyId=strange, Status="Inactive")  # as was said
    held = respond("watch", run, "--for", "1s")
    assert held.returncode == Exit.DONE, held.stdout + held.stderr
    assert "all of it held" in held.stdout
    rows = sqlite3.connect(tmp_path / "home" / "journal" / "journal.db").execute(
        "SELECT json_extract(data, '$.result') FROM events WHERE kind = 'step.checked' ORDER BY seq"
    )
    # The three of the first watch: the key, its sessions, and these once more as the key had lived meanwhile.
    results = [result for (result,) in rows]
    assert results.count("re-applied") == 2
    assert results[-3:] == ["held"] * 3
    shown = respond("show", run).stdout
    assert "re-applied" in shown
    assert "Somebody undid: Deactivate the key (s3)." in " ".join(shown.split())
    assert "THE INTRUDER IS ACTIVE" in shown


def test_each_mistake_is_told_with_what_to_type(respond, run):
    mistakes = [
        (("undo", "nosuch"), "There is no run nosuch"),
        (("watch", "nosuch"), "There is no run nosuch"),
        (("show", "nosuch", "--follow"), "There is no run nosuch"),
        (("undo", run, "--re-enable", "AKIAELSE"), "is not about AKIAELSE"),
        (("watch", run, "--for", "37h"), "36 hours"),
        (("watch", run, "--for", "soon"), "30m, 36h or 90d"),
        (("watch", run, "--for", "1m", "--at", "1m"), "Both"),
        (("show", run, "--follow", "--json"), "Both"),
    ]
    for arguments, says in mistakes:
        refused = respond(*arguments)
        assert refused.returncode == Exit.INPUT, refused.stderr
        assert says in refused.stderr
        assert "Traceback" not in refused.stderr
