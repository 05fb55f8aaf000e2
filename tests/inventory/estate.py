"""The sandbox's world in this process: its three services, seeded and deployed, to be changed by a test."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from responder.action import Connections
from responder.discover import Survey
from responder.places import Discovered
from responder.providers.modal.connection import ModalConnection
from responder.sandbox import seed
from responder.sandbox.aws import AwsPlane
from responder.sandbox.github import GithubPlane
from responder.sandbox.modal import ModalPlane

APP = Path(__file__).parents[2] / "gpu_app" / "app.py"
SIDECAR = """
import modal
app = modal.App("{name}")
@app.function(secrets=[modal.Secret.from_name("{secret}")])
def work():
    return 1
"""


@dataclass
class Estate:
    aws: AwsPlane
    modal: ModalPlane
    github: GithubPlane
    env: dict[str, str]
    tokens: dict[str, seed.Token]  # of the service users
    leaked: seed.KeyPair

    def survey(self, *, patience: float = 60, **env: str) -> Discovered:
        connections = Connections({**self.env, **env})
        try:
            return Survey(connections, [seed.REPOSITORY], patience=patience).result()
        finally:
            connections.close()

    def deploy(self, source: Path, environment: str) -> None:
        """As that environment's service user; from a fresh import, as an app remembers where it is."""
        spec = importlib.util.spec_from_file_location(source.stem, source)
        sys.modules[source.stem] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        token = self.tokens[environment]
        env = {**self.env, "MODAL_TOKEN_ID": token.token_id, "MODAL_TOKEN_SECRET": token.token_secret}
        connections = Connections(env)
        connection = connections.get(ModalConnection)
        connection.hello()
        module.app.deploy(environment_name=environment, client=connection.client)
        connections.close()

    def deploy_another(
        self, folder: Path, name: str, environment: str, secret: str = seed.APP_SECRET
    ) -> None:
        source = folder / f"{name}_app.py"
        source.write_text(SIDECAR.format(name=name, secret=secret))
        self.deploy(source, environment)


@pytest.fixture(scope="module")
def started() -> Iterator[Estate]:
    with ExitStack() as stack:
        aws, modal, github = AwsPlane(account="333333333333"), ModalPlane(), GithubPlane()
        urls = []
        for plane in (modal, aws, github):
            urls.append(plane.start())
            stack.callback(plane.stop)
        keys = seed.seed_aws(aws)
        tokens = seed.seed_modal(modal, keys.leaked)
        people = seed.seed_github(github, tokens.ci)
        env = {
            "MODAL_SERVER_URL": urls[0],
            "MODAL_CONFIG_PATH": "/nonexistent",
            "MODAL_TOKEN_ID": tokens.operator.token_id,
            "MODAL_TOKEN_SECRET": tokens.operator.token_secret,
            "AWS_ENDPOINT_URL": urls[1],
            "AWS_ACCESS_KEY_ID": keys.operator.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.operator.secret_access_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "GITHUB_API_URL": urls[2],
            "GITHUB_TOKEN": people.operator,
            "GITHUB_REPOSITORY": seed.REPOSITORY,
        }
        estate = Estate(aws, modal, github, env, dict(tokens.ci), keys.leaked)
        for environment in seed.ENVIRONMENTS:
            estate.deploy(APP, environment)
        yield estate


@pytest.fixture
def estate(started: Estate) -> Iterator[Estate]:
    """As it was at the start, whatever an earlier test did to it."""
    planes = (started.aws, started.modal, started.github)
    before = [plane.snapshot() for plane in planes]
    yield started
    for plane, snapshot in zip(planes, before, strict=True):
        plane.restore(snapshot)
