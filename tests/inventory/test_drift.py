"""What is in the inventory and not there, and what is there and not in it, each with what to do."""

import pytest

from responder.action import Connections
from responder.inventory import EXAMPLE, Inventory
from responder.inventory.drift import drift
from responder.providers.aws.connection import AwsConnection
from responder.providers.modal.connection import ModalConnection
from responder.sandbox import seed

pytest_plugins = ("estate",)

REPOSITORY, SECRET, USER = seed.REPOSITORY, seed.APP_SECRET, seed.KEY_OWNER


def differences(estate, text=None, tmp_path=None, **env):
    path = EXAMPLE
    if text is not None:
        path = tmp_path / "respond.toml"
        path.write_text(text)
    return drift(Inventory.load(path, {}, path.parent), estate.survey(**env))


def told(found, side):
    return [one.what for one in found if one.side == side]


def test_the_sandbox_agrees_with_its_inventory(estate):
    assert differences(estate) == ()


@pytest.fixture(scope="module")
def seen(started):
    return started.survey()


OWN = """[[credentials.ci-dev.github_repositories]]
identifier_key = "OWN_ID"
secret_key = "OWN_SECRET"
"""
GONE = [
    ('user = "rentagpu-s3"', 'user = "rentagpu-s4"', "There is no IAM user rentagpu-s4."),
    ('user = "rentagpu-s3"', 'user = "CHOOSE: which?"', "credentials.s3: whose it is has yet to be chosen."),
    ('service_user = "ci-dev"', 'service_user = "ci"', "There is no Modal service user ci, nor"),
    ('secret = "my-app-secrets"', 'secret = "mine"', "There is no Modal Secret dev/mine."),
    (
        'identifier_key = "AWS_ACCESS_KEY_ID"',
        'identifier_key = "KEY_ID"',
        "Modal Secret dev/my-app-secrets has no KEY_ID.",
    ),
    (
        'environment = "dev"\nsecret',
        'environment = "test"\nsecret',
        "There is no Modal environment test.",
    ),
    (
        'environment = "dev"\nidentifier',
        'environment = "test"\nidentifier',
        f"There is no GitHub environment test of {REPOSITORY}.",
    ),
    (
        'secret_key = "MODAL_TOKEN_SECRET"',
        'secret_key = "MODAL_SECRET"',
        f"GitHub environment dev of {REPOSITORY} has no MODAL_SECRET.",
    ),
    (
        "[[credentials.ci-dev.github_environments]]\nenvironment",
        f"{OWN}\n[[credentials.ci-dev.github_environments]]\nenvironment",
        f"GitHub repository {REPOSITORY} has no OWN_ID, OWN_SECRET.",
    ),
    ('app = "rentagpu-executor"', 'app = "executor"', "No app executor is deployed in dev."),
    (
        'function = "identity"',
        'function = "whoami"',
        "rentagpu-executor in dev has no function whoami.",
    ),
    ('file = "modal_deploy.yml"', 'file = "ship.yml"', f"{REPOSITORY} has no workflow ship.yml."),
    (
        'guarded_environments = ["prod"]',
        'guarded_environments = ["prod", "live"]',
        "No environment is called live, so to guard it guards nothing.",
    ),
]


@pytest.mark.parametrize(("right", "wrong", "what"), GONE)
def test_what_no_service_has_is_told_with_what_to_do(seen, tmp_path, right, wrong, what):
    path = tmp_path / "respond.toml"
    path.write_text(EXAMPLE.read_text().replace(right, wrong, 1))
    found = drift(Inventory.load(path, {}, tmp_path), seen)
    assert [one for one in told(found, "gone") if one.startswith(what)], found
    assert all(one.do and one.about for one in found)


def test_a_user_without_an_active_key_is_told(estate):
    connections = Connections(estate.env)
    iam = connections.get(AwsConnection).iam
    iam.update_access_key(UserName=USER, AccessKeyId=estate.leaked.access_key_id, Status="Inactive")
    connections.close()
    assert told(differences(estate), "gone") == [f"{USER} has no active access key."]


def test_a_credential_that_the_app_is_not_given_any_more_is_told(estate, tmp_path):
    estate.modal.add_secret("empty", "dev", {"A": "b"}, created_by="ada")
    estate.deploy_another(tmp_path, "rentagpu-executor", "dev", secret="empty")
    assert "No function of rentagpu-executor in dev is given s3." in told(differences(estate), "gone")


def test_new_secrets_with_telling_names_are_told(estate):
    pair = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "x")
    estate.modal.add_secret("tools", "dev", pair, created_by="sam")
    estate.github.put_environment_secret(REPOSITORY, "dev", "AWS_SECRET_ACCESS_KEY", "x")
    estate.github.put_organization_secret("rentagpu", "MODAL_TOKEN_ID", "x")
    found = told(differences(estate), "new")
    assert [one.partition(", since")[0] for one in found] == [
        "Modal Secret dev/tools has AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        f"GitHub {REPOSITORY}, secrets of its organisation has MODAL_TOKEN_ID",
        f"GitHub {REPOSITORY}, environment dev has AWS_SECRET_ACCESS_KEY",
    ]


