"""A company of any size: credentials by the dozen or the hundred, each placed on one platform or on both."""

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from incident import quick_workflow

from responder.sandbox import seed
from responder.sandbox.aws import AwsPlane
from responder.sandbox.deployer import Deployer
from responder.sandbox.faults import Faults
from responder.sandbox.github import GithubPlane
from responder.sandbox.modal import ModalPlane

BRISK = Path(__file__).with_name("brisk.py")
OWN = "own"  # the key that a repository has among its own secrets
A_REPOSITORY_HOLDS = 20  # credentials; GitHub allows a hundred secrets an environment
HEAD = """
[github]
repository = "rentagpu/executor"
"""
EXECUTOR = """
[workloads.executor-{0}]
app = "rentagpu-executor"
environment = "{0}"
function = "identity"
runs_with = ["s3"]
deployed_with = {1}
source = "gpu_app/app.py"

[workloads.executor-{0}.workflow]
file = "modal_deploy.yml"
ref = "main"
inputs = {{ environment = "{0}" }}
"""
AT_GITHUB = """
[[credentials.{name}.github_environments]]
repository = "{repository}"
environment = "{environment}"
identifier_key = "{prefix}_ID"
secret_key = "{prefix}_SECRET"
"""
AT_REPOSITORY = """
[[credentials.{name}.github_repositories]]
repository = "{repository}"
identifier_key = "{prefix}_ID"
secret_key = "{prefix}_SECRET"
"""
AT_MODAL = """
[[credentials.{name}.modal_secrets]]
environment = "prod"
secret = "{name}"
identifier_key = "AWS_ACCESS_KEY_ID"
secret_key = "AWS_SECRET_ACCESS_KEY"
"""


