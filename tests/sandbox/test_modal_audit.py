"""The audit log of a workspace on the plan that has one, read by the client's own package."""

import time

import modal
import pytest
from modal._audit_logs import _rpcs
from modal._audit_logs.list import fetch_audit_logs
from modal._utils.async_utils import synchronizer

from responder.sandbox.modal import ModalPlane

pytest_plugins = ("modal_world",)


@pytest.fixture(scope="module")
def audited(modal_world_of, tmp_path_factory):
    plane = ModalPlane(audit_log=True)
    url = plane.start()
    config = tmp_path_factory.mktemp("audited") / "modal.toml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODAL_SERVER_URL", url)
        patch.setenv("MODAL_CONFIG_PATH", str(config))
        yield modal_world_of(plane, url, config)
    plane.stop()


def entries(world, oldest=0.0):
    async def ask(client):
        config = await _rpcs.get_settings(client)
        newest = int(time.time() * 1000) + 1000
        found = fetch_audit_logs("", int(oldest * 1000), newest, client=client, config=config)
        return [entry async for entry in found]

    return synchronizer.create_blocking(ask)(world.client(world.ada))


def test_who_did_what_to_what_is_told_oldest_first(audited):
    began = time.time()
    audited.deploy(audited.ci_prod)
    modal.Secret.objects.create(
        "spare", {"A": "1"}, environment_name="dev", client=audited.client(audited.ada)
    )
    changes = [
        (e.action, e.actor.type, e.actor.name, e.context.environment_name)
        for e in entries(audited, began)
        if not e.action.endswith(".get")
    ]
    assert changes == [
        ("app.deploy", "service_user", "ci-prod", "prod"),
        ("secret.create", "user", "ada", "dev"),
    ]
    deployed = next(e for e in entries(audited, began) if e.action == "app.deploy")
    assert [(one.type, one.id) for one in deployed.targets] == [("app", audited.app_id())]
    assert (deployed.status, deployed.context.source) == ("success", "sdk")


def test_what_was_refused_is_told_too(audited):
    client = audited.client(audited.ci_prod)
    with pytest.raises(modal.exception.PermissionDeniedError):
        modal.Secret.objects.create("mine", {"A": "1"}, environment_name="dev", client=client)
    assert [(e.action, e.status) for e in entries(audited)][-1] == ("secret.create", "error")


def test_pages_follow_one_another(audited, monkeypatch):
    monkeypatch.setattr("responder.sandbox.modal.audit.PAGE", 2)
    client = audited.client(audited.ada)
    names = [f"page-{number}" for number in range(5)]
    for name in names:
        modal.Secret.objects.create(name, {"A": "1"}, environment_name="dev", client=client)
    ids = [e.id for e in entries(audited)]
    assert len(ids) == len(set(ids)) >= len(names)
