"""An app as small as the sandbox's promises allow: it says what it runs with, and misbehaves on request."""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import modal

app = modal.App("tiny")
secret = modal.Secret.from_name(
    "my-app-secrets", required_keys=["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
)
held = []


@app.function(secrets=[secret])
def identity() -> dict:
    return {"key": os.environ["AWS_ACCESS_KEY_ID"], "task": os.environ["MODAL_TASK_ID"]}


@app.function(gpu="H100", secrets=[secret])
def on_a_gpu(payload: dict) -> dict:
    return {"payload": payload, "key": os.environ["AWS_ACCESS_KEY_ID"]}


@app.function(gpu=["H100", "A100"], secrets=[secret])
def on_any_gpu(x: int) -> tuple[int, str]:
    return x + 1, os.environ["AWS_ACCESS_KEY_ID"]


@app.function()
def environment() -> dict:
    return dict(os.environ)


@app.function()
def fail() -> None:
    raise LookupError("no such lease")


@app.function()
def die() -> None:
    os._exit(7)


@app.function(timeout=1)
def hang() -> None:
    time.sleep(600)


@app.function()
def wait_for(path: str) -> str:
    """Until there is a file at `path`; makes one at `path`.started when it begins."""
    Path(f"{path}.started").touch()
    while not Path(path).exists():
        time.sleep(0.01)
    return os.environ["MODAL_TASK_ID"]


@app.function(scaledown_window=2)
def hold(path: str) -> str:
    """Lock `path` for as long as this process or its child lives."""
    file = Path(path).open("w")  # noqa: SIM115, it is to stay open
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=(file.fileno(),))
    held.extend((file, child))
    return os.environ["MODAL_TASK_ID"]
