"""A company whose repository has the workflows: the three planes, and an account that takes GitHub's word."""

import json
import os
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from click.testing import CliRunner
from github import Auth, Github
from incident import quick_workflow

from responder.cli import cli
from responder.inventory import EXAMPLE
from responder.journal.checkpoint import AUDIT_KEY
from responder.journal.keys import SEAL_KEY
from responder.sandbox import seed
from responder.sandbox.aws import AwsPlane
from responder.sandbox.deployer import Deployer
from responder.sandbox.github import GithubPlane
from responder.sandbox.github.oidc import ISSUER
from responder.sandbox.modal import ModalPlane

ROOT = Path(__file__).parents[2]
FOLDER = ".github/workflows"
BUCKET = "rentagpu-journal-of-ci"
JOURNAL = f"s3://{BUCKET}/respond/journal.db"
ACCOUNT = "999999999999"
PATIENCE = 90  # seconds, on a machine that is busy with other tests
READS = ["iam:Get*", "iam:List*", "sts:*", "cloudtrail:*", "s3:Get*", "s3:List*", "ec2:Describe*"]


@dataclass
class Company:
    aws: AwsPlane
    modal: ModalPlane
    github: GithubPlane
    operator: dict[str, str] = field(repr=False)  # environment of who looks at it from a laptop
    kept: dict[str, str] = field(repr=False)  # what the environment `rotation` holds
    reviewer: str = field(repr=False)  # a token
    laptop: Path

    def world(self) -> dict[str, Any]:
        return {"aws": self.aws.world(), "modal": self.modal.world(), "github": self.github.world()}

    def respond(self, *arguments):
        """From a laptop, which shares the journal; gives what is on standard output."""
        environ = {**self.operator, "RESPOND_INVENTORY": str(self.laptop / "respond.toml")}
        done = CliRunner(env=environ).invoke(cli, arguments, standalone_mode=False)
        assert done.exception is None, done.exception
        return done.stdout

    def runs(self):
        return self.github.world()["repositories"][seed.REPOSITORY]["runs"]

    def run(self, run_id):
        return next(run for run in self.runs() if run["id"] == run_id)

    def wait(self, so, what):
        """Until a run is so; gives it."""

        def found(world):
            return [run for run in world["repositories"][seed.REPOSITORY]["runs"] if so(run)]

        try:
            self.github.wait_until(lambda world: bool(found(world)), seconds=PATIENCE)
        except TimeoutError:
            raise AssertionError(f"{what}: {self.runs()}") from None
        return found(self.github.world())[0]

    def ends(self, run_id):
        ended = self.wait(lambda run: run["id"] == run_id and run["status"] == "completed", "not over")
        return ended["conclusion"], "\n".join(log(ended))

    def starts(self, workflow, event="schedule", branch="main"):
        return self.github.trigger(seed.REPOSITORY, workflow, event, branch=branch)

    def cancel(self, run_id):
        self._asked(self.kept["RESPOND_GITHUB_TOKEN"]).get_repo(seed.REPOSITORY).get_workflow_run(
            run_id
        ).cancel()

    def approve(self, run_id):
        requester = self._asked(self.reviewer).requester
        url = f"/repos/{seed.REPOSITORY}/actions/runs/{run_id}/pending_deployments"
        _, pending = requester.requestJsonAndCheck("GET", url)
        ids = [gate["environment"]["id"] for gate in pending]
        said = {"environment_ids": ids, "state": "approved", "comment": ""}
        requester.requestJsonAndCheck("POST", url, input=said)

    def _asked(self, token):
        return Github(
            base_url=self.operator["GITHUB_API_URL"],
            auth=Auth.Token(token),
            retry=None,
            seconds_between_writes=0,
        )

    def commit(self, files, branch="main"):
        self.github.add_branch(seed.REPOSITORY, branch, {**self.files(), **files})

    def files(self):
        return self.github._state.repository(seed.REPOSITORY).branches["main"].files


def log(run):
    return [line for job in run["jobs"] for step in job["steps"] for line in step["log"]]


