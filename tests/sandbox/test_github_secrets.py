import base64

import github
import pytest
from github_world import REPOSITORY, a_world
from nacl.public import PrivateKey, SealedBox


@pytest.fixture
def world():
    with a_world() as world:
        yield world


def stored(world, environment="prod"):
    return world.truth()["environments"][environment]["secrets"]


def test_a_sealed_secret_is_stored_as_the_value_that_was_sealed(world):
    prod = world.repository().get_environment("prod")
    prod.create_secret("MODAL_TOKEN_SECRET", "as-fresh-Ünïcode")
    assert stored(world)["MODAL_TOKEN_SECRET"]["value"] == "as-fresh-Ünïcode"
    assert stored(world, "dev")["MODAL_TOKEN_SECRET"]["value"] == "as-dev-old"


def test_an_update_moves_updated_at_and_leaves_the_other_secrets_alone(world):
    prod = world.repository().get_environment("prod")
    before = {secret.name: secret.updated_at for secret in prod.get_secrets()}
    world.clock.ahead = 5
    prod.create_secret("MODAL_TOKEN_SECRET", "as-fresh")
    after = {secret.name: secret.updated_at for secret in prod.get_secrets()}
    assert after["MODAL_TOKEN_SECRET"] > before["MODAL_TOKEN_SECRET"]
    assert after["MODAL_TOKEN_ID"] == before["MODAL_TOKEN_ID"]
    assert prod.get_secret("MODAL_TOKEN_SECRET").created_at == before["MODAL_TOKEN_SECRET"]


@pytest.mark.parametrize("wrong", ["key_id", "box"])
def test_a_secret_sealed_for_another_key_is_refused(world, wrong):
    prod = world.repository().get_environment("prod")
    key = prod.get_public_key()
    sealed = key.encrypt("as-fresh")
    if wrong == "box":
        sealed = base64.b64encode(SealedBox(PrivateKey.generate().public_key).encrypt(b"as-fresh")).decode()
    body = {"key_id": "1" if wrong == "key_id" else key.key_id, "encrypted_value": sealed}
    with pytest.raises(github.GithubException) as refused:
        prod.requester.requestJsonAndCheck("PUT", f"{prod.url}/secrets/MODAL_TOKEN_SECRET", input=body)
    assert refused.value.status == 422
    assert stored(world)["MODAL_TOKEN_SECRET"]["value"] == "as-prod-old"


def test_each_environment_has_a_public_key_of_its_own(world):
    repository = world.repository()
    keys = {repository.get_environment(name).get_public_key().key for name in ("dev", "prod")}
    assert len(keys | {repository.get_public_key().key}) == 3


def test_a_deleted_secret_is_gone_and_deleting_it_again_says_so(world):
    prod = world.repository().get_environment("prod")
    assert prod.delete_secret("MODAL_TOKEN_ID") is True
    assert list(stored(world)) == ["MODAL_TOKEN_SECRET"]
    assert prod.delete_secret("MODAL_TOKEN_ID") is False


def test_the_environment_whose_name_holds_a_slash_is_reached(world):
    world.plane.add_environment(REPOSITORY, "prod/eu")
    world.repository().get_environment("prod/eu").create_secret("MODAL_TOKEN_ID", "ak-eu")
    assert stored(world, "prod/eu")["MODAL_TOKEN_ID"]["value"] == "ak-eu"


def test_repository_secrets_and_variables_round_trip(world):
    repository = world.repository()
    repository.create_secret("HF_TOKEN", "hf_fresh")
    repository.create_variable("REGION", "us-east-1")
    repository.get_variable("REGION").edit("eu-west-1")
    truth = world.truth()
    assert truth["secrets"]["HF_TOKEN"]["value"] == "hf_fresh"
    assert {v.name: v.value for v in repository.get_variables()} == {"REGION": "eu-west-1"}
    assert [secret.name for secret in repository.get_secrets()] == ["HF_TOKEN"]
    assert repository.delete_variable("REGION")
    assert repository.delete_secret("HF_TOKEN")
    assert world.truth()["secrets"] == world.truth()["variables"] == {}


def test_environment_variables_round_trip(world):
    prod = world.repository().get_environment("prod")
    prod.create_variable("REGION", "us-east-1")
    assert [v.value for v in prod.get_variables()] == ["us-east-1"]
    with pytest.raises(github.GithubException) as refused:
        prod.create_variable("REGION", "elsewhere")
    assert refused.value.status == 409


def test_a_reader_may_not_touch_secrets(world):
    prod = world.repository("reader").get_environment("prod")
    with pytest.raises(github.GithubException) as refused:
        prod.create_secret("MODAL_TOKEN_SECRET", "as-evil")
    assert refused.value.status == 403
    assert stored(world)["MODAL_TOKEN_SECRET"]["value"] == "as-prod-old"


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "1ST", "A-B"])
def test_a_name_that_github_does_not_take_is_refused(world, name):
    with pytest.raises(github.GithubException) as refused:
        world.repository().get_environment("prod").create_secret(name, "x")
    assert refused.value.status == 422
