"""The world that a sandbox starts with: a small company, its people, and the credentials that will leak.

The seeding functions hand the credentials from plane to plane, as the people who set this up would have.
"""

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from responder.bundled import bundled
from responder.sandbox.aws import AwsPlane, KeyPair
from responder.sandbox.github import GithubPlane
from responder.sandbox.github.leaks import Location
from responder.sandbox.github.plane import files_below
from responder.sandbox.github.state import Permission
from responder.sandbox.modal import ModalPlane, Token

WORKSPACE = "rentagpu"
ENVIRONMENTS = ("dev", "prod")
APP_SECRET = "my-app-secrets"  # noqa: S105  # its name
KEY_OWNER = "rentagpu-s3"
BUCKET = "rentagpu-artifacts"
AGE = timedelta(days=30)  # of all at AWS that was there before the incident
YOUNGER = timedelta(days=14)  # of all that was there at Modal and GitHub
AUDIT_BUCKET = "rentagpu-audit"
REPOSITORY = "rentagpu/executor"
REVIEWER = "grace"
MAINTAINER = "sam"
LEAKY_BRANCH = "try-upload"
ALERT = 1  # the number of the alert about what leaked: GitHub counts from one
WORKFLOW = ".github/workflows/modal_deploy.yml"

_S3_ACCESS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetObject", "s3:PutObject"],
            "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
        }
    ],
}
_TOO_WIDE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["iam:*", "s3:ListAllMyBuckets"], "Resource": "*"}],
}


@dataclass(frozen=True)
class AwsSeed:
    operator: KeyPair
    leaked: KeyPair


@dataclass(frozen=True)
class ModalSeed:
    operator: Token
    ci: Mapping[str, Token]
    """What CI deploys with, by environment."""


@dataclass(frozen=True)
class GithubSeed:
    operator: str = field(repr=False)
    reviewer: str = field(repr=False)
    maintainer: str = field(repr=False)
    """Of somebody who administers the repository, and may have left it lying about."""


def seed_aws(plane: AwsPlane, *, too_wide: bool = False) -> AwsSeed:
    """With a session that an intruder has already got from the key that will leak.

    `too_wide`: whoever made its user gave it rights over IAM too, as happens.
    """
    plane.add_bucket(BUCKET)
    plane.add_bucket(AUDIT_BUCKET, object_lock=True)
    operator = plane.add_administrator("respond-operator")
    plane.add_user(KEY_OWNER, _S3_ACCESS, policy_name="artifacts")
    if too_wide:
        plane.put_user_policy(KEY_OWNER, "deploy", _TOO_WIDE)
    leaked = plane.add_access_key(KEY_OWNER)
    plane.backdate(AGE)
    plane.add_session(leaked)
    return AwsSeed(operator, leaked)


def seed_modal(plane: ModalPlane, key: KeyPair) -> ModalSeed:
    plane.add_member("ada", "ada@rentagpu.example", role="owner")
    plane.add_member("sam", "sam@rentagpu.example")
    plane.add_environment("dev")
    plane.add_environment("prod", restricted=True, default_role="viewer")
    for environment in ENVIRONMENTS:
        plane.add_secret(APP_SECRET, environment, _app_secret(key), created_by="ada")
    plane.add_member_token("sam")
    return ModalSeed(
        operator=plane.add_member_token("ada"),
        ci={
            name: plane.add_service_user(f"ci-{name}", {name: "contributor"}, created_by="ada")
            for name in ENVIRONMENTS
        },
    )


def seed_github(plane: GithubPlane, ci: Mapping[str, Token], workflow: bytes | None = None) -> GithubSeed:
    """`workflow` is what deploys; without it the one of this project does."""
    operator, reviewer = plane.add_user("oncall"), plane.add_user(REVIEWER)
    maintainer = plane.add_user(MAINTAINER)
    people: dict[str, Permission] = {"oncall": "admin", REVIEWER: "write", MAINTAINER: "admin"}
    plane.add_repository(REPOSITORY, _repository_files(workflow), permissions=people)
    organization = REPOSITORY.partition("/")[0]
    for login in people:
        plane.add_member(organization, login, "admin" if login == "oncall" else "member")
    plane.add_ruleset(REPOSITORY, "main", ["pull_request", "non_fast_forward"])
    plane.add_issue(REPOSITORY)
    plane.add_environment(REPOSITORY, "dev")
    plane.add_environment(REPOSITORY, "prod", reviewers=[REVIEWER], branches=["main"])
    for environment, token in ci.items():
        plane.put_environment_secret(REPOSITORY, environment, "MODAL_TOKEN_ID", token.token_id)
        plane.put_environment_secret(REPOSITORY, environment, "MODAL_TOKEN_SECRET", token.token_secret)
    return GithubSeed(operator, reviewer, maintainer)


def spill(plane: GithubPlane, leaked: str, key: KeyPair) -> None:
    """Have the leaked file lie on a branch where somebody pushed it, and GitHub raise an alert about it."""
    plane.add_branch(REPOSITORY, LEAKY_BRANCH)
    files = {"prod.env": leaked.encode()}
    sha = plane.leaks.commit(REPOSITORY, files, "Try the upload", by=REVIEWER, branch=LEAKY_BRANCH)
    plane.leaks.alert(
        REPOSITORY,
        key.secret_access_key,
        "aws_secret_access_key",
        "Amazon AWS Secret Access Key",
        [Location("commit", commit=sha, path="prod.env", line=2)],
        validity="active",
    )


def leaked_file(key: KeyPair, token: Token, github_token: str = "") -> str:
    """The `prod.env` that somebody pushed."""
    of_github = f"GITHUB_TOKEN={github_token}\n" if github_token else ""
    return (
        f"AWS_ACCESS_KEY_ID={key.access_key_id}\n"
        f"AWS_SECRET_ACCESS_KEY={key.secret_access_key}\n"
        f"S3_BUCKET={BUCKET}\n"
        "MODAL_ENVIRONMENT=prod\n"
        f"MODAL_TOKEN_ID={token.token_id}\n"
        f"MODAL_TOKEN_SECRET={token.token_secret}\n"
        f"{of_github}"
    )


def _app_secret(key: KeyPair) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "S3_BUCKET": BUCKET,
        "HF_TOKEN": "hf_" + "".join(secrets.choice(string.ascii_letters) for _ in range(34)),
    }


def _repository_files(workflow: bytes | None) -> dict[str, bytes]:
    app = files_below(bundled("gpu_app"))
    return {
        WORKFLOW: workflow or bundled(WORKFLOW).read_bytes(),
        **{f"gpu_app/{name}": data for name, data in app.items()},
    }
