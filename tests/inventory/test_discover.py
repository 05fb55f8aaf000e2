"""What the services say of credentials is told as it is there, and what they do not say is told as unread."""

import threading

import pytest

from responder.action import Connections
from responder.discover import Survey, named_in
from responder.inventory import Inventory
from responder.places import Family, Read
from responder.sandbox import seed

pytest_plugins = ("estate",)

REPOSITORY = seed.REPOSITORY


def labels(found, family):
    return {place.label: place.names for place in found.places() if place.family is family}


def test_the_seeded_world_is_told_whole(estate):
    found = estate.survey()
    assert found.unread == ()
    assert labels(found, Family.AWS) == dict.fromkeys(
        ("Modal Secret dev/my-app-secrets", "Modal Secret prod/my-app-secrets"),
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    )
    assert set(labels(found, Family.MODAL)) == {
        f"GitHub {REPOSITORY}, environment {name}" for name in ("dev", "prod")
    }
    assert all(place.since for place in found.places())
    assert [(one.name, one.restricted) for one in found.modal_environments] == [
        ("dev", False),
        ("prod", True),
    ]
    assert [(one.name, one.protected) for one in found.github_environments] == [
        ("dev", False),
        ("prod", True),
    ]
    assert {one.name: one.roles for one in found.service_users} == {
        "ci-dev": {"dev": "contributor"},
        "ci-prod": {"prod": "contributor"},
    }
    assert {user.name: len(user.active) for user in found.iam_users} == {
        "respond-operator": 1,
        "rentagpu-s3": 1,
    }
    assert found.ours == (("aws", "respond-operator"),)


def test_an_app_is_told_with_who_deployed_it_and_which_functions_are_given_a_secret(estate, tmp_path):
    estate.deploy_another(tmp_path, "sidecar", "prod")
    found = estate.survey()
    secrets = {one.environment: one.secret_id for one in found.modal_secrets}
    apps = {(app.name, app.environment): app for app in found.modal_apps}
    assert {where: app.deployed_by for where, app in apps.items()} == {
        ("rentagpu-executor", "dev"): "ci-dev",
        ("rentagpu-executor", "prod"): "ci-prod",
        ("sidecar", "prod"): "ci-prod",
    }
    assert apps["sidecar", "prod"].functions_with([secrets["prod"]]) == ("work",)
    assert apps["sidecar", "prod"].functions_with([secrets["dev"]]) == ()
    assert "identity" in apps["rentagpu-executor", "dev"].functions_with([secrets["dev"]])
    assert all(app.is_told for app in apps.values())


def test_the_workflow_that_deploys_is_told_with_what_it_uses_and_takes(estate):
    (workflow,) = estate.survey().workflows
    assert (workflow.file, workflow.ref, workflow.deploys) == (
        "modal_deploy.yml",
        "main",
        ("gpu_app/app.py",),
    )
    assert workflow.names == ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET")
    assert workflow.inputs == {"environment": ("dev", "prod"), "request": ()}


def test_secrets_and_variables_of_the_repository_and_its_organisation_are_found(estate):
    estate.github.put_repository_variable(REPOSITORY, "PROD_AWS_ACCESS_KEY_ID", "AKIA")
    estate.github.put_repository_secret(REPOSITORY, "PROD_AWS_SECRET_ACCESS_KEY", "x")
    estate.github.put_organization_secret("rentagpu", "MODAL_TOKEN_SECRET", "as-1")
    found = estate.survey()
    assert labels(found, Family.AWS)[f"GitHub {REPOSITORY}, secrets of the repository"] == (
        "PROD_AWS_ACCESS_KEY_ID",
        "PROD_AWS_SECRET_ACCESS_KEY",
    )
    assert labels(found, Family.MODAL)[f"GitHub {REPOSITORY}, secrets of its organisation"] == (
        "MODAL_TOKEN_SECRET",
    )


def test_every_page_of_a_long_list_is_read(estate):
    for number in range(130):
        estate.modal.add_secret(f"s{number}", "dev", {"K": "v"}, created_by="ada")
        estate.github.put_repository_variable(REPOSITORY, f"V{number}", "v")
    found = estate.survey()
    assert len([one for one in found.modal_secrets if one.environment == "dev"]) == 131
    assert len([one for one in found.github_secrets if one.variable]) == 130


