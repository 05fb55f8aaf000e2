"""Secrets in the sandbox's Modal workspace: merged by key, never read back."""

import modal
import pytest
from modal.exception import AlreadyExistsError, ConflictError, NotFoundError
from modal_proto import api_pb2

pytest_plugins = ("modal_world",)


def test_an_update_changes_the_named_keys_in_one_environment_and_no_other(modal_world):
    before = modal_world.plane.world()
    modal_world.secret(modal_world.ada, "prod").update({"AWS_ACCESS_KEY_ID": "AKIANEW", "EXTRA": "e"})
    prod = before["secrets"][1]["values"] | {"AWS_ACCESS_KEY_ID": "AKIANEW", "EXTRA": "e"}
    assert modal_world.values("prod") == prod
    assert modal_world.values("dev") == before["secrets"][0]["values"]
    assert prod["HF_TOKEN"] == "hf_old"


def test_an_update_is_newer_than_the_creation_and_says_who_made_it(modal_world):
    made = modal_world.plane.world()["secrets"][1]
    modal_world.secret(modal_world.ci_prod, "prod").update({"HF_TOKEN": "new"})
    changed = modal_world.plane.world()["secrets"][1]
    assert changed["created_at"] == made["created_at"] < changed["updated_at"]
    assert (changed["created_by"], changed["updated_by"]) == ("ada", "ci-prod")


def test_a_secret_shows_its_keys_and_none_of_its_values(modal_world):
    request = api_pb2.SecretGetOrCreateRequest(deployment_name="my-app-secrets", environment_name="prod")
    reply = modal_world.rpc(modal_world.ada, "SecretGetOrCreate", request)
    assert set(reply.metadata.keys) == set(modal_world.values("prod"))
    shown = reply.SerializeToString()
    assert not [value for value in modal_world.values("prod").values() if value.encode() in shown]


def test_a_secret_without_a_required_key_is_refused(modal_world):
    client = modal_world.client(modal_world.ada)
    for keys in (["HF_TOKEN"], ["HF_TOKEN", "ABSENT"]):
        secret = modal.Secret.from_name(
            "my-app-secrets", environment_name="prod", required_keys=keys, client=client
        )
        if "ABSENT" in keys:
            with pytest.raises(ConflictError, match="ABSENT"):
                secret.hydrate()
        else:
            secret.hydrate()


def test_a_secret_is_created_once_listed_and_deleted(modal_world):
    client = modal_world.client(modal_world.ada)
    objects = modal.Secret.objects
    objects.create("s3", {"A": "1"}, environment_name="prod", client=client)
    with pytest.raises(AlreadyExistsError):
        objects.create("s3", {"A": "2"}, environment_name="prod", client=client)
    objects.create("s3", {"A": "2"}, environment_name="prod", allow_existing=True, client=client)
    assert [s["values"] for s in modal_world.plane.world()["secrets"] if s["name"] == "s3"] == [{"A": "1"}]
    assert {s.name for s in objects.list(environment_name="prod", client=client)} == {"s3", "my-app-secrets"}
    objects.delete("s3", environment_name="prod", client=client)
    with pytest.raises(NotFoundError):
        modal.Secret.from_name("s3", environment_name="prod", client=client).hydrate()
    assert len(modal_world.plane.world()["secrets"]) == 2
