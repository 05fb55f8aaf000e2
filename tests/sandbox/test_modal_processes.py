"""No process of a container outlives its reason, whichever way the sandbox ends."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from modal.exception import ConnectionError as ModalConnectionError

from responder.sandbox.modal import ModalPlane

pytest_plugins = ("modal_world",)


def is_held(path: Path) -> bool:
    """Whether a process that came from the function `hold` still lives."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def test_an_idle_container_is_scaled_down_with_all_its_processes(modal_world, tmp_path):
    modal_world.deploy(modal_world.ada)
    task = modal_world.function("hold").remote(str(tmp_path / "held"))
    assert modal_world.containers("running") == [task]
    modal_world.until(lambda: not modal_world.containers())
    modal_world.until(lambda: not is_held(tmp_path / "held"))


def test_stopping_the_plane_kills_containers_and_their_children_and_hangs_up(
    modal_seed, monkeypatch, tmp_path, modal_world
):
    plane = ModalPlane()
    tokens = modal_seed(plane)
    monkeypatch.setenv("MODAL_SERVER_URL", plane.start())
    modal_world.deploy(tokens["ada"])
    client = modal_world.client(tokens["ada"])
    modal_world.function("hold", tokens["ada"]).remote(str(tmp_path / "held"))
    assert is_held(tmp_path / "held")
    plane.stop()
    modal_world.until(lambda: not is_held(tmp_path / "held"))
    with pytest.raises(ModalConnectionError):
        client.hello()


def test_the_death_of_what_they_are_forks_of_ends_containers_and_the_next_call_has_new_ones(
    modal_world, tmp_path
):
    modal_world.deploy(modal_world.ada)
    hold = modal_world.function("hold")
    first = hold.remote(str(tmp_path / "held"))
    os.kill(modal_world.plane._fleet._forks._stem.program.pid, signal.SIGKILL)
    modal_world.until(lambda: not modal_world.containers() and not is_held(tmp_path / "held"))
    assert hold.remote(str(tmp_path / "held")) != first


SANDBOX = """
import sys
from responder.sandbox.modal import ModalPlane
plane = ModalPlane()
url = plane.start()
plane.add_environment("prod")
plane.add_member("ada", "ada@example.com", role="owner")
keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
plane.add_secret("my-app-secrets", "prod", keys, created_by="ada")
token = plane.add_member_token("ada")
print(url, token.token_id, token.token_secret, flush=True)
sys.stdin.read()
"""


def test_a_sandbox_killed_outright_takes_its_containers_along(modal_world, monkeypatch, tmp_path):
    command = [sys.executable, "-c", SANDBOX]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sandbox:
        try:
            url, token_id, token_secret = sandbox.stdout.readline().split()
            token = type(modal_world.ada)(token_id, token_secret)
            monkeypatch.setenv("MODAL_SERVER_URL", url)
            modal_world.deploy(token)
            modal_world.function("hold", token).remote(str(tmp_path / "held"))
            assert is_held(tmp_path / "held")
        finally:
            sandbox.kill()
    modal_world.until(lambda: not is_held(tmp_path / "held"))


def test_a_restored_snapshot_kills_the_containers_and_forgets_the_deployment(modal_world, tmp_path):
    before = modal_world.plane.snapshot()
    modal_world.deploy(modal_world.ada)
    modal_world.function("hold").remote(str(tmp_path / "held"))
    modal_world.plane.restore(before)
    modal_world.until(lambda: not is_held(tmp_path / "held"))
    assert modal_world.plane.world()["apps"] == []
    assert modal_world.plane.world()["containers"] == []
