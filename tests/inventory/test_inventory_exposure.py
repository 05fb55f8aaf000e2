"""The inventory says what hangs on a leaked credential."""

from datetime import timedelta

import pytest
from small_inventory import AKIA, AS, NOW, SMALL, access_key, load, service_user

from responder.exposure import (
    GithubEnvironmentPlacement,
    LeakedGithubToken,
    LeakedMemberToken,
    LeakedProxyToken,
    ModalSecretPlacement,
    Unidentified,
    Workflow,
)
from responder.found import Found, Kind
from responder.inventory import EXAMPLE, Credential, Inventory
from responder.secret import Secret


@pytest.fixture(scope="module")
def world():
    return Inventory.load(EXAMPLE, {}, EXAMPLE.parent)


def test_the_annotated_example_is_the_inventory_of_the_drill(world):
    assert {name: one.kind for name, one in world.credentials.items()} == {
        "s3": Kind.AWS_ACCESS_KEY,
        "ci-dev": Kind.MODAL_SERVICE_USER,
        "ci-prod": Kind.MODAL_SERVICE_USER,
    }
    assert [(place.credential, place.environment) for place in world.modal_secrets] == [
        ("s3", "dev"),
        ("s3", "prod"),
    ]
    assert world.github_environments == tuple(
        GithubEnvironmentPlacement(
            credential=f"ci-{environment}",
            repository="rentagpu/executor",
            environment=environment,
            identifier_key="MODAL_TOKEN_ID",
            secret_key="MODAL_TOKEN_SECRET",
        )
        for environment in ("dev", "prod")
    )
    dev, prod = world.workloads
    assert (dev.name, prod.name) == ("executor-dev", "executor-prod")
    assert prod.workflow == Workflow(
        repository="rentagpu/executor", file="modal_deploy.yml", ref="main", inputs={"environment": "prod"}
    )
    assert (prod.app, prod.function, prod.source) == ("rentagpu-executor", "identity", "gpu_app/app.py")
    assert (prod.runs_with, prod.deployed_with) == (("s3",), ("ci-prod",))
    assert world.guarded_environments == ("prod",)
    assert world.credentials["s3"].max_age == timedelta(days=90)


def test_what_a_repository_itself_keeps_is_exposed_beside_what_its_environments_do(tmp_path):
    own = """
[[credentials.ci.github_repositories]]
identifier_key = "MODAL_TOKEN_ID"
secret_key = "MODAL_TOKEN_SECRET"
"""
    known = load(tmp_path, SMALL.replace("[workloads.executor]", f"{own}\n[workloads.executor]"))
    places = known.exposure("x", NOW, [service_user("ci")]).github_environments
    assert [(one.repository, one.environment) for one in places] == [
        ("rentagpu/executor", "prod"),
        ("rentagpu/executor", ""),
    ]
    assert len({one.label for one in places}) == 2
    assert known.exposure("x", NOW, [service_user("ci")]).environments() == {"prod"}
    assert known.credentials["ci"].places[1] == "GitHub repository rentagpu/executor/MODAL_TOKEN_ID"


def test_every_placement_and_workload_of_a_leaked_access_key_is_exposed(world):
    exposure = world.exposure("prod.env", NOW, [access_key()])
    (leaked,) = exposure.access_keys
    assert (leaked.credential, leaked.known, leaked.life) == ("s3", True, "live")
    assert {place.environment for place in exposure.modal_secrets} == {"dev", "prod"}
    assert exposure.github_environments == ()
    assert [one.name for one in exposure.workloads] == ["executor-dev", "executor-prod"]
    assert (exposure.source, exposure.seen_at) == ("prod.env", NOW)


@pytest.mark.parametrize("name", ["ci-prod", "ci-prod--3f9a2c7k"])
def test_a_service_user_is_known_by_its_base_name_and_exposes_what_it_deploys(world, name):
    exposure = world.exposure("prod.env", NOW, [service_user(name)])
    (leaked,) = exposure.service_users
    assert (leaked.credential, leaked.known, leaked.name) == ("ci-prod", True, name)
    assert [place.credential for place in exposure.github_environments] == ["ci-prod"]
    assert exposure.modal_secrets == ()
    assert [one.name for one in exposure.workloads] == ["executor-prod"]


def test_a_service_user_whose_own_name_has_dashes_is_named_as_it_is(tmp_path):
    text = SMALL.replace('service_user = "ci"', 'service_user = "ci--staging"')
    inventory = load(tmp_path, text)
    assert inventory.match(service_user("ci--staging--3f9a2c7k")) == "ci"
    assert inventory.match(service_user("ci")) is None


