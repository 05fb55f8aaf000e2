"""An inventory of one key and one service user, and what leaks of them."""

from datetime import UTC, datetime

from responder.exposure import (
    LeakedAccessKey,
    LeakedServiceUser,
    base_of,
)
from responder.inventory import Inventory
from responder.secret import Secret

NOW = datetime(2026, 3, 1, 3, 4, 5, tzinfo=UTC)


AKIA = "AKIAIOSFODNN7EXAMPLE"


AS = "as-7HdJ4gKf6MtVq2RxN9sLwB"


SMALL = """\
guarded_environments = ["prod"]

[github]
repository = "rentagpu/executor"

[credentials.s3]
kind = "aws-access-key"
user = "rentagpu-s3"

[[credentials.s3.modal_secrets]]
environment = "dev"
secret = "my-app-secrets"
identifier_key = "AWS_ACCESS_KEY_ID"
secret_key = "AWS_SECRET_ACCESS_KEY"

[[credentials.s3.modal_secrets]]
environment = "prod"
secret = "my-app-secrets"
identifier_key = "AWS_ACCESS_KEY_ID"
secret_key = "AWS_SECRET_ACCESS_KEY"

[credentials.ci]
kind = "modal-service-user"
service_user = "ci"

[[credentials.ci.github_environments]]
environment = "prod"
identifier_key = "MODAL_TOKEN_ID"
secret_key = "MODAL_TOKEN_SECRET"

[workloads.executor]
app = "rentagpu-executor"
environment = "prod"
function = "identity"
runs_with = ["s3"]
deployed_with = ["ci"]
workflow.file = "modal_deploy.yml"
"""


def load(tmp_path, text):
    (tmp_path / "respond.toml").write_text(text)
    return Inventory.load(None, {}, tmp_path)


def service_user(name):
    return LeakedServiceUser(
        credential="ak-x",
        known=False,
        identifier="ak-x",
        secret=Secret(AS),
        name=name,
        base=base_of(name),
        roles={"prod": "contributor"},
    )


def access_key(user="rentagpu-s3", identifier=AKIA):
    return LeakedAccessKey(credential=identifier, known=False, identifier=identifier, user=user, life="live")
