"""A company that begins: an account, a workspace and a repository with nothing in them, and an operator."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from responder.inventory import Inventory
from responder.sandbox import seed
from responder.sandbox.aws import AwsPlane
from responder.sandbox.github import GithubPlane
from responder.sandbox.github.plane import files_below
from responder.sandbox.modal import ModalPlane

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ("dev", "prod")
CREDENTIALS = """
[credentials.s3-{0}]
kind = "aws-access-key"
user = "rentagpu-s3-{0}"
max_age = "90d"

[[credentials.s3-{0}.modal_secrets]]
environment = "{0}"
secret = "my-app-secrets"
identifier_key = "AWS_ACCESS_KEY_ID"
secret_key = "AWS_SECRET_ACCESS_KEY"

[credentials.ci-{0}]
kind = "modal-service-user"
service_user = "ci-{0}"
max_age = "90d"

[[credentials.ci-{0}.github_environments]]
environment = "{0}"
identifier_key = "MODAL_TOKEN_ID"
secret_key = "MODAL_TOKEN_SECRET"

[workloads.executor-{0}]
app = "rentagpu-executor"
environment = "{0}"
function = "identity"
runs_with = ["s3-{0}"]
deployed_with = ["ci-{0}"]
source = "gpu_app/app.py"

[workloads.executor-{0}.workflow]
file = "modal_deploy.yml"
ref = "main"
inputs = {{ environment = "{0}" }}
"""
INVENTORY = (
    '[github]\nrepository = "rentagpu/executor"\n\n[audit]\ns3_bucket = "rentagpu-audit-setup"\n'
    + "".join(CREDENTIALS.format(name) for name in ENVIRONMENTS)
)


@dataclass
class Beginning:
    aws: AwsPlane
    modal: ModalPlane
    github: GithubPlane
    environ: dict[str, str]
    folder: Path  # the project's

    def world(self) -> dict[str, Any]:
        return {"aws": self.aws.world(), "modal": self.modal.world(), "github": self.github.world()}

    def respond(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "responder", "--home", str(self.folder.parent / "home"), *arguments]
        return subprocess.run(
            command, env=self.environ, cwd=self.folder, capture_output=True, text=True, check=False
        )

    def dotenv(self, environment: str, text: str) -> str:
        """As the option that names it."""
        path = self.folder.parent / f"{environment}.env"
        path.write_text(text)
        return f"{environment}={path}"


@pytest.fixture
def described(tmp_path):
    (tmp_path / "respond.toml").write_text(INVENTORY)
    return Inventory.load(tmp_path / "respond.toml", {}, tmp_path)


@pytest.fixture
def beginning(tmp_path):
    aws, modal = AwsPlane(account="777777777777"), ModalPlane()
    for bucket in ("rentagpu-dev", "rentagpu-prod"):
        aws.add_bucket(bucket)
    aws.add_bucket("rentagpu-audit-setup", object_lock=True)
    operator = aws.add_administrator("respond-operator")
    modal.add_member("ada", "ada@rentagpu.example", role="owner")
    modal_url = modal.start()
    runner = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "MODAL_SERVER_URL": modal_url,
        "MODAL_CONFIG_PATH": str(tmp_path / "modal.toml"),
    }
    github = GithubPlane(runner_env=runner, auto_approve=0.0)
    tokens = {login: github.add_user(login) for login in ("oncall", "grace")}
    files = {f"gpu_app/{name}": data for name, data in files_below(ROOT / "gpu_app").items()}
    files[seed.WORKFLOW] = (ROOT / "tests/data/quick_deploy.yml").read_bytes()
    github.add_repository(seed.REPOSITORY, files, permissions={"oncall": "admin", "grace": "write"})
    ada = modal.add_member_token("ada")
    folder = tmp_path / "executor"
    folder.mkdir()
    (folder / "respond.toml").write_text(INVENTORY)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "COLUMNS": "100",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "AWS_ENDPOINT_URL": aws.start(),
        "AWS_ACCESS_KEY_ID": operator.access_key_id,
        "AWS_SECRET_ACCESS_KEY": operator.secret_access_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "MODAL_SERVER_URL": modal_url,
        "MODAL_CONFIG_PATH": str(tmp_path / "modal.toml"),
        "MODAL_TOKEN_ID": ada.token_id,
        "MODAL_TOKEN_SECRET": ada.token_secret,
        "GITHUB_API_URL": github.start(),
        "GITHUB_TOKEN": tokens["oncall"],
    }
    yield Beginning(aws, modal, github, environ, folder)
    for plane in (github, modal, aws):
        plane.stop()
