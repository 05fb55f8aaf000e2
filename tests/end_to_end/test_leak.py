"""`respond leak`, from a file to a proven rotation, as a person types it."""

import contextlib
import json
import os
import pty
import re
import sqlite3
import subprocess
from pathlib import Path

import pytest
from aftermath import KEY_OWNER, assert_over, keys, runs, service_users
from incident import RESPOND
from operators import iam

from responder.bundled import bundled
from responder.errors import Exit


@pytest.fixture
def world(incident):
    incident.reset()
    return incident.world()


@pytest.fixture
def leak(incident, quick_playbook, tmp_path):
    """Type `respond leak …`, in a journal of its own."""

    def typed(*arguments, **env):
        home = ("--home", str(tmp_path / "home"))
        return incident.run(*RESPOND, *home, "leak", "--playbook", str(quick_playbook), *arguments, **env)

    return typed


@pytest.fixture
def respond(incident, tmp_path):
    def typed(*arguments, **env):
        return incident.run(*RESPOND, "--home", str(tmp_path / "home"), *arguments, **env)

    return typed


@pytest.mark.parametrize("strategy", ["contain-first", "rotate-first"])
def test_the_leaked_ones_die_and_the_workload_comes_back_with_fresh_ones(
    world, incident, leak, respond, strategy
):
    done = leak("--file", str(incident.leak), "--strategy", strategy, "--yes")

    assert done.returncode == Exit.DONE, done.stderr
    after = incident.world()
    assert_over(world, after)
    assert [run["conclusion"] for run in runs(after)] == ["success", "success"]
    assert "nothing is open" in done.stdout
    assert re.search(r"Review +nothing found", done.stdout), "nobody was there, and we are nobody's trace"
    assert respond("audit", "verify").returncode == Exit.DONE
    [line] = respond("runs", "--json").stdout.splitlines()
    assert json.loads(line)["outcome"] == "succeeded"


def test_a_log_for_machines_is_json_on_every_line_and_names_every_event(
    world, incident, quick_playbook, tmp_path
):
    options = ("--file", str(incident.leak), "--playbook", str(quick_playbook), "--yes")
    done = incident.run(*RESPOND, "--home", str(tmp_path), "--log-format", "json", "leak", *options)

    assert done.returncode == Exit.DONE, done.stderr
    logged = [json.loads(line) for line in done.stderr.splitlines()]
    assert {"step.intended", "step.succeeded", "run.finished"} <= {line["event"] for line in logged}


def test_rotate_first_keeps_the_old_key_until_the_workload_has_the_fresh_one(world, incident, leak, tmp_path):
    leak("--file", str(incident.leak), "--strategy", "rotate-first", "--yes")

    rows = sqlite3.connect(tmp_path / "home" / "journal" / "journal.db").execute(
        "SELECT step FROM events WHERE kind = 'step.succeeded' ORDER BY seq"
    )
    order = [step.partition("[")[0] for (step,) in rows]
    assert order.index("deactivate_key") > max(i for i, s in enumerate(order) if s == "verify_workload")


def test_redeploying_from_here_needs_no_workflow(world, incident, leak, tmp_path):
    source = bundled("gpu_app")
    inventory = tmp_path / "respond.toml"
    example = Path(incident.env["RESPOND_INVENTORY"]).read_text()
    inventory.write_text(example.replace("gpu_app/app.py", str(source / "app.py")))

    done = leak(
        "--file", str(incident.leak), "--redeploy", "direct", "--yes", RESPOND_INVENTORY=str(inventory)
    )

    assert done.returncode == Exit.DONE, done.stderr
    assert runs(incident.world()) == []
    assert_over(world, incident.world())


def test_a_dry_run_shows_the_plan_and_changes_nothing(world, incident, leak, tmp_path):
    shown = leak("--file", str(incident.leak), "--dry-run")

    assert shown.returncode == Exit.DONE, shown.stderr
    assert "Deactivate access key" in shown.stdout
    assert "grace must approve" in shown.stdout
    after = incident.world()
    assert keys(after).keys() == keys(world).keys()
    assert service_users(after) == service_users(world)
    journal = sqlite3.connect(tmp_path / "home" / "journal" / "journal.db")
    assert journal.execute("SELECT count(*) FROM events").fetchone() == (0,)


def test_without_a_terminal_and_without_yes_nothing_is_changed(world, incident, leak):
    refused = leak("--file", str(incident.leak))

    assert refused.returncode == Exit.REFUSED
    assert "--yes" in refused.stderr
    assert keys(incident.world()).keys() == keys(world).keys()


def test_public_identifiers_are_enough_to_contain_and_replace(world, incident, leak):
    [key] = keys(world)
    [user] = service_users(world)

    done = leak(key, user["token_id"], "--yes")

    assert done.returncode == Exit.DONE, done.stderr
    assert_over(world, incident.world())


