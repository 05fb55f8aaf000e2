"""A company that begins: an account, a workspace and a repository with nothing in them, and an operator."""

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import preloaded
import pytest
from apart_inventory import tables
from click.testing import CliRunner

from responder.cli import cli
from responder.sandbox import seed
from responder.sandbox.aws import AwsPlane
from responder.sandbox.github import GithubPlane
from responder.sandbox.github.plane import files_below
from responder.sandbox.modal import ModalPlane

ROOT = Path(__file__).parents[2]
INVENTORY = (
    '[github]\nrepository = "rentagpu/executor"\n\n[audit]\ns3_bucket = "rentagpu-audit-setup"\n\n' + tables()
)


@dataclass
class Beginning:
    aws: AwsPlane
    modal: ModalPlane
    github: GithubPlane
    environ: dict[str, str] = field(repr=False)
    folder: Path  # the project's
    branch: str

    def world(self) -> dict[str, Any]:
        return {"aws": self.aws.world(), "modal": self.modal.world(), "github": self.github.world()}

    def respond(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """As its users start it."""
        words = ("--home", str(self.folder.parent / "home"), *arguments)
        return preloaded.run("respond", *words, env=self.environ, cwd=self.folder)

    def call(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
        """In this process; gives what is on standard output.

        Raises:
            RespondError: what a person would be told.
        """
        monkeypatch.chdir(self.folder)
        words = ["--home", str(self.folder.parent / "home"), *arguments]
        done = CliRunner(env={**self.environ, "RESPOND_INVENTORY": None}).invoke(
            cli, words, standalone_mode=False
        )
        if done.exception is not None:
            raise done.exception
        return done.stdout

    def push(self, files: dict[str, bytes]) -> None:
        """To the default branch, beside what is there."""
        there = self.github._state.repository(seed.REPOSITORY).branches[self.branch].files
        self.github.add_branch(seed.REPOSITORY, self.branch, {**there, **files})

    def dotenv(self, environment: str, text: str) -> str:
        """As the option that names it."""
        path = self.folder.parent / f"{environment}.env"
        path.write_text(text)
        return f"{environment}={path}"


@contextmanager
def company(above: Path, account: str, branch: str = "main"):
    """An account, a workspace, a repository with the app alone; and a folder with nothing in it.

    Two in one process have two accounts.
    """
    aws, modal = AwsPlane(account=account), ModalPlane()
    for bucket in ("rentagpu-dev", "rentagpu-prod"):
        aws.add_bucket(bucket)
    aws.add_bucket("rentagpu-audit-setup", object_lock=True)
    operator = aws.add_administrator("respond-operator")
    modal.add_member("ada", "ada@rentagpu.example", role="owner")
    modal_url = modal.start()
    runner = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "MODAL_SERVER_URL": modal_url,
        "MODAL_CONFIG_PATH": str(above / "modal.toml"),
    }
    github = GithubPlane(runner_env=runner, auto_approve=0.0)
    tokens = {login: github.add_user(login) for login in ("oncall", "grace")}
    files = {f"gpu_app/{name}": data for name, data in files_below(ROOT / "gpu_app").items()}
    github.add_repository(
        seed.REPOSITORY, files, default_branch=branch, permissions={"oncall": "admin", "grace": "write"}
    )
    ada = modal.add_member_token("ada")
    folder = above / "executor"
    folder.mkdir()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(above),
        "COLUMNS": "100",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "AWS_ENDPOINT_URL": aws.start(),
        "AWS_ACCESS_KEY_ID": operator.access_key_id,
        "AWS_SECRET_ACCESS_KEY": operator.secret_access_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "MODAL_SERVER_URL": modal_url,
        "MODAL_CONFIG_PATH": str(above / "modal.toml"),
        "MODAL_TOKEN_ID": ada.token_id,
        "MODAL_TOKEN_SECRET": ada.token_secret,
        "GITHUB_API_URL": github.start(),
        "GITHUB_TOKEN": tokens["oncall"],
    }
    yield Beginning(aws, modal, github, environ, folder, branch)
    for plane in (github, modal, aws):
        plane.stop()
