"""`respond sandbox` as its users meet it: a process, its ports, and the unmodified clients."""

import contextlib
import copy
import io
import json
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
import requests
from incident import DIRECT, PATIENCE, RESPOND, first_line, quick_workflow

from responder.sandbox import seed
from responder.sandbox.verdict import intruder_is_in, verdicts

KEYS = """
import boto3
for key in boto3.client("iam").list_access_keys(UserName="rentagpu-s3")["AccessKeyMetadata"]:
    print(key["AccessKeyId"], key["Status"])
"""
DEPLOY = """
import os, time
from github import Auth, Github
github = Github(base_url=os.environ["GITHUB_API_URL"], auth=Auth.Token(os.environ["GITHUB_TOKEN"]))
repository = github.get_repo(os.environ["GITHUB_REPOSITORY"])
workflow = repository.get_workflow("modal_deploy.yml")
run = workflow.create_dispatch("main", {"environment": "prod"}, throw=True, return_run_details=True)
while (now := repository.get_workflow_run(run.id)).status != "completed":
    time.sleep(0.05)
print(now.conclusion)
"""
PYTHON = (sys.executable, "-c")


@pytest.fixture
def fresh(incident):
    """The sandbox as it was when it started, whatever other tests did to it."""
    incident.reset()
    return incident


def service_users(world):
    return {user["name"]: user["roles"] for user in world["modal"]["service_users"]}


def test_it_holds_the_world_that_the_inventorys_example_describes(fresh):
    world = fresh.world()
    assert service_users(world) == {"ci-dev": {"dev": "contributor"}, "ci-prod": {"prod": "contributor"}}
    assert [(m["name"], m["role"]) for m in world["modal"]["members"]] == [("ada", "owner"), ("sam", "user")]
    (key,) = next(u for u in world["aws"]["users"] if u["name"] == "rentagpu-s3")["access_keys"]
    pair = {"AWS_ACCESS_KEY_ID": key["access_key_id"], "AWS_SECRET_ACCESS_KEY": key["secret_access_key"]}
    secrets = {s["environment"]: s["values"] for s in world["modal"]["secrets"]}
    assert secrets.keys() == {"dev", "prod"}
    assert all(values.items() > pair.items() and values["HF_TOKEN"] for values in secrets.values())
    assert {c["environment"] for c in world["modal"]["containers"] if c["state"] == "running"} == {
        "dev",
        "prod",
    }
    deployed = {(app["environment"], app["versions"][0]["deployed_by"]) for app in world["modal"]["apps"]}
    assert deployed == {("dev", "ci-dev"), ("prod", "ci-prod")}
    environments = world["github"]["repositories"]["rentagpu/executor"]["environments"]
    assert (environments["prod"]["reviewers"], environments["prod"]["branches"]) == (["grace"], ["main"])
    assert environments["dev"]["reviewers"] == []
    for name, environment in environments.items():
        token = next(u for u in world["modal"]["service_users"] if u["name"] == f"ci-{name}")
        assert environment["secrets"]["MODAL_TOKEN_ID"]["value"] == token["token_id"]
        assert environment["secrets"]["MODAL_TOKEN_SECRET"]["value"] == token["token_secret"]


