"""A Modal workspace for each test module, put back as it was after each test."""

import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import modal
import pytest
from modal._utils.async_utils import synchronizer

from responder.sandbox.modal import ModalPlane, Token

pytest_plugins = ("bad_weather",)

TINY = Path(__file__).parent / "data" / "modal_tiny.py"
OLD = {
    "AWS_ACCESS_KEY_ID": "AKIAOLD",
    "AWS_SECRET_ACCESS_KEY": "old-secret",
    "S3_BUCKET": "rentagpu-artifacts",
    "HF_TOKEN": "hf_old",
}


@dataclass(frozen=True)
class ModalWorld:
    plane: ModalPlane
    url: str
    config: Path
    ada: Token
    sam: Token
    ci_dev: Token
    ci_prod: Token
    tiny: Path = TINY

    def client(self, token: Token) -> modal.Client:
        return modal.Client.from_credentials(token.token_id, token.token_secret)

    def workspace(self, token: Token) -> modal.Workspace:
        return modal.Workspace.from_context(client=self.client(token))

    def secret(self, token: Token, environment: str) -> modal.Secret:
        client = self.client(token)
        return modal.Secret.from_name("my-app-secrets", environment_name=environment, client=client)

    def deploy(self, token: Token, environment: str = "prod", source: Path = TINY, **options: str) -> None:
        """From a fresh import, as a deployed app object remembers what it was."""
        spec = importlib.util.spec_from_file_location("modal_tiny", source)
        sys.modules["modal_tiny"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.app.deploy(environment_name=environment, client=self.client(token), **options)

    def function(self, name: str, token: Token | None = None) -> modal.Function:
        client = self.client(token or self.ada)
        return modal.Function.from_name("tiny", name, environment_name="prod", client=client)

    def rpc(self, token: Token, name: str, request: object):
        """What the client has no public method for."""

        async def ask(client):
            return await getattr(client._stub, name)(request)

        return synchronizer.create_blocking(ask)(self.client(token))

    def app_id(self, environment: str = "prod") -> str:
        return next(a["app_id"] for a in self.plane.world()["apps"] if a["environment"] == environment)

    def containers(self, *states: str) -> list[str]:
        found = self.plane.world()["containers"]
        return [c["task_id"] for c in found if c["state"] in (states or ("running", "draining"))]

    def values(self, environment: str) -> dict[str, str]:
        return next(s["values"] for s in self.plane.world()["secrets"] if s["environment"] == environment)

    def until(self, true: Callable[[], object], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, "It did not come true in time."
            time.sleep(0.01)

    def cli(self, token: Token, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.config.parent),
            "COLUMNS": "200",
            "MODAL_SERVER_URL": self.url,
            "MODAL_CONFIG_PATH": str(self.config),
            "MODAL_TOKEN_ID": token.token_id,
            "MODAL_TOKEN_SECRET": token.token_secret,
        }
        command = [sys.executable, "-m", "modal", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def seed(plane: ModalPlane) -> dict[str, Token]:
    plane.add_environment("dev")
    plane.add_environment("prod", restricted=True, default_role="viewer")
    plane.add_member("ada", "ada@example.com", role="owner")
    plane.add_member("sam", "sam@example.com")
    for environment in ("dev", "prod"):
        plane.add_secret("my-app-secrets", environment, OLD, created_by="ada")
    return {
        "ada": plane.add_member_token("ada"),
        "sam": plane.add_member_token("sam"),
        "ci_dev": plane.add_service_user("ci-dev", {"dev": "contributor"}, created_by="ada"),
        "ci_prod": plane.add_service_user("ci-prod", {"prod": "contributor"}, created_by="ada"),
    }


@pytest.fixture(scope="module")
def modal_workspace(faults, tmp_path_factory) -> Iterator[ModalWorld]:
    plane = ModalPlane(faults=faults)
    url = plane.start()
    config = tmp_path_factory.mktemp("modal") / "modal.toml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODAL_SERVER_URL", url)
        patch.setenv("MODAL_CONFIG_PATH", str(config))
        yield ModalWorld(plane, url, config, **seed(plane))
    plane.stop()


@pytest.fixture
def modal_world(modal_workspace: ModalWorld) -> Iterator[ModalWorld]:
    snapshot = modal_workspace.plane.snapshot()
    yield modal_workspace
    modal_workspace.plane.restore(snapshot)


@pytest.fixture
def modal_seed():
    """Fills a plane of the test's own; gives its tokens."""
    return seed


@pytest.fixture(scope="session")
def modal_world_of():
    """Fills a plane of the test's own; gives it as a world."""
    return lambda plane, url, config: ModalWorld(plane, url, config, **seed(plane))