def test_a_service_that_refuses_us_is_unread_and_the_others_are_told(estate):
    found = estate.survey(MODAL_TOKEN_SECRET="as-wrong", GITHUB_TOKEN="")
    assert len(found.iam_users) == 2
    assert found.read == {Read.IAM_USERS}
    assert any("the Modal environments" in one and "MODAL_TOKEN_ID" in one for one in found.unread)
    assert any(one.startswith("GitHub: ") and "GITHUB_TOKEN" in one for one in found.unread)
    assert not any("as-wrong" in one for one in found.unread)


def test_of_apps_that_are_known_already_nothing_is_asked(estate, tmp_path):
    estate.deploy_another(tmp_path, "sidecar", "prod")
    connections = Connections(estate.env)
    known = {("dev", "rentagpu-executor"), ("prod", "rentagpu-executor")}
    found = Survey(connections, [], services=("modal",), without=known).result()
    connections.close()
    assert [(app.environment, app.name) for app in found.modal_apps] == [("prod", "sidecar")]
    assert found.unread == ()


def test_who_has_no_account_at_a_service_is_not_told_that_it_was_not_read(estate, monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    env = {name: value for name, value in estate.env.items() if not name.startswith(("AWS_", "GITHUB_"))}
    nobody = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    connections = Connections({**env, **nobody})
    survey = Survey(connections, [REPOSITORY], needed=("modal", "github"))
    found = survey.result()
    connections.close()
    assert survey.left_out == ("AWS",)
    assert [one.partition(":")[0] for one in found.unread] == ["GitHub"]
    assert found.modal_secrets


@pytest.mark.parametrize(
    ("text", "services"),
    [
        ("", set()),
        ('[credentials.k]\nkind = "aws-access-key"\nuser = "u"\n', {"aws"}),
        ('[credentials.k]\nkind = "modal-proxy-token"\nidentifiers = ["wk-1"]\n', {"modal"}),
        ('[github]\nrepository = "a/b"\n', {"github"}),
    ],
)
def test_what_an_inventory_has_something_of_has_to_be_read(tmp_path, text, services):
    (tmp_path / "respond.toml").write_text(text)
    assert named_in(Inventory.load(None, {}, tmp_path)) == services


def test_what_the_operator_may_not_see_is_unread_not_empty(estate):
    estate.github.put_repository_secret(REPOSITORY, "AWS_SECRET_ACCESS_KEY", "x")
    sam = estate.modal.add_member_token("sam")
    estate.modal.add_environment("vault", restricted=True, default_role="no-access")
    found = estate.survey(
        MODAL_TOKEN_ID=sam.token_id,
        MODAL_TOKEN_SECRET=sam.token_secret,
        GITHUB_TOKEN=estate.github.add_user("stranger"),
    )
    assert Read.modal_secrets("vault") not in found.read
    assert Read.modal_secrets("dev") in found.read
    assert any("the Secrets of vault" in one for one in found.unread)
    assert Read.github_environments(REPOSITORY) not in found.read
    assert found.github_secrets == ()
    assert any(f"the environments of {REPOSITORY}" in one for one in found.unread)


def test_a_function_whose_definition_is_not_shown_may_be_given_any_secret(estate):
    for app in estate.modal._state.apps.values():
        for definition in app.current.definitions.values():
            definition.data.ClearField("ranked_functions")
    found = estate.survey()
    assert not any(app.is_told for app in found.modal_apps)
    assert any("the Secrets of identity of rentagpu-executor in prod" in one for one in found.unread)


def test_a_service_that_is_silent_holds_up_nobody(estate):
    silent = threading.Event()
    real = estate.github.app.wsgi_app

    def never(environ, start_response):
        silent.wait(60)
        return real(environ, start_response)

    estate.github.app.wsgi_app = never
    connections = Connections(estate.env)
    try:
        found = Survey(connections, [REPOSITORY], patience=1).result()
    finally:
        silent.set()
        estate.github.app.wsgi_app = real
        connections.close()
    assert found.github_secrets == ()
    assert any(one.endswith("no answer in time") and REPOSITORY in one for one in found.unread)