def role(iam, name, environment, actions):
    """One that jobs of the environment may be."""
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER.removeprefix('https://')}"
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": provider},
        "Condition": {
            "StringEquals": {
                f"{ISSUER.removeprefix('https://')}:aud": "sts.amazonaws.com",
                f"{ISSUER.removeprefix('https://')}:sub": f"repo:{seed.REPOSITORY}:environment:{environment}",
            }
        },
    }
    allowed = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=document(allowed))
    return arn


def document(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def inventory():
    return (
        EXAMPLE.read_text()
        .replace('max_age = "90d" # `respond', 'max_age = "20d" # `respond')
        .replace('overlap = "1h" #', 'overlap = "1s" #')
    )


@contextmanager
def a_company(folder):
    with ExitStack() as stack:
        aws = AwsPlane(account=ACCOUNT)
        runner = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "NO_PROXY": "127.0.0.1"}
        github = GithubPlane(runner_env=runner)
        urls = {"AWS_ENDPOINT_URL": aws.start()}
        stack.callback(aws.stop)
        modal = ModalPlane(workspace=seed.WORKSPACE, container_env=dict(urls))
        modal_url = modal.start()
        stack.callback(modal.stop)
        urls |= {"MODAL_SERVER_URL": modal_url, "MODAL_CONFIG_PATH": str(folder / "modal.toml")}
        aws_seed = seed.seed_aws(aws)
        aws.add_bucket(BUCKET)
        modal_seed = seed.seed_modal(modal, aws_seed.leaked)
        github_seed = seed.seed_github(github, modal_seed.ci, quick_workflow())
        urls["GITHUB_API_URL"] = github.start()
        stack.callback(github.stop)
        runner |= urls | {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
        aws.know_issuer(ISSUER, github.issuer.public_key)
        with Deployer(modal_url, folder / "modal.toml", modal_seed.ci) as deployer:
            deployer.deploy()
        admin = {
            "AWS_ACCESS_KEY_ID": aws_seed.operator.access_key_id,
            "AWS_SECRET_ACCESS_KEY": aws_seed.operator.secret_access_key,
        }
        secrets = {
            "RESPOND_MODAL_TOKEN_ID": modal_seed.operator.token_id,
            "RESPOND_MODAL_TOKEN_SECRET": modal_seed.operator.token_secret,
            "RESPOND_GITHUB_TOKEN": github_seed.operator,
            "RESPOND_SEAL_KEY": SEAL_KEY.fresh().reveal(),
            "RESPOND_AUDIT_KEY": AUDIT_KEY.fresh().reveal(),
        }
        settle(github, iam_of(urls, admin), secrets)
        (folder / "respond.toml").write_text(inventory())
        admin["GITHUB_TOKEN"] = github_seed.operator
        operator = {**os.environ, **urls, **admin, "HOME": str(folder), "RESPOND_JOURNAL": JOURNAL}
        yield Company(aws, modal, github, operator, secrets, github_seed.reviewer, folder)


def iam_of(urls, admin):
    return boto3.session.Session().client(
        "iam",
        endpoint_url=urls["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=admin["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=admin["AWS_SECRET_ACCESS_KEY"],
    )


def settle(github, iam, secrets):
    """The workflows and the inventory in the repository, and what their environments hold."""
    files = {f"{FOLDER}/{name}": (ROOT / FOLDER / name).read_bytes() for name in ("rotate.yml", "check.yml")}
    files |= {"respond.toml": inventory().encode(), ".gitignore": b"*.env\n.env*\n.modal.toml\n"}
    before = github._state.repository(seed.REPOSITORY).branches["main"].files
    github.add_branch(seed.REPOSITORY, "main", {**before, **files})
    iam.create_open_id_connect_provider(
        Url=ISSUER, ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40]
    )
    for environment, actions in (("rotation", ["*"]), ("check", READS)):
        arn = role(iam, f"respond-{environment}", environment, actions)
        github.add_environment(seed.REPOSITORY, environment, branches=["main"])
        github.put_environment_variable(seed.REPOSITORY, environment, "RESPOND_AWS_ROLE", arn)
        for name, value in secrets.items():
            if environment == "rotation" or not name.endswith("_KEY"):
                github.put_environment_secret(seed.REPOSITORY, environment, name, value)
    github.put_environment_variable(seed.REPOSITORY, "rotation", "RESPOND_JOURNAL", JOURNAL)
