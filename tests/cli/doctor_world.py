"""The three planes in this process, seeded and deployed to, for one test file; put back after each test."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from responder.action import Actions, Connections
from responder.bundled import bundled
from responder.doctor import PLANNED, Answer, Subject, examine
from responder.found import Kind
from responder.inventory import EXAMPLE, Credential, Inventory
from responder.playbook import load as load_playbook
from responder.playbook import named, read
from responder.providers.aws.preflight import BESIDE, UNDENIABLE
from responder.providers.modal.connection import ModalConnection
from responder.sandbox import seed
from responder.sandbox.aws import AwsPlane, KeyPair
from responder.sandbox.github import GithubPlane
from responder.sandbox.modal import ModalPlane, Token

SIMULATE = ("iam:SimulatePrincipalPolicy", "iam:GetUser")


def declared(provider: str) -> list[str]:
    """All permissions that the playbooks' actions of a provider declare."""
    actions = Actions()
    uses = {
        step.uses
        for name in named()
        if name not in PLANNED
        for step in load_playbook(*read(name), actions).steps
    }
    return sorted({p for name in uses if name.startswith(f"{provider}.") for p in actions[name].permissions})


AWS = [one for one in declared("aws") if one not in UNDENIABLE | BESIDE]
SOME = [one for one in declared("aws") if one in BESIDE]  # for some things only
ONE_USER = Inventory(credentials={"s3": Credential(name="s3", kind=Kind.AWS_ACCESS_KEY, user="rentagpu-s3")})
UNTRIABLE = {"iam:CreateAccessKey", "iam:PutUserPolicy"}


@dataclass
class DoctorWorld:
    aws: AwsPlane
    modal: ModalPlane
    github: GithubPlane
    leaked: KeyPair
    ci: dict[str, Token]
    environ: dict[str, str]  # the operator's
    inventory: Inventory
    _connections: dict[str, Connections] = field(default_factory=dict)  # clients take long to make

    def world(self) -> dict[str, Any]:
        return {"aws": self.aws.world(), "modal": self.modal.world(), "github": self.github.world()}

    def operator(self, name: str, *allowed: str, denied: tuple[str, ...] = ()) -> dict[str, str]:
        """An environment in which AWS knows us as a fresh user who may do this."""
        statements = [{"Effect": "Allow", "Action": list(allowed), "Resource": "*"}]
        if denied:
            statements.append({"Effect": "Deny", "Action": list(denied), "Resource": "*"})
        self.aws.add_user(name, {"Version": "2012-10-17", "Statement": statements})
        return self.signed_in_to_aws(self.aws.add_access_key(name))

    def signed_in_to_aws(self, key: KeyPair) -> dict[str, str]:
        return {
            **self.environ,
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        }

    def signed_in_to_modal(self, token: Token) -> dict[str, str]:
        return {
            **self.environ,
            "MODAL_TOKEN_ID": token.token_id,
            "MODAL_TOKEN_SECRET": token.token_secret,
        }

    def change_modal(self, change: Callable[[Any], object]) -> None:
        """By hand, what no plane's method does."""
        state = self.modal.snapshot()
        change(state)
        self.modal.restore(state)

    def change_workflow(self, old: str, new: str) -> None:
        files = dict(self.github.snapshot().repositories[seed.REPOSITORY].branches["main"].files)
        text = files[seed.WORKFLOW].decode()
        assert old in text
        files[seed.WORKFLOW] = text.replace(old, new).encode()
        self.github.add_branch(seed.REPOSITORY, "main", files)

    def examined(
        self,
        journal: Path,
        environ: dict[str, str] | None = None,
        *,
        inventory: Inventory | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        playbooks: tuple[str, ...] = (),
        patience: float = 60.0,
    ) -> "Report":
        environ = environ or self.environ
        known = inventory or self.inventory
        home = journal.parent.parent
        subject = Subject(self.connections(environ), environ, home, journal, lambda: known, clock, playbooks)
        return Report(examine(subject, patience))

    def connections(self, environ: dict[str, str]) -> Connections:
        return self._connections.setdefault(json.dumps(environ), Connections(environ))

    def close(self) -> None:
        for connections in self._connections.values():
            connections.close()
        for plane in (self.github, self.modal, self.aws):
            plane.stop()


@dataclass
class Report:
    answers: list[Answer]

    def of(self, *levels: str) -> list[str]:
        return [f"{a.about}: {a.finding.what}" for a in self.answers if a.finding.level in levels]

    @property
    def failed(self) -> list[str]:
        return self.of("failed")

    @property
    def warned(self) -> list[str]:
        return self.of("warning")

    def only_failure(self) -> tuple[str, str]:
        """What and how to mend it."""
        found = [a.finding for a in self.answers if a.finding.level == "failed"]
        assert len(found) == 1, self.failed
        return found[0].what, found[0].mend

    def only_warning(self) -> tuple[str, str]:
        found = [a.finding for a in self.answers if a.finding.level == "warning"]
        assert len(found) == 1, self.warned
        return found[0].what, found[0].mend


def load(old: str = "", new: str = "", folder: Path | None = None) -> Inventory:
    """The annotated example, with something else in place of `old`."""
    if folder is None:
        return Inventory.load(EXAMPLE, {}, Path.cwd())
    text = EXAMPLE.read_text()
    assert old in text
    (folder / "respond.toml").write_text(text.replace(old, new))
    return Inventory.load(folder / "respond.toml", {}, folder)


@contextmanager
def opened() -> Iterator[DoctorWorld]:
    aws, modal, github = AwsPlane(account="333333333333"), ModalPlane(), GithubPlane()
    aws_seed = seed.seed_aws(aws)
    modal_seed = seed.seed_modal(modal, aws_seed.leaked)
    github_seed = seed.seed_github(github, modal_seed.ci)
    environ = {
        "AWS_ENDPOINT_URL": aws.start(),
        "AWS_ACCESS_KEY_ID": aws_seed.operator.access_key_id,
        "AWS_SECRET_ACCESS_KEY": aws_seed.operator.secret_access_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "MODAL_SERVER_URL": modal.start(),
        "MODAL_CONFIG_PATH": "/nonexistent",
        "MODAL_TOKEN_ID": modal_seed.operator.token_id,
        "MODAL_TOKEN_SECRET": modal_seed.operator.token_secret,
        "GITHUB_API_URL": github.start(),
        "GITHUB_TOKEN": github_seed.operator,
    }
    made = DoctorWorld(aws, modal, github, aws_seed.leaked, dict(modal_seed.ci), environ, load())
    for environment, token in modal_seed.ci.items():
        _deploy(made.connections(made.signed_in_to_modal(token)), environment)
    yield made
    made.close()


def _deploy(connections: Connections, environment: str) -> None:
    """From a fresh import, as a deployed app object remembers what it was."""
    spec = spec_from_file_location("app", bundled("gpu_app") / "app.py")
    sys.modules["app"] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    connection = connections.get(ModalConnection)
    connection.hello()
    module.app.deploy(environment_name=environment, client=connection.client)


@pytest.fixture(scope="module")
def three_planes() -> Iterator[DoctorWorld]:
    with opened() as made:
        yield made


@pytest.fixture
def world(three_planes: DoctorWorld) -> Iterator[DoctorWorld]:
    planes = (three_planes.aws, three_planes.modal, three_planes.github)
    snapshots = [plane.snapshot() for plane in planes]
    yield three_planes
    for plane, snapshot in zip(planes, snapshots, strict=True):
        plane.restore(snapshot)


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "home" / "journal" / "journal.db"