def test_a_secret_as_an_argument_is_refused_and_not_repeated(world, incident, leak):
    [user] = service_users(world)

    refused = leak(user["token_secret"], "--yes")

    assert refused.returncode == Exit.REFUSED
    assert "history" in refused.stderr
    assert user["token_secret"] not in refused.stdout + refused.stderr


def test_what_leaked_may_come_on_standard_input(world, incident, quick_playbook, tmp_path):
    command = (*RESPOND, "--home", str(tmp_path), "leak", "-", "--playbook", str(quick_playbook), "--yes")
    with incident.leak.open() as text:
        done = subprocess.run(
            command, stdin=text, env=incident.env, capture_output=True, text=True, check=False
        )

    assert done.returncode == Exit.DONE, done.stderr
    assert_over(world, incident.world())


def test_a_key_that_the_inventory_does_not_know_is_contained_and_said_to_be_open(
    world, incident, leak, tmp_path
):
    inventory = tmp_path / "respond.toml"
    inventory.write_text("")
    [key] = keys(world)

    done = leak("--file", str(incident.leak), "--yes", RESPOND_INVENTORY=str(inventory))

    assert done.returncode == Exit.DONE, done.stderr
    after = incident.world()
    assert {k: v["status"] for k, v in keys(after).items()} == {key: "Inactive"}
    assert service_users(after) == []
    assert "not in the inventory" in done.stdout
    assert f"{key} was contained and not replaced" in " ".join(done.stdout.split())


def test_what_is_dead_already_is_said_to_be_and_nothing_is_done(world, incident, leak, tmp_path):
    key, pair = "AKIARZPUZDIK" + "NOD2CNOD", "k3" + "Zb" * 19  # the sandbox's account is in its beginning
    gone = tmp_path / "gone.env"
    gone.write_text(f"AWS_ACCESS_KEY_ID={key}\nAWS_SECRET_ACCESS_KEY={pair}\n")

    done = leak("--file", str(gone), "--yes")

    assert done.returncode == Exit.DONE, done.stderr
    assert "dead already" in done.stdout


@pytest.fixture
def second_key(world, incident):
    """Another key of the user whose first has leaked."""
    return iam(incident).create_access_key(UserName=KEY_OWNER)["AccessKey"]


def test_both_keys_of_a_user_die_and_one_fresh_one_takes_their_place(
    world, incident, leak, second_key, tmp_path
):
    identifier, secret = second_key["AccessKeyId"], second_key["SecretAccessKey"]
    both = tmp_path / "both.env"
    more = f"\n\n[other]\naws_access_key_id = {identifier}\naws_secret_access_key = {secret}\n"
    both.write_text(incident.leak.read_text() + more)

    done = leak("--file", str(both), "--yes", "--delete-key", identifier)

    assert done.returncode == Exit.DONE, done.stdout + done.stderr
    assert_over(world, incident.world())


def test_two_keys_want_a_choice_before_anything_that_would_contain_only_after_it(
    world, incident, leak, second_key
):
    refused = leak("--file", str(incident.leak), "--yes", "--strategy", "rotate-first")

    assert refused.returncode == Exit.REFUSED
    assert f"--delete-key {second_key['AccessKeyId']}" in refused.stderr
    assert {key["status"] for key in keys(incident.world()).values()} == {"Active"}
    assert keys(incident.world()).keys() == {*keys(world), second_key["AccessKeyId"]}


def test_two_keys_hold_up_no_containment_and_the_one_that_a_resume_names_makes_room(
    world, incident, leak, respond, second_key
):
    second = second_key["AccessKeyId"]
    [leaked] = keys(world)

    contained = leak("--file", str(incident.leak), "--yes")

    assert contained.returncode == Exit.INCOMPLETE, contained.stderr
    assert "WAITS FOR A CHOICE" in contained.stdout
    assert f"Say which one goes: --delete-key {leaked} or --delete-key {second}." in contained.stdout
    statuses = {name: key["status"] for name, key in keys(incident.world()).items()}
    assert statuses == {leaked: "Inactive", second: "Active"}
    run = json.loads(respond("runs", "--json").stdout)["run"]
    assert f"`respond resume {run} --delete-key {second}`" in " ".join(contained.stdout.split())
    assert f"Next        respond resume {run} --delete-key …" in contained.stdout

    done = respond("resume", run, "--delete-key", second)

    assert done.returncode == Exit.DONE, done.stdout + done.stderr
    assert_over(world, incident.world())


def test_what_we_are_signed_in_with_is_never_revoked(world, incident, leak):
    operator = incident.env["AWS_ACCESS_KEY_ID"]

    refused = leak(operator, "--yes")

    assert refused.returncode == Exit.REFUSED
    assert "lock you out" in refused.stderr
    live = {
        key["access_key_id"]: key["status"]
        for user in incident.world()["aws"]["users"]
        for key in user["access_keys"]
    }
    assert live[operator] == "Active"


