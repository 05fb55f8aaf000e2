"""The package's own command line against the sandbox, as a person types it."""

import json

pytest_plugins = ("modal_world",)


def run(world, token, *arguments: str) -> str:
    done = world.cli(token, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_token_info_names_the_service_user_until_it_is_deleted(modal_world):
    assert "Service User: ci-prod" in run(modal_world, modal_world.ci_prod, "token", "info")
    run(modal_world, modal_world.ada, "workspace", "service-users", "delete", "ci-prod", "--yes")
    refused = modal_world.cli(modal_world.ci_prod, "token", "info")
    assert refused.returncode == 1
    assert "Token missing, unknown, disabled or expired." in refused.stderr


def test_a_service_user_is_created_and_given_a_role(modal_world):
    users = ("workspace", "service-users")
    shown = run(modal_world, modal_world.ada, *users, "create", "ci-prod--3f9a2c7k")
    run(modal_world, modal_world.ada, *users, "set-role", "ci-prod--3f9a2c7k", "prod", "contributor")
    listed = json.loads(run(modal_world, modal_world.ada, *users, "list", "--json"))
    made = modal_world.plane.world()["service_users"][-1]
    assert made["token_secret"] in shown
    assert listed[-1]["token_id"] == made["token_id"]
    assert listed[-1]["environment_roles"] == {"prod": "contributor"}


def test_secrets_and_environments_are_listed(modal_world):
    secrets = json.loads(run(modal_world, modal_world.ada, "secret", "list", "-e", "prod", "--json"))
    assert [secret["name"] for secret in secrets] == ["my-app-secrets"]
    environments = json.loads(run(modal_world, modal_world.ada, "environment", "list", "--json"))
    assert [environment["name"] for environment in environments] == ["dev", "prod"]


def test_an_app_is_deployed_rolled_over_and_stopped(modal_world):
    deploy = ("deploy", str(modal_world.tiny), "-e", "prod")
    assert "App deployed" in run(modal_world, modal_world.ci_prod, *deploy)
    assert "Deployment skipped" in run(modal_world, modal_world.ci_prod, *deploy)
    old = modal_world.function("identity").remote()["task"]
    assert old in run(modal_world, modal_world.ada, "container", "list", "-e", "prod")
    run(modal_world, modal_world.ada, "app", "rollover", "tiny", "-e", "prod", "--strategy", "recreate")
    assert modal_world.containers() == []
    history = json.loads(run(modal_world, modal_world.ada, "app", "history", "tiny", "-e", "prod", "--json"))
    assert [(v["version"], v["deployed_by"]) for v in history] == [("v2", "ada"), ("v1", "ci-prod")]
    run(modal_world, modal_world.ada, "app", "stop", "tiny", "-e", "prod", "--yes")
    assert [app["state"] for app in modal_world.plane.world()["apps"]] == ["stopped"]
