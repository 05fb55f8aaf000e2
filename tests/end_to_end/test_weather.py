"""Services that fail: what can be contained is, nothing happens twice, and a resume ends it."""

import subprocess
import time

import pytest
from aftermath import KEY_OWNER, assert_over, keys, runs, service_users
from incident import PATIENCE, RESPOND, RunningSandbox
from journals import succeeded
from operators import iam

from responder.bundled import bundled
from responder.errors import Exit

# For trouble that does not pass: that it has lasted long enough is found sooner.
LASTING = {"responder.engine.step:TRANSIENT_PATIENCE": 5.0}
FOUGHT = {"responder.providers.aws.deny_sessions:DenySessions.settle": 4.0}


@pytest.fixture
def sandbox(incident):
    incident.reset()
    incident.weather()
    yield incident
    incident.weather()


@pytest.fixture
def respond(sandbox, tmp_path):
    def typed(*arguments, settings=None):
        return sandbox.run(*RESPOND, "--home", str(tmp_path / "home"), *arguments, settings=settings)

    return typed


@pytest.fixture
def leak(respond, sandbox, quick_playbook):
    command = ("leak", "--file", str(sandbox.leak), "--playbook", str(quick_playbook), "--yes")
    return lambda settings=None: respond(*command, settings=settings)


@pytest.mark.parametrize(
    "rules",
    [
        ("aws:CreateAccessKey:lost-reply*1", "modal:ServiceUserCreate:lost-reply*4"),
        ("github:POST dispatches:lost-reply*1", "github:PUT secrets:lost-reply*2"),
        ("aws:new-keys=3", "aws:old-keys=2", "aws:policies=2", "modal:exhausted=1*2"),
        ("aws:503*3", "modal:reset*4", "github:secondary-limit=1*2"),
    ],
)
def test_trouble_that_passes_leaves_no_trace(sandbox, leak, rules):
    before = sandbox.world()
    sandbox.weather(*rules)

    done = leak()

    assert done.returncode == Exit.DONE, done.stdout + done.stderr
    after = sandbox.world()
    assert_over(before, after)
    assert sorted(run["inputs"]["environment"] for run in runs(after)) == ["dev", "prod"]


def test_containment_does_not_wait_for_a_service_that_is_down_and_a_resume_ends_it(
    sandbox, leak, respond, tmp_path
):
    before = sandbox.world()
    sandbox.weather("github:down")

    stopped = leak(LASTING)

    assert stopped.returncode == Exit.INCOMPLETE, stopped.stderr
    held = sandbox.world()
    [leaked] = keys(before)
    assert keys(held)[leaked]["status"] == "Inactive"
    assert service_users(before)[0]["token_id"] not in {u["token_id"] for u in service_users(held)}
    assert "respond resume" in stopped.stdout

    sandbox.weather()
    seal_key = tmp_path / "home" / "keys"
    seal_key.rename(tmp_path / "elsewhere")
    locked_out = respond("resume")
    assert locked_out.returncode == Exit.UNAVAILABLE, locked_out.stderr
    assert not seal_key.exists() or not any(seal_key.iterdir()), "A new key was made beside the old one."
    (tmp_path / "elsewhere").rename(seal_key)

    ended = respond("resume")
    assert ended.returncode == Exit.DONE, ended.stdout + ended.stderr
    assert_over(before, sandbox.world())


def test_a_key_whose_owner_cannot_be_found_out_is_never_a_success(sandbox, leak):
    before = sandbox.world()
    sandbox.weather("aws:down")

    stopped = leak(LASTING)

    assert stopped.returncode == Exit.INCOMPLETE, stopped.stdout + stopped.stderr
    assert "NOT CONTAINED" in stopped.stdout
    leaked = service_users(before)[0]["token_id"]
    assert leaked not in {user["token_id"] for user in service_users(sandbox.world())}

    sandbox.weather()
    ended = leak()
    assert ended.returncode == Exit.DONE, ended.stdout + ended.stderr
    assert_over(before, sandbox.world())


def test_a_key_that_is_reactivated_after_its_proof_is_deactivated_by_the_next_look(sandbox, tmp_path):
    before = sandbox.world()
    [leaked] = keys(before)
    text = (bundled("playbooks") / "leak.yaml").read_text().replace("wait: 10s", "wait: 3s")
    without_retire = tmp_path / "leak.yaml"  # which would delete the key, and with it what is to be seen
    without_retire.write_text(text.partition("  - id: delete_key")[0])
    home = tmp_path / "home"
    command = (*RESPOND, "--home", str(home), "leak", "--file", str(sandbox.leak), "--yes")
    with subprocess.Popen(
        (*command, "--playbook", str(without_retire)),
        env=sandbox.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until(lambda: "deactivate_key[s3]" in succeeded(home))
        iam(sandbox).update_access_key(UserName=KEY_OWNER, AccessKeyId=leaked, Status="Active")
        _, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == Exit.DONE, said
    assert keys(sandbox.world())[leaked]["status"] == "Inactive"


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_intruder_who_undoes_containment_does_not_keep_it_undone(tmp_path, quick_playbook):
    sandbox = RunningSandbox.start(tmp_path, approve_after=0.2, options=("--fights-back", "2"))
    try:
        before = sandbox.world()
        command = ("leak", "--file", str(sandbox.leak), "--playbook", str(quick_playbook), "--yes")
        done = sandbox.run(*RESPOND, *command, settings=FOUGHT)
        after = sandbox.world()
    finally:
        sandbox.stop()

    assert after["intruder"], done.stderr
    [leaked] = keys(before)
    assert keys(after).get(leaked, {"status": "Inactive"})["status"] == "Inactive", done.stdout + done.stderr
    owner = next(user for user in after["aws"]["users"] if user["name"] == "rentagpu-s3")
    assert "respond-deny-sessions" in owner["inline_policies"]
