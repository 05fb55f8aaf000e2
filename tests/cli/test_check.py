"""`respond check`: the guide's baseline passes every point; a point that is broken is found, and it alone."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from doctor_world import load

from responder.checklist import POINTS, Facts, examine
from responder.cli import cli
from responder.errors import InputError
from responder.inventory import EXAMPLE, Inventory
from responder.sandbox import seed
from responder.sandbox.aws.kept_trail import Keeping

pytest_plugins = ["doctor_world"]

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ("dev", "prod")
PER_ENVIRONMENT = """
[credentials.s3-{0}]
kind = "aws-access-key"
user = "rentagpu-s3-{0}"
max_age = "90d"

[[credentials.s3-{0}.modal_secrets]]
environment = "{0}"
secret = "my-app-secrets"
identifier_key = "AWS_ACCESS_KEY_ID"
secret_key = "AWS_SECRET_ACCESS_KEY"
"""
QUICK = [point for point in POINTS if point.id != "isolation"]  # that one starts containers


def inventory_text():
    """The example's, with an IAM user for each environment in place of one for both."""
    text = EXAMPLE.read_text()
    begin, end = text.index("[credentials.s3]"), text.index("[credentials.ci-dev]")
    each = "".join(PER_ENVIRONMENT.format(name) for name in ENVIRONMENTS)
    text = text[:begin] + each + text[end:]
    for name in ENVIRONMENTS:
        text = text.replace('runs_with = ["s3"]', f'runs_with = ["s3-{name}"]', 1)
    return text


@pytest.fixture(scope="module")
def baseline(three_planes, tmp_path_factory):
    """The guide's: nothing is shared between the environments."""
    for name in ENVIRONMENTS:
        three_planes.aws.add_user(f"rentagpu-s3-{name}", allowing(["s3:GetObject", "s3:PutObject"], name))
        key = three_planes.aws.add_access_key(f"rentagpu-s3-{name}")
        fresh = {"AWS_ACCESS_KEY_ID": key.access_key_id, "AWS_SECRET_ACCESS_KEY": key.secret_access_key}
        three_planes.modal.set_secret_values("my-app-secrets", name, fresh)
    folder = tmp_path_factory.mktemp("baseline")
    (folder / "respond.toml").write_text(inventory_text())
    return Inventory.load(folder / "respond.toml", {}, folder)


@pytest.fixture
def broken(baseline, world):
    """The baseline, for a test to break; put back afterwards."""
    return world


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "executor"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", folder], check=True)
    (folder / ".gitignore").write_text("*.env\n.env*\n.modal.toml\n")
    (folder / "app.py").write_text("print('hello')\n")
    commit(folder)
    return folder


def commit(folder):
    subprocess.run(["git", "-C", folder, "add", "-Af"], check=True)


