"""A Modal workspace for each test, an operator in it, and calls made as the engine makes them."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import modal
import pytest

from responder.action import Call, Connections, NotDone
from responder.providers.modal.connection import ModalConnection
from responder.sandbox.modal import ModalPlane, Token

APP = Path(__file__).parents[2] / "gpu_app" / "app.py"
EXECUTOR = "rentagpu-executor"
VALUES = {
    "AWS_ACCESS_KEY_ID": "AKIAOLDOLDOLDOLDOLD0",
    "AWS_SECRET_ACCESS_KEY": "old/secret/of/the/storage/key/0000000000",
    "S3_BUCKET": "rentagpu-artifacts",
    "HF_TOKEN": "hf_ofSomebodyElse",
}


@dataclass
class Operator:
    plane: ModalPlane
    url: str
    ada: Token
    sam: Token
    ci_dev: Token
    ci_prod: Token
    opened: list[Connections] = field(default_factory=list)

    def environ(self, token: Token) -> dict[str, str]:
        return {
            "MODAL_SERVER_URL": self.url,
            "MODAL_CONFIG_PATH": "/nonexistent",
            "MODAL_TOKEN_ID": token.token_id,
            "MODAL_TOKEN_SECRET": token.token_secret,
        }

    def connections(self, token: Token | None = None, **environ: str) -> Connections:
        made = Connections({**self.environ(token or self.ada), **environ})
        self.opened.append(made)
        return made

    def connection(self, token: Token | None = None) -> ModalConnection:
        return self.connections(token).get(ModalConnection)

    @property
    def workspace(self) -> modal.Workspace:
        """As ada sees it, through the real client."""
        connection = self.connection()
        connection.hello()
        return connection.workspace

    def call(self, token: Token | None = None, **environ: str) -> Call:
        return Call(
            run="3f9a2c7k",
            step="it",
            connections=self.connections(token, **environ),
            clock=lambda: datetime.now(UTC),
            progress=lambda _text: None,
        )

    def deploy(self, environment: str = "prod", token: Token | None = None) -> None:
        """From a fresh import, as a deployed app object remembers what it was."""
        spec = spec_from_file_location("app", APP)
        sys.modules["app"] = module = module_from_spec(spec)
        spec.loader.exec_module(module)
        connection = self.connection(token)
        connection.hello()
        module.app.deploy(environment_name=environment, client=connection.client)

    def service_users(self) -> dict[str, dict[str, str]]:
        return {user["name"]: user["roles"] for user in self.plane.world()["service_users"]}

    def token_of(self, name: str) -> dict[str, str]:
        return next(user for user in self.plane.world()["service_users"] if user["name"] == name)

    def values(self, environment: str) -> dict[str, str]:
        return next(s["values"] for s in self.plane.world()["secrets"] if s["environment"] == environment)


def intended(action, call, given) -> Call:
    """The call after its intent was recorded."""
    found = action.before(call, given)
    assert isinstance(found, NotDone), found
    return replace(call, seen=found.seen, intended_at=datetime.now(UTC))


@pytest.fixture
def modal_operator() -> Iterator[Operator]:
    plane = ModalPlane()
    url = plane.start()
    plane.add_environment("dev")
    plane.add_environment("prod", restricted=True, default_role="viewer")
    plane.add_member("ada", "ada@example.com", role="owner")
    plane.add_member("sam", "sam@example.com")
    for environment in ("dev", "prod"):
        plane.add_secret("my-app-secrets", environment, VALUES, created_by="ada")
    operator = Operator(
        plane,
        url,
        ada=plane.add_member_token("ada"),
        sam=plane.add_member_token("sam"),
        ci_dev=plane.add_service_user("ci-dev", {"dev": "contributor"}, created_by="ada"),
        ci_prod=plane.add_service_user("ci-prod", {"prod": "contributor"}, created_by="ada"),
    )
    yield operator
    for connections in operator.opened:
        connections.close()
    plane.stop()
