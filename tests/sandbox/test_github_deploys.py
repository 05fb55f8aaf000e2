"""The repository's own workflow deploys its own app, with the token that GitHub's secrets hold."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from github_world import REPOSITORY, a_world

from responder.sandbox.github.plane import files_below
from responder.sandbox.modal import ModalPlane, Token

ROOT = Path(__file__).parents[2]
CLIENT = """
import json, modal
print(json.dumps(modal.Function.from_name("rentagpu-executor", {name!r}).remote({arguments})))
"""


@pytest.fixture
def modal_plane():
    plane = ModalPlane()
    plane.add_member("ada", "ada@rentagpu.example", role="owner")
    for environment in ("dev", "prod"):
        plane.add_environment(environment)
        plane.add_secret(
            "my-app-secrets",
            environment,
            {"AWS_ACCESS_KEY_ID": f"AKIA{environment}", "AWS_SECRET_ACCESS_KEY": "secret"},
            created_by="ada",
        )
    yield plane
    plane.stop()


@pytest.fixture
def modal_env(modal_plane, tmp_path):
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "MODAL_SERVER_URL": modal_plane.start(),
        "MODAL_CONFIG_PATH": str(tmp_path / "modal.toml"),
    }


@pytest.fixture
def world(modal_env):
    workflow = (ROOT / ".github/workflows/modal_deploy.yml").read_bytes()
    with a_world(workflow=workflow, runner_env=modal_env, auto_approve=0.0) as world:
        app = {f"gpu_app/{name}": data for name, data in files_below(ROOT / "gpu_app").items()}
        world.plane.add_branch(REPOSITORY, "main", {".github/workflows/modal_deploy.yml": workflow, **app})
        yield world


def give_token(world, environment, token):
    place = world.repository().get_environment(environment)
    place.create_secret("MODAL_TOKEN_ID", token.token_id)
    place.create_secret("MODAL_TOKEN_SECRET", token.token_secret)


def call(modal_env, token, name, arguments=""):
    env = {
        **os.environ,
        **modal_env,
        "MODAL_TOKEN_ID": token.token_id,
        "MODAL_TOKEN_SECRET": token.token_secret,
        "MODAL_ENVIRONMENT": "prod",
    }
    program = CLIENT.format(name=name, arguments=arguments)
    return subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_deploy_workflow_deploys_with_the_token_in_the_environment(world, modal_plane, modal_env):
    token = modal_plane.add_service_user("ci-prod", {"prod": "contributor"}, created_by="ada")
    give_token(world, "prod", token)
    run = world.dispatch("prod", request="run-17")
    assert world.wait(run.id)["conclusion"] == "success", world.log(run.id)
    assert world.run(run.id)["title"] == "Deploy prod run-17"
    assert [(app["environment"], app["name"]) for app in modal_plane.world()["apps"]] == [
        ("prod", "rentagpu-executor")
    ]
    log = "\n".join(world.log(run.id))
    assert token.token_secret not in log

    answer = call(modal_env, token, "identity")
    assert '"aws_access_key_id": "AKIAprod"' in answer.stdout, answer.stderr
    answer = call(modal_env, token, "run_gpu_job", "{'kind': 'mine'}")
    assert "The payload is wrong." in answer.stderr

    modal_plane.set_secret_values("my-app-secrets", "prod", {"AWS_ACCESS_KEY_ID": "AKIAfresh"})
    again = world.dispatch("prod")
    assert world.wait(again.id)["conclusion"] == "success", "\n".join(world.log(again.id))
    proofs = [proven(world, one.id) for one in (run, again)]
    assert [key for _, key in proofs] == ["AKIAprod", "AKIAfresh"]
    assert proofs[0] != proofs[1], "unchanged code is not deployed again, and yet a fresh container answers"


def proven(world, run_id):
    [said] = [line for line in world.log(run_id) if line.startswith("rentagpu-executor in prod: ")]
    return said.removesuffix(".").partition(": ")[2].split(" answers with ")


def test_prod_is_deployed_from_no_other_branch_though_the_environment_lets_it(world, modal_plane):
    token = modal_plane.add_service_user("ci-prod", {"prod": "contributor"}, created_by="ada")
    world.plane.add_environment(REPOSITORY, "prod")
    give_token(world, "prod", token)
    world.plane.add_branch(REPOSITORY, "mine")
    run = world.dispatch("prod", ref="mine")
    assert world.wait(run.id)["conclusion"] == "failure"
    assert "prod is deployed from main only, and this is refs/heads/mine." in world.log(run.id)


def test_the_deploy_workflow_fails_with_a_token_that_is_dead(world, modal_plane):
    live = modal_plane.add_service_user("ci-prod", {"prod": "contributor"}, created_by="ada")
    give_token(world, "prod", Token(live.token_id, "as-of-another-token"))
    run = world.dispatch("prod")
    assert world.wait(run.id)["conclusion"] == "failure"
    steps = {step["name"]: step["conclusion"] for step in world.run(run.id)["jobs"][0]["steps"]}
    assert (steps["Verify authentication"], steps["Deploy"]) == ("failure", "skipped")
    assert modal_plane.world()["apps"] == []