def allowing(actions, bucket="rentagpu-artifacts"):
    statement = {"Effect": "Allow", "Action": actions, "Resource": f"arn:aws:s3:::{bucket}/*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def looked(world, project, inventory, points=tuple(QUICK), now=None):
    connections = world.connections(world.environ)
    facts = Facts(connections, inventory, project, now or datetime.now(UTC))
    return list(examine(facts, points))


def verdicts(results):
    return {result.point.id: result.verdict for result in results if result.verdict != "pass"}


def of(results, point):
    [result] = [one for one in results if one.point.id == point]
    return " ".join(f"{look.evidence} {look.mend}" for look in result.looks if look.verdict != "pass")


def test_the_guides_baseline_passes_every_point(broken, baseline, project):
    [twin, *_] = baseline.workloads
    workloads = (*baseline.workloads, twin.model_copy(update={"name": "of-the-same-environment"}))
    inventory = baseline.model_copy(update={"workloads": workloads})
    results = looked(broken, project, inventory, POINTS)
    assert verdicts(results) == {}, [one.looks for one in results if one.verdict != "pass"]
    assert len(results) == len(POINTS)


def test_values_that_two_environments_share_are_found_without_being_read(broken, baseline, project):
    same = {"HF_TOKEN": "hf_of-both-environments"}
    for name in ENVIRONMENTS:
        broken.modal.set_secret_values("my-app-secrets", name, same)
    results = looked(broken, project, baseline, POINTS)
    assert verdicts(results) == {"isolation": "fail"}
    told = of(results, "isolation")
    assert "run with the same HF_TOKEN." in told
    assert same["HF_TOKEN"] not in repr(results)


def test_a_credential_of_two_environments_is_told_from_the_inventory_alone(broken, project):
    results = looked(broken, project, load())
    assert "s3 is in dev and prod" in of(
        looked(broken, project, load(), [p for p in POINTS if p.id == "isolation"]), "isolation"
    )
    assert verdicts(results) == {}


def plaintext(world, project):
    key = world.leaked
    pair = f"AWS_ACCESS_KEY_ID={key.access_key_id}\nAWS_SECRET_ACCESS_KEY={key.secret_access_key}\n"
    (project / "my notes.txt").write_text(f"first line\n{pair}")
    commit(project)


def not_ignored(_world, project):
    (project / ".gitignore").unlink()


def committed(_world, project):
    (project / ".env").write_text("PASSWORD=x\n")
    commit(project)


def token_file(_world, project):
    (project / ".modal.toml").write_text("[default]\n")


def token_file_below(_world, project):
    (project / "tools/.aws").mkdir(parents=True)
    (project / "tools/.aws/credentials").write_text("[default]\n")


def open_prod(world, _project):
    def change(state):
        state.environments["prod"].restricted = False

    world.change_modal(change)


def too_many_roles(world, _project):
    def change(state):
        state.service_users["ci-dev"].roles["prod"] = "contributor"

    world.change_modal(change)


def wildcard(world, _project):
    world.aws.put_user_policy("rentagpu-s3-prod", "wide", allowing("s3:*"))


def everything(world, _project):
    policy = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    world.aws.put_user_policy("rentagpu-s3-dev", "wide", {"Version": "2012-10-17", "Statement": policy})


def every_bucket(world, _project):
    world.aws.put_user_policy("rentagpu-s3-prod", "wide", allowing(["s3:GetObject"], "*"))


def silent_permissions(world, _project):
    world.change_workflow("permissions: {}\n", "")
    world.change_workflow("    permissions:\n      contents: read # checkout\n", "")


def written_permissions(world, _project):
    world.change_workflow("permissions: {}\n", "permissions: {contents: write}\n")


def all_permissions_for_a_job(world, _project):
    world.change_workflow(
        "    permissions:\n      contents: read # checkout\n", "    permissions: write-all\n"
    )


def personal_token(world, _project):
    def change(state):
        [app] = [one for one in state.apps.values() if one.environment == "prod"]
        app.versions[-1].deployed_by = "sam"

    world.change_modal(change)


def no_reviewers(world, _project):
    world.github.add_environment(seed.REPOSITORY, "prod", branches=["main"])


def a_second_reviewer_and_either_for_themselves(world, _project):
    world.github.add_environment(seed.REPOSITORY, "prod", reviewers=["grace", "sam"], branches=["main"])


def reviewer_who_left(world, _project):
    state = world.github.snapshot()
    del state.repositories[seed.REPOSITORY].permissions["grace"]
    world.github.restore(state)


def team_of_nobody(world, _project):
    world.github.add_team("rentagpu", "release", repositories={seed.REPOSITORY: "write"})
    world.github.add_environment(seed.REPOSITORY, "prod", teams=["release"], branches=["main"])


def team_in_which_each_approves_their_own(world, _project):
    people = ["grace", "sam"]
    world.github.add_team("rentagpu", "release", people, repositories={seed.REPOSITORY: "write"})
    world.github.add_environment(seed.REPOSITORY, "prod", teams=["release"], branches=["main"])


def every_branch(world, _project):
    world.github.add_environment(seed.REPOSITORY, "prod", reviewers=["grace"])


def protected_branches_of_which_there_are_none(world, _project):
    state = world.github.snapshot()
    state.repositories[seed.REPOSITORY].environments["prod"].branch_policy = "protected"
    for branch in state.repositories[seed.REPOSITORY].branches.values():
        branch.protected = False
    world.github.restore(state)


def no_branch(world, _project):
    state = world.github.snapshot()
    state.repositories[seed.REPOSITORY].environments["prod"].branch_patterns = {}
    world.github.restore(state)


def another_branch(world, _project):
    world.github.add_environment(seed.REPOSITORY, "prod", reviewers=["grace"], branches=["main", "hotfix"])


def implicit_environment(world, _project):
    world.change_workflow("      MODAL_ENVIRONMENT: ${{ inputs.environment || 'dev' }}\n", "      X: y\n")
    world.change_workflow('modal deploy -e "$MODAL_ENVIRONMENT" gpu_app', "modal deploy gpu_app")


def environment_in_a_comment(world, project):
    implicit_environment(world, project)
    world.change_workflow("      X: y\n", "      X: y # MODAL_ENVIRONMENT: dev\n")
    world.change_workflow("jobs:\n", "# modal deploy --env dev\njobs:\n")


def trail_off(world, _project):
    world.aws.keep_trail(Keeping(on=False))


def trail_that_fails_to_deliver(world, _project):
    world.aws.keep_trail(Keeping(error="AccessDenied"))


def trail_of_reads(world, _project):
    world.aws.keep_trail(Keeping(reads_only=True))


@pytest.mark.parametrize(
    ("breaks", "point", "says"),
    [
        (plaintext, "plaintext", "my notes.txt holds the aws-access-key AKIA"),
        (plaintext, "plaintext", "respond leak --file 'my notes.txt',"),
        (not_ignored, "ignored", "git would take .env"),
        (committed, "ignored", "git keeps .env"),
        (token_file, "token-files", ".modal.toml is inside the project"),
        (token_file_below, "token-files", "mv tools/.aws/credentials ~/.aws/credentials"),
        (open_prod, "restricted", "Every member of the workspace may change Modal environment prod"),
        (too_many_roles, "roles", "ci-dev is contributor in prod"),
        (wildcard, "policies", "policy wide allows s3:*"),
        (everything, "policies", "policy wide allows all but what it names"),
        (every_bucket, "policies", "s3:GetObject on everything"),
        (silent_permissions, "workflow-permissions", "says no `permissions:`"),
        (written_permissions, "workflow-permissions", "gives its jobs contents: write"),
        (all_permissions_for_a_job, "workflow-permissions", "gives its jobs write-all"),
        (personal_token, "personal-tokens", "deployed by sam, which is no service user"),
        (no_reviewers, "protection", "Nobody has to approve"),
        (reviewer_who_left, "protection", "nobody of them can any more"),
        (team_of_nobody, "protection", "release must approve what is deployed to environment prod"),
        (a_second_reviewer_and_either_for_themselves, "protection", "Whoever of grace, sam deploys"),
        (team_in_which_each_approves_their_own, "protection", "Prevent self-review"),
        (every_branch, "protection", "Every branch may deploy"),
        (protected_branches_of_which_there_are_none, "protection", "Every branch may deploy"),
        (no_branch, "protection", "No branch may deploy"),
        (another_branch, "protection", "hotfix may deploy"),
        (
            implicit_environment,
            "explicit-environment",
            "the default: modal deploy gpu_app",
        ),
        (
            environment_in_a_comment,
            "explicit-environment",
            "the default: modal deploy gpu_app",
        ),
        (trail_off, "logs", "management-events is off"),
        (trail_off, "logs", "aws cloudtrail start-logging --name management-events"),
        (trail_that_fails_to_deliver, "logs", "fails to write to bucket rentagpu-audit: AccessDenied"),
        (trail_of_reads, "logs", "leaves out the management events that change something"),
    ],
)
def test_what_is_broken_is_found_and_nothing_else(broken, baseline, project, breaks, point, says):
    breaks(broken, project)
    results = looked(broken, project, baseline)
    assert verdicts(results) == {point: "fail"}
    assert says in of(results, point)


def add_workflow(world, name, text):
    files = dict(world.github.snapshot().repositories[seed.REPOSITORY].branches["main"].files)
    files[f".github/workflows/{name}"] = text.encode()
    world.github.add_branch(seed.REPOSITORY, "main", files)


def test_a_workflow_that_cannot_be_read_leaves_the_others_to_be_judged(broken, baseline, project):
    add_workflow(broken, "odd.yml", "jobs: [\n")
    results = looked(broken, project, baseline)
    about = ("workflow-permissions", "explicit-environment")
    assert verdicts(results) == dict.fromkeys(about, "cannot tell")
    assert all("odd.yml does is not known" in of(results, one) for one in about)

    silent_permissions(broken, project)
    implicit_environment(broken, project)
    results = looked(broken, project, baseline)
    assert verdicts(results) == dict.fromkeys(about, "fail")
    assert "odd.yml does is not known" in of(results, "workflow-permissions")
    assert "says no `permissions:`" in of(results, "workflow-permissions")


@pytest.mark.parametrize(
    ("script", "explicit"),
    [
        ("MODAL_ENVIRONMENT=prod modal deploy app.py", True),
        ("modal deploy \\\n  --env prod app.py", True),
        ("modal deploy app.py -e prod", True),
        ("modal deploy -e dev a.py\nmodal deploy b.py", False),
        ("modal run app.py", False),
        ("modal deploy ${{ inputs.a || 'a.py' }} -e dev", True),
        ("echo MODAL_ENVIRONMENT=dev >> $GITHUB_ENV", True),
        ("MODAL_ENVIRONMENT=dev modal deploy a.py; modal deploy b.py", False),
        ("echo $MODAL_ENVIRONMENT; modal deploy app.py", False),
    ],
)
def test_each_command_must_say_where_it_deploys_to(broken, baseline, project, script, explicit):
    steps = [{"run": script}, {"run": "modal deploy c.py" if "GITHUB_ENV" in script else "true"}]
    text = {"on": "push", "permissions": {}, "jobs": {"a": {"runs-on": "x", "steps": steps}}}
    add_workflow(broken, "more.yml", json.dumps(text))
    points = [point for point in POINTS if point.id == "explicit-environment"]
    assert (verdicts(looked(broken, project, baseline, points)) == {}) is explicit


def test_reviewers_who_may_not_approve_their_own_will_do_be_they_a_team_or_people(broken, baseline, project):
    points = [point for point in POINTS if point.id == "protection"]
    team_in_which_each_approves_their_own(broken, project)
    broken.github.add_environment(
        seed.REPOSITORY, "prod", teams=["release"], branches=["main"], prevent_self_review=True
    )
    [result] = looked(broken, project, baseline, points)
    assert [look.evidence for look in result.looks] == [
        f"release must approve what is deployed to environment prod of {seed.REPOSITORY}.",
        f"Only main may deploy to environment prod of {seed.REPOSITORY}.",
    ]


def test_a_team_that_is_not_shown_is_never_a_pass(broken, baseline, project):
    team_in_which_each_approves_their_own(broken, project)
    stranger = broken.github.add_token("grace")
    state = broken.github.snapshot()
    del state.people["rentagpu"].members["grace"]
    broken.github.restore(state)
    connections = broken.connections({**broken.environ, "GITHUB_TOKEN": stranger})
    facts = Facts(connections, baseline, project, datetime.now(UTC))
    [result] = examine(facts, [point for point in POINTS if point.id == "protection"])
    assert result.verdict == "cannot tell"
    assert "is not shown it" in result.looks[0].evidence


@pytest.mark.parametrize("silent", [None, 100_000])
def test_a_trail_that_has_long_written_nothing_may_be_lost(broken, baseline, project, silent):
    broken.aws.keep_trail(Keeping(silent=silent))
    results = looked(broken, project, baseline)
    assert verdicts(results) == {"logs": "cannot tell"}
    assert "has written nothing for a day" in of(results, "logs")


def test_what_the_inventory_names_and_nobody_has_is_never_a_pass(broken, baseline, project, tmp_path):
    text = inventory_text().replace("rentagpu-s3-prod", "gone").replace("ci-prod", "gone-too")
    (tmp_path / "respond.toml").write_text(text.replace("rentagpu-executor", "no-such-app"))
    inventory = Inventory.load(tmp_path / "respond.toml", {}, tmp_path)
    results = looked(broken, project, inventory)
    untold = ("roles", "policies", "ages", "personal-tokens")
    assert verdicts(results) == dict.fromkeys(untold, "cannot tell")
    for point in untold:
        assert "respond.toml" in of(results, point) or "gone" in of(results, point)


def test_where_there_is_nothing_to_look_at_that_is_said(broken, project):
    results = looked(broken, project, Inventory(), POINTS)
    assert all(result.looks for result in results)
    assert "names nothing to look at" in of(results, "roles")
    assert "respond inventory discover" in of(results, "workflow-permissions")


def test_a_file_that_nobody_may_read_is_no_clean_one(broken, baseline, project):
    (project / "huge.bin").write_bytes(b"")
    commit(project)
    os.truncate(project / "huge.bin", 20_000_001)
    results = looked(broken, project, baseline)
    assert verdicts(results) == {"plaintext": "cannot tell"}
    assert "huge.bin was not read" in of(results, "plaintext")


def test_what_has_grown_too_old_is_named_with_the_command_that_replaces_it(broken, baseline, project):
    later = datetime.now(UTC) + timedelta(days=100)
    points = [point for point in QUICK if point.id != "logs"]
    results = looked(broken, project, baseline, points, now=later)
    assert verdicts(results) == {"ages": "fail"}
    assert "respond rotate s3-prod" in of(results, "ages")


def test_without_a_policy_it_may_grow_as_old_as_it_likes(broken, baseline, project, tmp_path):
    (tmp_path / "respond.toml").write_text(inventory_text().replace('max_age = "90d"', ""))
    inventory = Inventory.load(tmp_path / "respond.toml", {}, tmp_path)
    assert verdicts(looked(broken, project, inventory)) == {"ages": "fail"}


def test_a_journal_that_is_anchored_nowhere_fails(broken, baseline, project):
    nowhere = baseline.model_copy(update={"audit": type(baseline.audit)()})
    assert verdicts(looked(broken, project, nowhere)) == {"anchors": "fail"}


def test_what_nobody_can_read_is_never_a_pass(broken, baseline, project, tmp_path):
    """An operator with no rights at AWS, and a folder that is no repository."""
    broken.aws.add_user("nobody")
    key = broken.aws.add_access_key("nobody")
    connections = broken.connections(broken.signed_in_to_aws(key))
    facts = Facts(connections, baseline, tmp_path, datetime.now(UTC))
    found = verdicts(list(examine(facts, QUICK)))
    untold = ("plaintext", "ignored", "token-files", "policies", "ages", "logs")
    assert found == dict.fromkeys(untold, "cannot tell")


def respond(world, project, *arguments):
    env = {**world.environ, "PATH": "/usr/bin:/bin", "HOME": str(project), "COLUMNS": "80"}
    env["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    command = [sys.executable, "-m", "responder", "--home", str(project.parent / "home"), "check", *arguments]
    return subprocess.run(command, env=env, cwd=project, capture_output=True, text=True, check=False)


def test_the_command_says_all_of_it_to_people_machines_and_readmes(broken, baseline, project):
    (project / "respond.toml").write_text(inventory_text())
    no_reviewers(broken, project)
    some = [f"--only={point}" for point in ("protection", "explicit-environment", "logs")]

    shown = respond(broken, project, *some, "--sarif", "check.sarif", "--badge", "badge.svg")
    plain = respond(broken, project, *some, "--json")

    assert shown.returncode == plain.returncode == 4, shown.stderr
    assert shown.stdout.splitlines()[-1] == "2 pass, 1 fail, 0 cannot tell"
    assert "Mend: Its page: Settings > Environments" in shown.stdout
    said = [json.loads(line) for line in plain.stdout.splitlines()]
    assert [(one["point"], one["verdict"]) for one in said] == [
        ("protection", "fail"),
        ("explicit-environment", "pass"),
        ("logs", "pass"),
    ]
    log = json.loads((project / "check.sarif").read_text())
    schema = json.loads((ROOT / "tests/audit/data/sarif-2.1.0/sarif-2.1.0-rtm.5.json").read_text())
    jsonschema.validate(log, schema)
    assert [one["ruleId"] for one in log["runs"][0]["results"]] == ["respond/protection"]
    assert "respond check: 2 of 3" in (project / "badge.svg").read_text()


def test_an_unknown_point_is_told_with_those_that_there_are(broken, baseline, project):
    (project / "respond.toml").write_text(inventory_text())
    refused = respond(broken, project, "--only", "nonsense")
    assert refused.returncode == 2
    assert "There is no point nonsense" in refused.stderr
    assert "protection" in refused.stderr


def test_what_a_fix_prints_is_no_json_so_both_at_once_are_refused(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="Both --json and --fix"):
        cli.main(["--home", str(tmp_path), "check", "--json", "--fix"], standalone_mode=False)
