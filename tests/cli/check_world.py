"""The guide's baseline in the sandbox, for `respond check`: a test breaks it, and it is put back."""

import subprocess
from datetime import UTC, datetime

import pytest
from apart_inventory import ENVIRONMENTS, apart

from responder.checklist import POINTS, Facts, examine
from responder.inventory import Inventory
from responder.sandbox import seed

QUICK = [point for point in POINTS if point.id != "isolation"]  # that one starts containers


@pytest.fixture(scope="module")
def baseline(three_planes, tmp_path_factory):
    """The guide's: nothing is shared between the environments."""
    for name in ENVIRONMENTS:
        three_planes.aws.add_user(f"rentagpu-s3-{name}", allowing(["s3:GetObject", "s3:PutObject"], name))
        key = three_planes.aws.add_access_key(f"rentagpu-s3-{name}")
        fresh = {"AWS_ACCESS_KEY_ID": key.access_key_id, "AWS_SECRET_ACCESS_KEY": key.secret_access_key}
        three_planes.modal.set_secret_values("my-app-secrets", name, fresh)
    folder = tmp_path_factory.mktemp("baseline")
    (folder / "respond.toml").write_text(apart())
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


def silent_permissions(world, _project):
    world.change_workflow("permissions: {}\n", "")
    world.change_workflow("    permissions:\n      contents: read # checkout\n", "")


def no_reviewers(world, _project):
    world.github.add_environment(seed.REPOSITORY, "prod", branches=["main"])


def team_in_which_each_approves_their_own(world, _project):
    people = ["grace", "sam"]
    world.github.add_team("rentagpu", "release", people, repositories={seed.REPOSITORY: "write"})
    world.github.add_environment(seed.REPOSITORY, "prod", teams=["release"], branches=["main"])


def implicit_environment(world, _project):
    world.change_workflow("      MODAL_ENVIRONMENT: ${{ inputs.environment || 'dev' }}\n", "      X: y\n")
    world.change_workflow('modal deploy -e "$MODAL_ENVIRONMENT" gpu_app', "modal deploy gpu_app")


def add_workflow(world, name, text):
    files = dict(world.github.snapshot().repositories[seed.REPOSITORY].branches["main"].files)
    files[f".github/workflows/{name}"] = text.encode()
    world.github.add_branch(seed.REPOSITORY, "main", files)
