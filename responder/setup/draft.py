"""A respond.toml for a project that has nothing yet: what the setup is then to make."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from responder.bundled import bundled
from responder.errors import InputError

_APP: Final = re.compile(r"""modal\.App\(\s*["']([\w.-]+)["']""")
_SOURCE: Final = "gpu_app/app.py"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")
_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+")
_PRODUCTION: Final = {"prod", "production", "live"}

_HEAD = """\
# The inventory of `respond`: which credentials exist, where their values are kept and what runs with them.
# It holds no secret and may be committed. `respond inventory check` tells where it and what is there differ.

# Before anything is changed in one of these environments its name must be typed; they are protected.
guarded_environments = [{guarded}]

[github]
repository = "{repository}"

# Where a signed checkpoint of the journal is put at the end of each run. Name a place, and take out the #.
# [audit]
# s3_bucket = "..." # with Object Lock; best in another account
# github_issue = 1 # each is a comment on it
"""

_ENVIRONMENT = """

[credentials.s3-{environment}]
kind = "aws-access-key"
user = "{app}-s3-{environment}"
max_age = "90d"

[[credentials.s3-{environment}.modal_secrets]]
environment = "{environment}"
secret = "my-app-secrets"
identifier_key = "AWS_ACCESS_KEY_ID"
secret_key = "AWS_SECRET_ACCESS_KEY"

[credentials.ci-{environment}]
kind = "modal-service-user"
service_user = "{app}-ci-{environment}"
max_age = "90d"

[[credentials.ci-{environment}.github_environments]]
environment = "{environment}"
identifier_key = "MODAL_TOKEN_ID"
secret_key = "MODAL_TOKEN_SECRET"

[workloads.{environment}]
app = "{app}"
environment = "{environment}"
function = "identity" # takes no argument, answers {{"aws_access_key_id": ..., "container_id": ...}}
runs_with = ["s3-{environment}"]
deployed_with = ["ci-{environment}"]
source = "{source}"

[workloads.{environment}.workflow]
file = "modal_deploy.yml"
ref = "{branch}"
inputs = {{ environment = "{environment}" }}
"""


def drafted(
    repository: str, environments: Sequence[str], folder: Path, default_branch: Callable[[str], str]
) -> str:
    """The file's text, with an AWS key and a Modal service user for each environment.

    Args:
        repository: owner/name at GitHub.
        environments: of Modal and GitHub; those that are called prod are guarded.
        folder: of the project, whose gpu_app/app.py names the app where it has one.
        default_branch: of a repository; that is deployed from.

    Raises:
        InputError: a name is none, or there is no environment.
    """
    if not _REPOSITORY.fullmatch(repository):
        raise InputError(f"--repository {repository}: that is no repository.", next_step="OWNER/NAME")
    if not environments:
        raise InputError(
            "Which environments are to be made, no --dotenv says.",
            next_step="--dotenv dev=FILE --dotenv prod=FILE, files outside the repository.",
        )
    for name in environments:
        if not _NAME.fullmatch(name):
            raise InputError(
                f"--dotenv {name}=…: no environment is called that.",
                next_step="Small letters, digits, - and _: --dotenv prod=FILE",
            )
    branch = default_branch(repository)
    guarded = ", ".join(f'"{name}"' for name in environments if name in _PRODUCTION)
    return _HEAD.format(guarded=guarded, repository=repository) + "".join(
        _ENVIRONMENT.format(environment=name, app=_app(folder), source=_SOURCE, branch=branch)
        for name in environments
    )


def _app(folder: Path) -> str:
    for source in (folder / _SOURCE, bundled(_SOURCE)):
        if source.is_file() and (found := _APP.search(source.read_text("utf-8", "replace"))):
            return found[1]
    return "app"
