"""Who may do what in the sandbox's Modal workspace, decided anew for each request."""

import statistics
import time
from datetime import timedelta

import modal
import pytest
from modal.exception import (
    AlreadyExistsError,
    AuthError,
    InvalidError,
    NotFoundError,
    PermissionDeniedError,
    UnimplementedError,
)
from modal_proto import api_pb2

from responder.sandbox.modal import ModalPlane, Token

pytest_plugins = ("modal_world",)


def test_a_deleted_service_user_is_refused_on_its_next_request(modal_world):
    client = modal_world.client(modal_world.ci_prod)
    client.hello()
    modal_world.workspace(modal_world.ada).service_users.delete("ci-prod")
    with pytest.raises(AuthError):
        client.hello()
    modal_world.client(modal_world.ci_dev).hello()


def test_a_member_token_is_refused_while_disabled_and_for_good_once_deleted(modal_world):
    tokens, client = modal_world.workspace(modal_world.ada).member_tokens, modal_world.client(modal_world.sam)
    tokens.disable(modal_world.sam.token_id)
    with pytest.raises(AuthError):
        client.hello()
    assert [t.disabled for t in tokens.list() if t.token_id == modal_world.sam.token_id] == [True]
    tokens.enable(modal_world.sam.token_id)
    client.hello()
    tokens.delete(modal_world.sam.token_id)
    with pytest.raises(AuthError):
        client.hello()
    with pytest.raises(NotFoundError):
        tokens.enable(modal_world.sam.token_id)


def test_a_token_is_refused_once_it_has_expired(monkeypatch, tmp_path, modal_seed):
    now = [1_000_000.0]
    plane = ModalPlane(clock=lambda: now[0])
    ada = modal_seed(plane)["ada"]
    monkeypatch.setenv("MODAL_CONFIG_PATH", str(tmp_path / "modal.toml"))
    monkeypatch.setenv("MODAL_SERVER_URL", plane.start())
    try:
        client = modal.Client.from_credentials(ada.token_id, ada.token_secret)
        users = modal.Workspace.from_context(client=client).service_users
        made = users.create("ci-short", expires_in=60)
        short = modal.Client.from_credentials(made.token_id, made.token_secret)
        now[0] += 59
        short.hello()
        now[0] += 2
        with pytest.raises(AuthError):
            short.hello()
        client.hello()
    finally:
        plane.stop()


def test_an_unknown_id_and_a_wrong_secret_are_refused_in_the_same_words(modal_world):
    refusals = set()
    for token in (
        Token("ak-nobody", modal_world.ada.token_secret),
        Token(modal_world.ada.token_id, modal_world.sam.token_secret),
    ):
        with pytest.raises(AuthError) as refused:
            modal_world.client(token).hello()
        refusals.add(str(refused.value))
    assert len(refusals) == 1


def test_a_frozen_service_user_is_known_but_may_do_nothing(modal_world):
    modal_world.workspace(modal_world.ada).service_users.set_role("ci-prod", "prod", role="no-access")
    modal_world.client(modal_world.ci_prod).hello()
    with pytest.raises(PermissionDeniedError):
        modal_world.secret(modal_world.ci_prod, "prod").hydrate()
    with pytest.raises(PermissionDeniedError):
        modal_world.deploy(modal_world.ci_prod)
    assert modal_world.plane.world()["apps"] == []


def test_a_role_in_one_environment_opens_no_other(modal_world):
    modal_world.secret(modal_world.ci_prod, "prod").update({"HF_TOKEN": "mine"})
    with pytest.raises(PermissionDeniedError):
        modal_world.secret(modal_world.ci_prod, "dev").hydrate()
    with pytest.raises(PermissionDeniedError):
        modal_world.deploy(modal_world.ci_prod, "dev")


def test_a_viewer_reads_and_writes_nothing(modal_world):
    secret = modal_world.secret(modal_world.sam, "prod").hydrate()
    with pytest.raises(PermissionDeniedError):
        secret.update({"HF_TOKEN": "mine"})
    with pytest.raises(PermissionDeniedError):
        modal_world.deploy(modal_world.sam)
    assert modal_world.values("prod")["HF_TOKEN"] == "hf_old"


@pytest.mark.parametrize("who", ["sam", "ci_prod"])
def test_only_owners_and_managers_create_and_delete_service_users(modal_world, who):
    users = modal_world.workspace(getattr(modal_world, who)).service_users
    with pytest.raises(PermissionDeniedError):
        users.create("ci-evil", expires_in=None)
    with pytest.raises(PermissionDeniedError):
        users.delete("ci-dev")
    assert [u["name"] for u in modal_world.plane.world()["service_users"]] == ["ci-dev", "ci-prod"]


def test_a_successor_with_the_same_role_can_do_what_the_first_could(modal_world):
    users = modal_world.workspace(modal_world.ada).service_users
    made = users.create("ci-prod--3f9a2c7k", expires_in=None)
    successor = Token(made.token_id, made.token_secret)
    with pytest.raises(PermissionDeniedError):
        modal_world.secret(successor, "prod").hydrate()
    users.set_role("ci-prod--3f9a2c7k", "prod", role="contributor")
    users.delete("ci-prod")
    modal_world.secret(successor, "prod").update({"HF_TOKEN": "new"})
    assert {u.name: u.token_id for u in users.list()}["ci-prod--3f9a2c7k"] == made.token_id
    assert users.info("ci-prod--3f9a2c7k").environment_roles == {"prod": "contributor"}
    with pytest.raises(NotFoundError):
        users.info("ci-prod")


