"""An exposure with one of everything, and what is needed to expand a playbook over it."""

from datetime import UTC, datetime
from typing import Any

from responder.exposure import (
    Exposure,
    GithubEnvironmentPlacement,
    LeakedAccessKey,
    LeakedServiceUser,
    ModalSecretPlacement,
    Workflow,
    Workload,
)
from responder.playbook.expand import Setting
from responder.secret import Secret

SEEN = datetime(2026, 1, 31, 3, tzinfo=UTC)
CANARY = "canary-0123456789abcdef"


def exposure(**more: Any) -> Exposure:
    placed = {"environment": "prod", "identifier_key": "ID", "secret_key": "SECRET"}
    return Exposure(
        source="prod.env",
        seen_at=SEEN,
        access_keys=(
            LeakedAccessKey(
                credential="s3", known=True, identifier="AKIA1", user="rentagpu-s3", secret=Secret(CANARY)
            ),
        ),
        service_users=(
            LeakedServiceUser(
                credential="ci",
                known=True,
                identifier="ak-1",
                secret=Secret(CANARY + "-ci"),
                name="ci-prod",
                base="ci-prod",
                roles={"prod": "contributor"},
            ),
        ),
        modal_secrets=(ModalSecretPlacement(credential="s3", secret="my-app-secrets", **placed),),
        github_environments=(
            GithubEnvironmentPlacement(credential="ci", repository="rentagpu/executor", **placed),
        ),
        workloads=(
            Workload(
                name="executor-prod",
                app="rentagpu-executor",
                environment="prod",
                function="identity",
                runs_with=("s3",),
                deployed_with=("ci",),
                workflow=Workflow(repository="rentagpu/executor", file="modal_deploy.yml"),
            ),
        ),
        **more,
    )


def setting(leak: Exposure | None = None, strategy: str = "contain-first", **options: str | None) -> Setting:
    chosen = {"redeploy": "workflow", "delete_key": None, **options}
    return Setting(leak or exposure(), chosen, "r1", SEEN, strategy)