def test_a_second_run_for_the_same_leak_is_shown_the_first(world, incident, leak, respond, tmp_path):
    waiting = tmp_path / "stuck.yaml"
    waiting.write_text(
        "name: stuck\ntitle: t\nsummary: s\nstrategies: {contain-first: now}\n"
        "options: {redeploy: {help: h}, delete_key: {help: h}}\n"
        "steps:\n- id: deactivate_key\n  title: Deactivate\n  phase: contain\n"
        "  uses: aws.deactivate_access_key\n"
        "  for_each: ${{ exposure.access_keys }}\n"
        "  with: {user: nobody-of-that-name, access_key_id: '${{ each.identifier }}'}\n"
    )
    [key] = keys(world)
    stuck = leak(key, "--yes", "--playbook", str(waiting))
    assert stuck.returncode == Exit.INCOMPLETE, stuck.stderr

    refused = leak(key, "--yes")

    assert refused.returncode == Exit.REFUSED
    [run] = [json.loads(line)["run"] for line in respond("runs", "--json").stdout.splitlines()]
    assert f"respond resume {run}" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--file", "/nowhere/prod.env"), "There is no file"),
        (("--file", "/dev/null"), "is empty"),
        (("AKIAQ3EGR7XWZ",), "Copy it again"),
        (("--file", "x", "AKIAIOSFODNN7EXAMPLE"), "Both"),
        ((), "no terminal"),
        (("--file", "{nothing}"), "No credential was recognised"),
        (("--file", "{cut}"), "Copy it again, whole"),
        (("--file", "{leak}", "--playbook", "leek"), "Did you mean `leak`?"),
    ],
)
def test_bad_input_is_told_with_what_to_type_next(incident, leak, tmp_path, arguments, says):
    nothing = tmp_path / "nothing.txt"
    nothing.write_text("There is nothing here.")
    cut = tmp_path / "cut.env"
    cut.write_text("AWS_ACCESS_KEY_ID=AKIAQ3EGR7XWZ\n")
    filled = [a.format(nothing=nothing, cut=cut, leak=incident.leak) for a in arguments]

    refused = leak(*filled, "--yes")

    assert refused.returncode == Exit.INPUT, refused.stderr
    assert says in refused.stderr
    assert "Next:" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("dash", [(), ("-",)], ids=["nothing given", "dash"])
def test_a_hidden_paste_of_many_lines_is_read_whole_and_never_shown(
    world, incident, quick_playbook, tmp_path, dash
):
    options = ["--playbook", str(quick_playbook), "--dry-run"]
    command = [*RESPOND, "--home", str(tmp_path), "leak", *options, *dash]
    keyboard, terminal = pty.openpty()
    with subprocess.Popen(
        command, env=incident.env, stdin=terminal, stdout=subprocess.PIPE, stderr=terminal
    ) as process:
        os.close(terminal)
        shown = b""
        while b"Ctrl-D" not in shown:
            shown += os.read(keyboard, 4096)
        os.write(keyboard, incident.leak.read_bytes() + b"\x04")
        out = process.stdout.read()
        process.wait(60)
    with contextlib.suppress(OSError):  # how a terminal without a process says that it has no more
        while more := os.read(keyboard, 4096):
            shown += more
    os.close(keyboard)

    assert process.returncode == Exit.DONE, shown
    [user] = service_users(world)
    assert user["token_id"].encode() in out
    assert user["token_secret"].encode() not in shown + out


def test_the_plan_stands_in_the_order_in_which_it_is_done(incident, leak):
    shown = leak("--file", str(incident.leak), "--dry-run", "--strategy", "rotate-first").stdout

    assert shown.index("Create a fresh access key") < shown.index("Deactivate access key")


def test_a_dry_run_wants_no_lock_of_the_journal(incident, leak, tmp_path):
    assert leak("--file", str(incident.leak), "--dry-run").returncode == Exit.DONE
    with contextlib.closing(
        sqlite3.connect(tmp_path / "home/journal/journal.db", isolation_level=None)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        shown = leak("--file", str(incident.leak), "--dry-run")
    assert shown.returncode == Exit.DONE, shown.stderr


def test_a_closed_pipe_starts_nothing(world, incident, quick_playbook, tmp_path):
    command = [*RESPOND, "--home", str(tmp_path), "leak", "--playbook", str(quick_playbook), "--yes"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*command, "--file", str(incident.leak)],
        env=incident.env,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)

    assert done.returncode == Exit.INTERRUPTED, done.stderr
    assert keys(incident.world()).keys() == keys(world).keys()