def test_the_leaked_file_holds_the_live_key_and_prods_ci_token_and_is_for_its_owner_only(fresh):
    world = fresh.world()
    (key,) = next(u for u in world["aws"]["users"] if u["name"] == "rentagpu-s3")["access_keys"]
    token = next(u for u in world["modal"]["service_users"] if u["name"] == "ci-prod")
    leaked = dict(line.split("=", 1) for line in fresh.leak.read_text().splitlines())
    assert leaked == {
        "AWS_ACCESS_KEY_ID": key["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": key["secret_access_key"],
        "S3_BUCKET": "rentagpu-artifacts",
        "MODAL_ENVIRONMENT": "prod",
        "MODAL_TOKEN_ID": token["token_id"],
        "MODAL_TOKEN_SECRET": token["token_secret"],
    }
    for path in (fresh.leak, fresh.leak.with_name("notice.json")):
        assert path.stat().st_mode & 0o777 == 0o600


def test_the_alert_that_github_raised_says_what_leaked_and_where(incident):
    told = incident.run(*RESPOND, "identify", str(seed.ALERT))
    assert told.returncode == 0, told.stderr
    key = leaked_key(incident.world())
    assert f"{key}  LIVE" in told.stdout
    assert "service user ci-prod" in told.stdout, "the token that stands beside it in the file"
    assert f"respond leak {seed.ALERT}" in told.stdout


def test_the_modal_cli_works_with_the_printed_environment(incident):
    listed = incident.run("modal", "secret", "list", "-e", "prod", "--json")
    assert [secret["name"] for secret in json.loads(listed.stdout)] == ["my-app-secrets"], listed.stderr
    assert "User: ada" in incident.run("modal", "token", "info").stdout
    assert "rentagpu-executor" in incident.run("modal", "app", "list", "-e", "prod").stdout


def test_boto3_works_with_the_printed_environment(incident):
    listed = incident.run(*PYTHON, KEYS)
    assert listed.stdout.split() == [leaked_key(incident.world()), "Active"], listed.stderr


def test_pygithub_has_the_real_workflow_deploy_after_the_reviewers_approval(fresh):
    deployed = fresh.run(*PYTHON, DEPLOY)
    assert deployed.stdout.strip() == "success", deployed.stderr
    (run,) = fresh.world()["github"]["repositories"]["rentagpu/executor"]["runs"]
    assert [(review["login"], review["state"]) for review in run["reviews"]] == [("grace", "approved")]
    log = f"{fresh.urls['github']}/repos/rentagpu/executor/actions/runs/{run['id']}/logs"
    with requests.Session() as session:
        session.trust_env = False
        archive = session.get(log, headers={"Authorization": f"Bearer {fresh.env['GITHUB_TOKEN']}"}).content
    assert zipfile.ZipFile(io.BytesIO(archive)).namelist(), "behind a redirect, as for any client"


def test_a_reset_brings_the_same_credentials_back_with_containers_of_their_own(fresh):
    before = fresh.world()
    broken = f"""
import boto3, modal
boto3.client("iam").update_access_key(
    UserName="rentagpu-s3", AccessKeyId="{leaked_key(before)}", Status="Inactive"
)
modal.Workspace.from_context().service_users.delete("ci-prod")
"""
    done = fresh.run(*PYTHON, broken + DEPLOY)
    assert done.stdout.strip() == "failure", done.stderr
    assert service_users(fresh.world()).keys() == {"ci-dev"}

    fresh.reset()
    after = fresh.world()
    assert after["aws"] == before["aws"]
    assert after["github"] == before["github"]
    for part in ("tokens", "service_users", "secrets", "apps"):
        assert after["modal"][part] == before["modal"][part]
    running = [c for c in after["modal"]["containers"] if c["state"] == "running"]
    assert {c["environment"] for c in running} == {"dev", "prod"}
    assert not {c["task_id"] for c in running} & {c["task_id"] for c in before["modal"]["containers"]}


def test_env_prints_what_a_shell_needs_and_what_is_in_its_way(incident):
    as_json = incident.run(*RESPOND, "sandbox", "env", "--port", str(incident.port), "--json")
    assert json.loads(as_json.stdout) == incident.printed
    assert Path(incident.printed["RESPOND_INVENTORY"]).is_file()
    lines = incident.run(*RESPOND, "sandbox", "env", "--port", str(incident.port)).stdout
    shell = 'eval "$lines"; echo "$MODAL_TOKEN_ID $AWS_ENDPOINT_URL ${AWS_SESSION_TOKEN:-unset}"'
    said = subprocess.run(
        ["sh", "-c", shell],
        env={"lines": lines, "AWS_SESSION_TOKEN": "of-another-account"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == [
        incident.printed["MODAL_TOKEN_ID"],
        incident.printed["AWS_ENDPOINT_URL"],
        "unset",
    ]


def test_it_rehearses_with_the_workflow_that_it_is_given(fresh):
    program = (
        "import os; from github import Auth, Github\n"
        "auth = Auth.Token(os.environ['GITHUB_TOKEN'])\n"
        "github = Github(base_url=os.environ['GITHUB_API_URL'], auth=auth)\n"
        "repository = github.get_repo(os.environ['GITHUB_REPOSITORY'])\n"
        "file = repository.get_contents('.github/workflows/modal_deploy.yml')\n"
        "print(file.decoded_content.decode(), end='')"
    )
    assert fresh.run(*PYTHON, program).stdout == quick_workflow().decode()


def test_env_says_how_to_start_one_where_none_runs(incident, tmp_path):
    none = incident.run(*RESPOND, "sandbox", "env", "--port", "1", XDG_CACHE_HOME=str(tmp_path))
    assert (none.returncode, none.stdout) == (5, "")
    assert "`respond sandbox up --port 1` starts one" in none.stderr


def test_env_does_not_take_a_stranger_on_the_same_port_for_its_sandbox(incident, tmp_path):
    notice = tmp_path / "respond" / "sandbox" / "1" / "notice.json"
    notice.parent.mkdir(parents=True)
    left = json.loads(incident.leak.with_name("notice.json").read_text())
    notice.write_text(json.dumps({**left, "env": {**left["env"], "MODAL_TOKEN_ID": "ak-of-one-that-ended"}}))
    none = incident.run(*RESPOND, "sandbox", "env", "--port", "1", XDG_CACHE_HOME=str(tmp_path))
    assert (none.returncode, none.stdout) == (5, "")


def test_a_taken_port_is_named_with_the_command_that_avoids_it(incident):
    taken = incident.run(*RESPOND, "sandbox", "up", "--port", str(incident.port))
    assert taken.returncode == 5
    assert any(f"Port {incident.port + one} is taken" in taken.stderr for one in range(3)), taken.stderr
    assert f"respond sandbox up --port {incident.port + 10}" in taken.stderr


def test_an_existing_file_is_never_overwritten_by_the_leaked_one(incident, tmp_path):
    precious = tmp_path / "prod.env"
    precious.write_text("mine")
    refused = incident.run(*RESPOND, "sandbox", "up", "--port", "0", "--leak", str(precious))
    assert refused.returncode == 2
    assert "is there already" in refused.stderr
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_when_it_ends_no_process_of_it_is_left(incident, tmp_path, how):
    leak = tmp_path / "leaked.env"
    env = {**incident.env, "XDG_CACHE_HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    command = [*RESPOND, "sandbox", "up", "--port", "0", "--leak", str(leak)]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = first_line(process)
            url = next(line for line in said_until(process, "GitHub") if line.startswith("GitHub")).split()[1]
            assert said.startswith("Modal")
            assert leak.read_text().startswith("AWS_ACCESS_KEY_ID=")
            run = waiting_deployment(incident, url)
            born = descendants(process.pid)
            assert len(born) >= 2, "a container in each environment"
        finally:
            process.send_signal(how)
        rest = process.stdout.read()
    assert "respond sandbox env" in rest
    assert run["status"] == "waiting", "nobody approves unless asked to"
    deadline = time.monotonic() + PATIENCE
    while living := [pid for pid in born if alive(pid)]:
        assert time.monotonic() < deadline, living
        time.sleep(0.02)
    if how == signal.SIGTERM:
        assert process.returncode == 0
        assert not leak.exists()
        assert not list(tmp_path.rglob("notice.json"))


def said_until(process, word):
    for line in process.stdout:
        yield line
        if word in line:
            return


def waiting_deployment(incident, url):
    """Ask for a deployment to prod, and give the run as it is when it goes no further."""
    token = next(t["token"] for t in ground_truth(url)["github"]["tokens"] if t["login"] == "oncall")
    dispatch = DEPLOY.partition("while")[0]
    asked = incident.run(*PYTHON, dispatch, GITHUB_API_URL=url, GITHUB_TOKEN=token)
    assert asked.returncode == 0, asked.stderr
    deadline = time.monotonic() + PATIENCE
    while True:
        (run,) = ground_truth(url)["github"]["repositories"]["rentagpu/executor"]["runs"]
        if run["status"] not in ("queued", "in_progress") or time.monotonic() > deadline:
            return run
        time.sleep(0.02)


def ground_truth(url):
    with DIRECT.open(f"{url}/_sandbox/world", timeout=PATIENCE) as answer:
        return json.load(answer)


def descendants(pid):
    """Every process below it, however deep."""
    parents = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def alive(pid):
    """A zombie that nobody has waited for yet is dead."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def leaked_key(world):
    return next(u for u in world["aws"]["users"] if u["name"] == "rentagpu-s3")["access_keys"][0][
        "access_key_id"
    ]


def test_the_verdict_on_an_untouched_leak_is_that_nothing_of_it_is_over(fresh):
    before = fresh.world()
    inside = intruder_is_in(fresh.urls["aws"], before)
    assert inside
    found = verdicts(before, fresh.world(), intruder_is_in=inside)
    assert [verdict.wrong for verdict in found] == [
        "rentagpu-s3 still has it",
        "its token still lives",
        "a container or a Modal Secret holds another key",
    ]


def over(before):
    """The world as it is when all is well again, with one container."""
    after = copy.deepcopy(before)
    secret = next(s for s in after["modal"]["secrets"] if s["environment"] == "prod")
    values = dict(secret["values"])
    after["modal"]["containers"] = [{"environment": "prod", "state": "running", "values": values}]
    user = next(u for u in after["aws"]["users"] if u["name"] == "rentagpu-s3")
    user["access_keys"] = [{"access_key_id": "AKIAFRESH", "secret_access_key": "fresh", "status": "Active"}]
    fresh = {"AWS_ACCESS_KEY_ID": "AKIAFRESH", "AWS_SECRET_ACCESS_KEY": "fresh"}
    for holder in (*after["modal"]["secrets"], *after["modal"]["containers"]):
        holder["values"] |= fresh
    token = {"token_id": "ak-fresh", "token_secret": "as-fresh"}
    leaked = next(u for u in after["modal"]["service_users"] if u["name"] == "ci-prod")
    after["modal"]["tokens"] = [t for t in after["modal"]["tokens"] if t["token_id"] != leaked["token_id"]]
    leaked |= {"name": "ci-prod--1", **token}
    stored = after["github"]["repositories"]["rentagpu/executor"]["environments"]["prod"]["secrets"]
    stored["MODAL_TOKEN_ID"]["value"], stored["MODAL_TOKEN_SECRET"]["value"] = token.values()
    return after


def old_container(before, after):
    values = before["modal"]["secrets"][0]["values"]
    after["modal"]["containers"].append({"environment": "dev", "state": "running", "values": values})


def old_secret(before, after):
    after["modal"]["secrets"] = before["modal"]["secrets"]


def nothing_runs(_before, after):
    after["modal"]["containers"].clear()


def other_value(_before, after):
    after["modal"]["secrets"][0]["values"]["HF_TOKEN"] = "hf_other"


def old_ci_token(before, after):
    after["github"] = before["github"]


def lost_role(_before, after):
    next(u for u in after["modal"]["service_users"] if u["name"] == "ci-prod--1")["roles"] = {}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (old_container, ["", "", "a container or a Modal Secret holds another key"]),
        (old_secret, ["", "", "a container or a Modal Secret holds another key"]),
        (nothing_runs, ["", "", "nothing runs in prod"]),
        (other_value, ["", "", "other values of a Modal Secret were changed"]),
        (old_ci_token, ["", "GitHub's prod holds no token of a successor with the same roles", ""]),
        (lost_role, ["", "GitHub's prod holds no token of a successor with the same roles", ""]),
    ],
)
def test_the_verdict_names_the_one_thing_that_is_not_well(incident, change, wrong):
    before = incident.world()
    after = over(before)
    assert not any(verdict.wrong for verdict in verdicts(before, after, intruder_is_in=False))
    assert (
        verdicts(before, after, intruder_is_in=True)[0].wrong
        == "a session got from it still opens the bucket"
    )
    change(before, after)
    assert [verdict.wrong for verdict in verdicts(before, after, intruder_is_in=False)] == wrong