def test_service_users_have_unique_names_and_known_roles(modal_world):
    users = modal_world.workspace(modal_world.ada).service_users
    with pytest.raises(AlreadyExistsError):
        users.create("ci-prod", expires_in=None)
    with pytest.raises(NotFoundError):
        users.delete("ci-gone")
    users.delete("ci-gone", allow_missing=True)
    with pytest.raises((InvalidError, ValueError)):
        users.set_role("ci-prod", "prod", role="god")
    assert modal_world.plane.world()["service_users"][1]["roles"] == {"prod": "contributor"}


def test_a_token_tells_whose_it_is(modal_world):
    who = {
        token.token_id: modal_world.rpc(token, "TokenInfoGet", api_pb2.TokenInfoGetRequest())
        for token in (modal_world.sam, modal_world.ci_prod)
    }
    assert who[modal_world.sam.token_id].user_identity.username == "sam"
    machine = who[modal_world.ci_prod.token_id]
    assert machine.token_id == modal_world.ci_prod.token_id
    assert machine.workspace_name == "rentagpu"
    assert machine.service_user_identity.service_user_name == "ci-prod"
    assert machine.service_user_identity.created_by.username == "ada"


def test_a_member_sees_and_disables_only_own_tokens(modal_world):
    tokens = modal_world.workspace(modal_world.sam).member_tokens
    assert [t.token_id for t in tokens.list()] == [modal_world.sam.token_id]
    with pytest.raises(PermissionDeniedError):
        tokens.disable(modal_world.ada.token_id)
    modal_world.client(modal_world.ada).hello()


def test_a_proxy_token_opens_the_environments_it_is_allowed_in(modal_world):
    proxies = modal_world.workspace(modal_world.ada).proxy_tokens
    made = proxies.create(name="edge")
    proxies.allow(made.token_id, "prod")
    proxies.allow(made.token_id, "dev")
    proxies.revoke(made.token_id, "dev")
    assert [t["environments"] for t in modal_world.plane.world()["proxy_tokens"]] == [["prod"]]
    assert [t.token_id for t in proxies.list(environment_name="prod")] == [made.token_id]
    assert proxies.list(environment_name="dev") == []
    proxies.delete(made.token_id)
    assert proxies.list() == []


def test_environments_are_created_listed_and_deleted(modal_world):
    client = modal_world.client(modal_world.ada)
    modal.Environment.objects.create("stage", client=client)
    names = {e.name for e in modal.Environment.objects.list(client=client)}
    assert names == {"dev", "prod", "stage"}
    modal.Environment.objects.delete("stage", client=client)
    assert [e["name"] for e in modal_world.plane.world()["environments"]] == ["dev", "prod"]


def test_a_restricted_environment_lists_its_roles(modal_world):
    roles = modal.Environment.from_name("prod", client=modal_world.client(modal_world.ada)).roles
    roles.update(service_users={"ci-dev": "viewer"}, users={"sam": "contributor"})
    modal_world.secret(modal_world.ci_dev, "prod").hydrate()
    modal_world.secret(modal_world.sam, "prod").update({"HF_TOKEN": "sam's"})
    assert modal_world.plane.world()["environments"][1]["roles"] == {
        "ada": "contributor",
        "sam": "contributor",
        "ci-dev": "viewer",
        "ci-prod": "contributor",
    }


def test_a_request_outside_the_sandbox_is_answered_as_unimplemented_to_those_it_knows(modal_world):
    with pytest.raises(UnimplementedError):
        modal_world.rpc(modal_world.ada, "AppCountLogs", api_pb2.AppCountLogsRequest())
    with pytest.raises(AuthError):
        modal_world.rpc(Token("ak-nobody", "as-x"), "AppCountLogs", api_pb2.AppCountLogsRequest())


def test_a_reply_is_not_held_back_by_the_network_stack(modal_world):
    client, waits = modal_world.client(modal_world.ada), []
    for _ in range(15):
        start = time.perf_counter()
        client.hello()
        waits.append(time.perf_counter() - start)
    assert statistics.median(waits) < 0.03  # with Nagle's algorithm it is over 0.04 s


def test_without_the_plan_there_is_no_audit_log(modal_world):
    with pytest.raises(modal.exception.PermissionDeniedError, match="Enterprise"):
        modal_world.rpc(modal_world.ada, "AuditLogSettingsGet", api_pb2.AuditLogSettingsGetRequest())


def test_anyone_in_the_workspace_makes_and_deletes_proxy_tokens(modal_world):
    proxies = modal_world.workspace(modal_world.ci_prod).proxy_tokens
    token = proxies.create("edge")
    assert [(one.token_id, one.created_by) for one in proxies.list()] == [(token.token_id, "ci-prod")]
    proxies.delete(token.token_id)
    assert proxies.list() == []


def test_a_workspace_can_have_been_there_for_a_while(modal_world):
    modal_world.deploy(modal_world.ci_prod)
    users = modal_world.workspace(modal_world.ada).service_users
    (was,) = (one.created_at for one in users.list() if one.name == "ci-prod")
    deployed = modal_world.plane.world()["apps"][0]["versions"][0]["deployed_at"]
    modal_world.plane.backdate(timedelta(days=1))
    (now,) = (one.created_at for one in users.list() if one.name == "ci-prod")
    assert was - now == timedelta(days=1)
    assert modal_world.plane.world()["apps"][0]["versions"][0]["deployed_at"] == deployed - 86400
    assert modal_world.client(modal_world.ci_prod).hello() is None
