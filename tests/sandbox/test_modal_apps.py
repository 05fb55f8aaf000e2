"""Deployments and containers: what runs, with which values, until when."""

from pathlib import Path

import pytest
from modal.exception import ConflictError, FunctionTimeoutError, NotFoundError, RemoteError
from modal_proto import api_pb2

pytest_plugins = ("modal_world",)
NEW = {"AWS_ACCESS_KEY_ID": "AKIANEW", "AWS_SECRET_ACCESS_KEY": "new"}


def rollover(world) -> None:
    world.rpc(world.ada, "AppRollover", api_pb2.AppRolloverRequest(app_id=world.app_id()))


def history(world) -> list[tuple[int, str, str]]:
    request = api_pb2.AppDeploymentHistoryRequest(app_id=world.app_id())
    reply = world.rpc(world.ada, "AppDeploymentHistory", request)
    return [
        (h.version, h.deployed_by, api_pb2.DeploymentType.Name(h.deployment_type).rpartition("_")[2])
        for h in reply.app_deployment_histories
    ]


def test_a_warm_container_keeps_the_old_value_until_a_rollover_replaces_it(modal_world):
    modal_world.deploy(modal_world.ci_prod)
    identity = modal_world.function("identity")
    first = identity.remote()
    assert first["key"] == "AKIAOLD"
    modal_world.secret(modal_world.ada, "prod").update(NEW)
    assert identity.remote() == first
    modal_world.deploy(modal_world.ci_prod)
    assert identity.remote() == first, "an unchanged deployment is skipped"
    rollover(modal_world)
    second = identity.remote()
    assert second["key"] == "AKIANEW"
    assert second["task"] != first["task"]
    modal_world.until(lambda: modal_world.containers() == [second["task"]])
    assert history(modal_world) == [(2, "ada", "ROLLOVER"), (1, "ci-prod", "STANDARD")]


def test_calls_one_after_another_share_one_container(modal_world):
    modal_world.deploy(modal_world.ada)
    identity = modal_world.function("identity")
    assert len({identity.remote()["task"] for _ in range(50)}) == 1
    assert len(modal_world.containers()) == 1


def test_a_rollover_lets_a_running_call_finish_in_its_old_container(modal_world, tmp_path):
    modal_world.deploy(modal_world.ada)
    waiting = modal_world.function("wait_for").spawn(str(tmp_path / "go"))
    modal_world.until((tmp_path / "go.started").exists)
    (old,) = modal_world.containers()
    rollover(modal_world)
    assert modal_world.containers("draining") == [old]
    (tmp_path / "go").touch()
    assert waiting.get(timeout=10) == old
    modal_world.until(lambda: not modal_world.containers())


def test_a_container_is_listed_and_stopped_and_its_call_starts_anew_in_another(modal_world, tmp_path):
    modal_world.deploy(modal_world.ada)
    waiting = modal_world.function("wait_for").spawn(str(tmp_path / "go"))
    modal_world.until((tmp_path / "go.started").exists)
    request = api_pb2.TaskListRequest(environment_name="prod", app_id=modal_world.app_id())
    (task,) = modal_world.rpc(modal_world.ada, "TaskList", request).tasks
    modal_world.rpc(modal_world.ada, "ContainerStop", api_pb2.ContainerStopRequest(task_id=task.task_id))
    (tmp_path / "go").touch()
    assert waiting.get(timeout=10) != task.task_id
    left = {t.task_id for t in modal_world.rpc(modal_world.ada, "TaskList", request).tasks}
    assert task.task_id not in left


def test_recreate_leaves_no_container_of_before(modal_world, tmp_path):
    modal_world.deploy(modal_world.ada)
    old = modal_world.function("identity").remote()
    changed = tmp_path / "modal_tiny.py"
    changed.write_text(modal_world.tiny.read_text() + "\n# changed\n")
    modal_world.deploy(modal_world.ada, source=changed, strategy="recreate")
    assert modal_world.containers() == []
    assert modal_world.function("identity").remote()["task"] != old["task"]
    assert [version for version, _, _ in history(modal_world)] == [2, 1]


