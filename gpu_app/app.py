"""The GPU workload whose credentials `respond` rotates, and the function that names the ones it runs with."""

import os
from typing import Any

import modal

app = modal.App("rentagpu-executor")

storage = modal.Secret.from_name(
    "my-app-secrets", required_keys=["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
)

KINDS = ("echo", "identity")


@app.function(secrets=[storage])
def identity() -> dict[str, str]:
    """Which key and which container answer: a rotation holds when both are new. Holds no secret value."""
    return _identity()


@app.function(gpu="T4", secrets=[storage])
def run_gpu_job(payload: dict[str, Any]) -> dict[str, Any]:
    """Run one job; `payload["kind"]` names what to do.

    `echo` gives `payload["data"]` back; `identity` answers as `identity` does, from a container with a GPU.

    Raises:
        ValueError: the kind is missing or unknown.
    """
    kind = payload.get("kind")
    if kind == "echo":
        return {"kind": kind, "data": payload.get("data")}
    if kind == "identity":
        return {"kind": kind, **_identity()}
    raise ValueError(f"Unknown kind of job: {kind!r}. Known: {', '.join(KINDS)}.")


def _identity() -> dict[str, str]:
    return {
        "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
        "container_id": os.environ["MODAL_TASK_ID"],
    }