@dataclass
class Estate:
    aws: AwsPlane
    modal: ModalPlane
    github: GithubPlane
    faults: Faults
    folder: Path
    environ: dict[str, str] = field(repr=False)
    lines: list[str] = field(repr=False, default_factory=lambda: [HEAD])

    def world(self) -> dict[str, Any]:
        return {"aws": self.aws.world(), "modal": self.modal.world(), "github": self.github.world()}

    def command(self, *arguments: str, home: str = "home", killed_after: int = 0) -> list[str]:
        where = ("--home", str(self.folder / home))
        return [sys.executable, str(BRISK), str(killed_after), *where, *arguments]

    def respond(self, *arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
        (self.folder / "respond.toml").write_text("".join(self.lines))
        return subprocess.run(
            self.command(*arguments, **how),
            env=self.environ,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def add_key(self, name: str, number: int, *, at_modal: bool) -> None:
        """An IAM user's key, in a GitHub environment and perhaps in a Modal Secret of its own."""
        self.aws.add_user(name)
        key = self.aws.add_access_key(name)
        self._place(name, number, "prod", key.access_key_id, key.secret_access_key)
        self.lines.append(f'[credentials.{name}]\nkind = "aws-access-key"\nuser = "{name}"\n')
        self._write_down(name, number, "prod")
        if at_modal:
            pair = {"AWS_ACCESS_KEY_ID": key.access_key_id, "AWS_SECRET_ACCESS_KEY": key.secret_access_key}
            self.modal.add_secret(name, "prod", {**pair, "OTHER": "stays"}, created_by="ada")
            self.lines.append(AT_MODAL.format(name=name))

    def add_token(self, name: str, number: int) -> None:
        """A Modal service user's, in a GitHub environment."""
        token = self.modal.add_service_user(name, {"dev": "viewer", "prod": "contributor"}, created_by="ada")
        self._place(name, number, "dev", token.token_id, token.token_secret)
        self.lines.append(f'[credentials.{name}]\nkind = "modal-service-user"\nservice_user = "{name}"\n')
        self._write_down(name, number, "dev")

    def add_own_key(self, name: str, number: int) -> None:
        """An IAM user's key, among the secrets of a repository itself and nowhere else."""
        self.aws.add_user(name)
        key = self.aws.add_access_key(name)
        repository = self.repository(number)
        for part, value in (("ID", key.access_key_id), ("SECRET", key.secret_access_key)):
            self.github.put_repository_secret(repository, f"{prefix(name)}_{part}", value)
        self.lines.append(f'[credentials.{name}]\nkind = "aws-access-key"\nuser = "{name}"\n')
        self.lines.append(AT_REPOSITORY.format(name=name, repository=repository, prefix=prefix(name)))

    def add_unknown(self) -> None:
        """What no inventory has: of an environment, of a repository, of the organisation."""
        repository = self.repository(0)
        self.github.put_environment_secret(repository, "dev", "DATABASE_URL", "postgres://")
        self.github.put_repository_secret(repository, "SLACK_WEBHOOK", "https://")
        self.github.put_organization_secret(repository.partition("/")[0], "PYPI_TOKEN", "pypi-")

    def _place(self, name: str, number: int, environment: str, identifier: str, secret: str) -> None:
        repository = self.repository(number)
        if repository not in self.github.world()["repositories"]:
            self.github.add_repository(repository, {"README.md": b"\n"}, permissions={"oncall": "admin"})
            for one in seed.ENVIRONMENTS:
                self.github.add_environment(repository, one)
        for part, value in (("ID", identifier), ("SECRET", secret)):
            self.github.put_environment_secret(repository, environment, f"{prefix(name)}_{part}", value)

    def _write_down(self, name: str, number: int, environment: str) -> None:
        where = {"repository": self.repository(number), "environment": environment, "prefix": prefix(name)}
        self.lines.append(AT_GITHUB.format(name=name, **where))

    @staticmethod
    def repository(number: int) -> str:
        return f"rentagpu/service-{number // A_REPOSITORY_HOLDS}"


def prefix(name: str) -> str:
    return name.upper().replace("-", "_")


@contextmanager
def estate(folder: Path, *, keys: int, tokens: int, account: str = "888888888888"):
    """Beside the executor's own: so many keys, every second at Modal too, and so many tokens."""
    with ExitStack() as stack:
        faults = Faults()
        aws = AwsPlane(account=account, faults=faults)
        stack.callback(aws.stop)
        of_aws = seed.seed_aws(aws)
        aws_url = aws.start()
        modal = ModalPlane(
            workspace=seed.WORKSPACE, container_env={"AWS_ENDPOINT_URL": aws_url}, faults=faults
        )
        stack.callback(modal.stop)
        modal_url = modal.start()
        of_modal = seed.seed_modal(modal, of_aws.leaked)
        runner = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "MODAL_SERVER_URL": modal_url,
            "MODAL_CONFIG_PATH": str(folder / "modal.toml"),
        }
        github = GithubPlane(runner_env=runner, auto_approve=0.0, faults=faults)
        stack.callback(github.stop)
        of_github = seed.seed_github(github, of_modal.ci, quick_workflow())
        with Deployer(modal_url, folder / "modal.toml", of_modal.ci) as deployer:
            deployer.deploy()
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "COLUMNS": "100",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "AWS_ENDPOINT_URL": aws_url,
            "AWS_ACCESS_KEY_ID": of_aws.operator.access_key_id,
            "AWS_SECRET_ACCESS_KEY": of_aws.operator.secret_access_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "MODAL_SERVER_URL": modal_url,
            "MODAL_CONFIG_PATH": str(folder / "modal.toml"),
            "MODAL_TOKEN_ID": of_modal.operator.token_id,
            "MODAL_TOKEN_SECRET": of_modal.operator.token_secret,
            "GITHUB_API_URL": github.start(),
            "GITHUB_TOKEN": of_github.operator,
            "NO_PROXY": "127.0.0.1,localhost",
        }
        made = Estate(aws, modal, github, faults, folder, environ)
        for name in seed.ENVIRONMENTS:
            text = f'[credentials.ci-{name}]\nkind = "modal-service-user"\nservice_user = "ci-{name}"\n'
            place = AT_GITHUB.format(
                name=f"ci-{name}", repository=seed.REPOSITORY, environment=name, prefix="MODAL_TOKEN"
            )
            made.lines += [text, place]
        for number in range(keys):
            made.add_key(f"key-{number:03}", number, at_modal=number % 2 == 0)
        for number in range(tokens):
            made.add_token(f"bot-{number:03}", number)
        made.add_own_key(OWN, 0)
        made.add_unknown()
        made.lines.append('[credentials.s3]\nkind = "aws-access-key"\nuser = "rentagpu-s3"\n')
        deployed = {"dev": '["ci-dev"]', "prod": '["ci-prod", "bot-000"]'}
        made.lines += [EXECUTOR.format(name, deployed[name]) for name in seed.ENVIRONMENTS]
        yield made