def test_a_rollback_is_a_new_version_that_runs_the_old_code(modal_world, tmp_path):
    modal_world.deploy(modal_world.ada)
    changed = tmp_path / "modal_tiny.py"
    changed.write_text(modal_world.tiny.read_text().replace("x + 1", "x + 100"))
    modal_world.deploy(modal_world.ada, source=changed)
    bump = modal_world.function("on_any_gpu")
    assert bump.remote(1) == (101, "AKIAOLD")
    request = api_pb2.AppRollbackRequest(app_id=modal_world.app_id(), version=-1)
    modal_world.rpc(modal_world.ada, "AppRollback", request)
    assert bump.remote(1) == (2, "AKIAOLD")
    assert [kind for _, _, kind in history(modal_world)] == ["ROLLBACK", "STANDARD", "STANDARD"]
    request = api_pb2.AppRollbackRequest(app_id=modal_world.app_id(), version=9)
    with pytest.raises(NotFoundError):
        modal_world.rpc(modal_world.ada, "AppRollback", request)


def test_a_stopped_app_serves_nothing_until_it_is_deployed_again(modal_world):
    modal_world.deploy(modal_world.ada)
    modal_world.function("identity").remote()
    modal_world.rpc(modal_world.ada, "AppStop", api_pb2.AppStopRequest(app_id=modal_world.app_id()))
    assert modal_world.containers() == []
    with pytest.raises(NotFoundError):
        modal_world.function("identity").remote()
    with pytest.raises(ConflictError):
        rollover(modal_world)
    modal_world.deploy(modal_world.ada)
    assert modal_world.function("identity").remote()["key"] == "AKIAOLD"


def test_functions_that_ask_for_a_gpu_run(modal_world):
    modal_world.deploy(modal_world.ci_prod)
    job = modal_world.function("on_a_gpu").remote({"model": "resnet"})
    assert job == {"payload": {"model": "resnet"}, "key": "AKIAOLD"}
    assert modal_world.function("on_any_gpu").remote(1) == (2, "AKIAOLD")


def test_many_calls_at_once_all_come_back_in_order(modal_world):
    modal_world.deploy(modal_world.ada)
    results = list(modal_world.function("on_any_gpu").map(range(40)))
    assert [n for n, _ in results] == list(range(1, 41))


def test_a_container_gets_its_own_secrets_and_nothing_of_the_machine(modal_world, monkeypatch):
    monkeypatch.setenv("CANARY_OF_THE_HOST", "1")
    modal_world.deploy(modal_world.ada)
    env = modal_world.function("environment").remote()
    assert not {"CANARY_OF_THE_HOST", "MODAL_TOKEN_SECRET", "AWS_ACCESS_KEY_ID"} & set(env)
    assert env["MODAL_ENVIRONMENT"] == "prod"


def test_an_exception_of_the_body_comes_back_as_itself(modal_world):
    modal_world.deploy(modal_world.ada)
    with pytest.raises(LookupError, match="no such lease"):
        modal_world.function("fail").remote()


def test_a_body_that_dies_or_hangs_is_an_error_and_not_a_wait_for_ever(modal_world):
    modal_world.deploy(modal_world.ada)
    with pytest.raises(RemoteError, match="exit code 7"):
        modal_world.function("die").remote()
    with pytest.raises(FunctionTimeoutError):
        modal_world.function("hang").remote()


def test_an_app_that_cannot_be_imported_in_its_container_is_an_error(modal_world, tmp_path):
    broken = tmp_path / "modal_tiny.py"
    guard = "import os\nif 'MODAL_IS_REMOTE' in os.environ: import nothing_of_that_name\n"
    broken.write_text(guard + modal_world.tiny.read_text())
    modal_world.deploy(modal_world.ada, source=broken)
    with pytest.raises(ModuleNotFoundError, match="nothing_of_that_name"):
        modal_world.function("identity").remote()


def test_the_temporary_files_of_a_container_go_with_it(modal_world):
    modal_world.deploy(modal_world.ada)
    root = Path(modal_world.function("environment").remote()["HOME"])
    assert root.exists()
    rollover(modal_world)
    modal_world.until(lambda: not root.parent.exists())
