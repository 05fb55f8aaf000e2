"""The GPU workload whose credentials `respond` rotates, and the function that names the ones it runs with.

What the images hold is pinned: their containers have the key of the bucket in their environment.
"""

import hashlib
import hmac
import logging
import os
import tomllib
from pathlib import Path
from typing import Any

import modal

HERE = Path(__file__).parent
SETTINGS = tomllib.loads((HERE / "config" / "gpu_backend.toml").read_text())

app = modal.App("rentagpu-executor")

storage = modal.Secret.from_name(
    "my-app-secrets", required_keys=["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
)


def _with_sources(image: modal.Image) -> modal.Image:
    for folder in ("config", "jobs"):
        image = image.add_local_dir(HERE / folder, f"/root/{folder}", ignore=["**/__pycache__"])
    return image


python = modal.Image.debian_slim(python_version="3.12")
front = _with_sources(python.pip_install("pydantic==2.14.3"))
heavy = _with_sources(
    python.pip_install("boto3==1.44.5", "numpy==2.4.6", "pydantic==2.14.3", "torch==2.14.1")
)


@app.function(image=front, secrets=[storage])
def identity() -> dict[str, str]:
    """Which key and which container answer: a rotation holds when both are new. Holds no secret value."""
    return {
        "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
        "container_id": os.environ["MODAL_TASK_ID"],
    }


@app.function(image=front, secrets=[storage])
def digests(key: str, names: list[str]) -> dict[str, str]:
    """A keyed digest of each variable of these names, so that environments are compared and no value is read.

    `respond check` takes a random key each time: a digest of today tells nothing tomorrow.
    """
    return {
        name: hmac.new(key.encode(), os.environ[name].encode(), hashlib.sha256).hexdigest()
        for name in names
        if name in os.environ
    }


@app.function(image=front, timeout=SETTINGS["timeouts"]["front_seconds"])
def run_gpu_job(payload: dict[str, Any]) -> dict[str, Any]:
    """Run one job on a GPU. Its result is also kept in the bucket, under the job's id.

    A payload that is wrong is refused here, without a GPU. The same payload again gives the result of the
    first time; `jobs/payload.py` says what a payload holds.

    Raises:
        ValueError: the payload or an input that it names is wrong, or its id was used for another payload.
        RuntimeError: it failed at every try, and why.
    """
    from jobs.payload import validated  # noqa: PLC0415  # lies beside this file only in the container

    result: dict[str, Any] = Executor().run.remote(validated(payload).model_dump(mode="json"))
    if "refused" in result:
        raise ValueError(result["refused"])
    return result


@app.cls(
    image=heavy,
    gpu=SETTINGS["gpu"]["kind"],
    memory=SETTINGS["gpu"]["memory_mib"],
    secrets=[storage],
    timeout=SETTINGS["timeouts"]["job_seconds"],
    retries=modal.Retries(
        max_retries=SETTINGS["retries"]["times"], initial_delay=SETTINGS["retries"]["first_delay_seconds"]
    ),
    max_containers=SETTINGS["scaling"]["max_containers"],
    scaledown_window=SETTINGS["scaling"]["scaledown_window_seconds"],
)
class Executor:
    """A container with a GPU. What takes seconds to load is loaded once, before its first job."""

    @modal.enter()
    def load(self) -> None:
        from jobs.compute import backend  # noqa: PLC0415
        from jobs.storage import Storage  # noqa: PLC0415

        self.backend = backend()
        self.storage = Storage.from_environment(os.environ)

    @modal.method()
    def run(self, payload: dict[str, Any]) -> dict[str, Any]:
        """What was found; or `refused` and why, as raising would have it tried again.

        Raises:
            RuntimeError: anything else, in words, as the caller has neither boto3 nor PyTorch.
        """
        from jobs.payload import validated  # noqa: PLC0415
        from jobs.run import run  # noqa: PLC0415

        try:
            return run(validated(payload), self.storage, self.backend, os.environ["MODAL_TASK_ID"])
        except ValueError as error:
            return {"refused": str(error)}
        except Exception as error:
            logging.getLogger(__name__).exception("The job failed.")
            ran_with = f"It ran with the key {self.storage.access_key_id}."
            raise RuntimeError(f"{type(error).__name__}: {error} {ran_with}") from None