def test_what_the_repository_keeps_is_told_until_the_inventory_places_it(estate, tmp_path):
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"):
        estate.github.put_repository_secret(REPOSITORY, name, "x")
    (found,) = (one for one in differences(estate) if one.side == "new")
    assert found.what.startswith(f"GitHub {REPOSITORY}, secrets of the repository has MODAL_TOKEN_ID and")
    assert "github_repositories" in found.do
    here = "[[credentials.ci-dev.github_environments]]"
    own = here.replace("environments", "repositories")
    pair = 'identifier_key = "MODAL_TOKEN_ID"\nsecret_key = "MODAL_TOKEN_SECRET"'
    text = EXAMPLE.read_text().replace(here, f"{own}\n{pair}\n\n{here}")
    assert differences(estate, text, tmp_path) == ()


def test_names_that_the_inventory_itself_uses_tell_elsewhere_too(estate, tmp_path):
    text = EXAMPLE.read_text().replace('"AWS_ACCESS_KEY_ID"', '"S3_ID"', 1)
    text = text.replace('"AWS_SECRET_ACCESS_KEY"', '"S3_PASS"', 1)
    estate.modal.add_secret("tools", "prod", {"S3_ID": "x", "S3_PASS": "y"}, created_by="sam")
    found = told(differences(estate, text, tmp_path), "new")
    assert any(one.startswith("Modal Secret prod/tools has S3_ID and S3_PASS") for one in found)


def test_new_users_and_keys_are_told(estate):
    estate.modal.add_service_user("robot", {"prod": "contributor"}, created_by="sam")
    estate.modal.add_service_user("ci-dev--3f9a2c7k", {"dev": "contributor"}, created_by="ada")
    estate.aws.add_user("backdoor")
    stranger, second = estate.aws.add_access_key("backdoor"), estate.aws.add_access_key(USER)
    robot, *users = told(differences(estate), "new")
    backdoor, two = sorted(users)
    assert robot.startswith("Modal service user robot (contributor in prod, made ")
    assert backdoor.startswith(f"IAM user backdoor has {stranger.access_key_id} (made ")
    assert two.startswith(f"{USER} has two active keys: ")
    assert second.access_key_id in two


def test_a_proxy_token_is_told_until_the_inventory_names_it_and_when_it_is_gone(estate, tmp_path):
    connections = Connections(estate.env)
    modal = connections.get(ModalConnection)
    token = modal.run("WebhookTokenCreate", lambda: modal.workspace.proxy_tokens.create.aio(name="hook"))
    connections.close()
    (new,) = told(differences(estate), "new")
    assert new.startswith(f"Modal proxy token {token.token_id}, hook, (made 20")
    text = EXAMPLE.read_text()
    named = '\n[credentials.hook]\nkind = "modal-proxy-token"\nidentifiers = ["{}"]\n'
    assert differences(estate, text + named.format(token.token_id), tmp_path) == ()
    lacking = differences(estate, text + named.format("wk-nobodys"), tmp_path)
    assert told(lacking, "gone") == ["There is no Modal proxy token wk-nobodys."]


def test_an_app_that_is_given_a_known_secret_is_told_and_one_that_is_given_nothing_is_not(estate, tmp_path):
    estate.modal.add_secret("empty", "prod", {"A": "b"}, created_by="ada")
    estate.deploy_another(tmp_path, "sidecar", "prod")
    (app,) = told(differences(estate), "new")
    assert app == f"App sidecar in prod is given {SECRET} and was deployed by ci-prod, and is no workload."


def test_a_workload_that_is_given_more_than_the_inventory_says_is_told(estate, tmp_path):
    text = EXAMPLE.read_text().replace('runs_with = ["s3"]', "runs_with = []", 1)
    text = text.replace('deployed_with = ["ci-dev"]', "deployed_with = []", 1)
    assert told(differences(estate, text, tmp_path), "new") == [
        "rentagpu-executor in dev runs with s3 too.",
        "rentagpu-executor in dev was deployed by ci-dev.",
    ]


def test_a_protected_environment_without_a_guard_is_told(estate, tmp_path):
    text = EXAMPLE.read_text().replace('guarded_environments = ["prod"]', "guarded_environments = []", 1)
    assert told(differences(estate, text, tmp_path), "new") == [
        "Environment prod is not guarded here, though Modal restricts it."
    ]


def test_what_could_not_be_read_is_never_called_gone(estate):
    found = differences(
        estate,
        AWS_SECRET_ACCESS_KEY="wrong",
        MODAL_TOKEN_SECRET="as-wrong",
        GITHUB_TOKEN="ghp_wrong",
    )
    assert found == ()