def test_what_the_inventory_does_not_know_is_exposed_all_the_same(world):
    stranger = Found(kind=Kind.MODAL_TOKEN, identifier="ak-stranger", secret=Secret(AS))
    leaked = [access_key(user="someone"), service_user("ci"), access_key(user="", identifier="AKIAUNKNOWN")]
    exposure = world.exposure("-", NOW, leaked, [stranger])
    assert [(one.credential, one.known) for one in exposure.leaked()] == [
        (AKIA, False),
        ("AKIAUNKNOWN", False),
        ("ak-x", False),
    ]
    assert exposure.unidentified == (Unidentified.of(stranger),)
    assert (exposure.modal_secrets, exposure.github_environments, exposure.workloads) == ((), (), ())


def test_an_empty_inventory_knows_nothing_and_guards_prod():
    nothing = Inventory()
    assert nothing.match(access_key()) is None
    assert nothing.exposure("-", NOW, [access_key(user="")]).access_keys[0].known is False
    assert nothing.guarded_environments == ("prod",)


def test_a_credential_leaked_twice_is_exposed_once(world):
    exposure = world.exposure("-", NOW, [access_key(), access_key()])
    assert len(exposure.access_keys) == 1
    assert len(exposure.modal_secrets) == 2


def test_tokens_that_no_user_names_are_known_by_their_identifiers(tmp_path):
    fingerprint = Secret("ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5").fingerprint
    inventory = load(
        tmp_path,
        '[credentials.sam]\nkind = "modal-member-token"\nidentifiers = ["ak-old", "ak-sam"]\n'
        '[credentials.edge]\nkind = "modal-proxy-token"\nidentifiers = ["wk-1"]\n'
        f'[credentials.bot]\nkind = "github-token"\nidentifiers = ["{fingerprint}"]\n',
    )
    member = LeakedMemberToken(credential="ak-sam", known=False, identifier="ak-sam")
    proxy = LeakedProxyToken(credential="wk-1", known=False, identifier="wk-1")
    github = LeakedGithubToken(credential=fingerprint, known=False, identifier=fingerprint)
    exposure = inventory.exposure("-", NOW, [member, proxy, github])
    assert [one.credential for one in exposure.leaked()] == ["sam", "edge", "bot"]
    assert inventory.match(member.model_copy(update={"identifier": "ak-other"})) is None


def test_where_a_token_is_kept_that_no_run_can_replace_is_said_and_not_tried(tmp_path):
    sam = (
        '\n[credentials.sam]\nkind = "modal-member-token"\nidentifiers = ["ak-sam"]\n'
        '[[credentials.sam.modal_secrets]]\nenvironment = "dev"\nsecret = "tools"\n'
        'identifier_key = "TOKEN_ID"\nsecret_key = "TOKEN_SECRET"\n'
        '[[credentials.sam.github_environments]]\nenvironment = "dev"\n'
        'identifier_key = "SAM_ID"\nsecret_key = "SAM_SECRET"\n'
    )
    member = LeakedMemberToken(credential="ak-sam", known=False, identifier="ak-sam", note="It is sam's.")
    exposure = load(tmp_path, SMALL + sam).exposure("-", NOW, [member, access_key()])
    assert {place.credential for place in exposure.modal_secrets} == {"s3"}
    assert exposure.github_environments == ()
    assert exposure.access_keys[0].note == ""
    assert exposure.member_tokens[0].note == (
        "It is sam's. Replace it by hand in Modal Secret dev/tools/TOKEN_ID "
        "and GitHub environment rentagpu/executor/dev/SAM_ID."
    )


def test_where_a_repository_is_given_it_counts_more_than_the_usual_one(tmp_path):
    text = SMALL.replace(
        "[[credentials.ci.github_environments]]", '[[credentials.ci.github_environments]]\nrepository = "a/b"'
    ).replace('workflow.file = "modal_deploy.yml"', 'workflow = { repository = "c/d", file = "x.yml" }')
    inventory = load(tmp_path, text)
    assert inventory.github_environments[0].repository == "a/b"
    assert inventory.workloads[0].workflow.repository == "c/d"
    assert load(tmp_path, SMALL).workloads[0].workflow.repository == "rentagpu/executor"


def test_placements_keep_their_credential(tmp_path):
    inventory = load(tmp_path, SMALL)
    assert inventory.modal_secrets[0] == ModalSecretPlacement(
        credential="s3",
        environment="dev",
        secret="my-app-secrets",
        identifier_key="AWS_ACCESS_KEY_ID",
        secret_key="AWS_SECRET_ACCESS_KEY",
    )


def test_how_long_is_written_as_people_write_it_and_shown_so(world):
    s3 = world.credentials["s3"]
    assert (s3.max_age, s3.overlap) == (timedelta(days=90), timedelta(hours=1))
    assert s3.model_dump(mode="json")["max_age"] == "90d"
    assert Credential(name="k", kind=Kind.AWS_ACCESS_KEY, max_age="36h", overlap="90s").overlap.seconds == 90
    assert world.credentials["ci-dev"].overlap == timedelta(hours=1), "a rotation never kills at once"
