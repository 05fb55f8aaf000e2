"""After a deployment: replace the containers, and prove that a fresh one answers, and with which key.

A deployment of unchanged code is skipped, and its old containers go on with the secrets of before: that it
ended well proves nothing about them. CI runs it with MODAL_ENVIRONMENT and the token in the environment.
"""

import json
import os
import subprocess
import sys
import time

import modal

APP = "rentagpu-executor"
PATIENCE = 120.0  # seconds for a fresh container to answer
PAUSE = 1.0


def main() -> int:
    environment = os.environ["MODAL_ENVIRONMENT"]
    before = {one["container_id"] for one in json.loads(_modal("container", "list", "--json"))}
    _modal("app", "rollover", APP)
    identity = modal.Function.from_name(APP, "identity", environment_name=environment)
    deadline = time.monotonic() + PATIENCE
    while (answer := identity.remote())["container_id"] in before:
        if time.monotonic() > deadline:
            print(f"After {PATIENCE:.0f} s a container of before still answers: {answer['container_id']}.")
            return 1
        time.sleep(PAUSE)
    print(f"{APP} in {environment}: {answer['container_id']} answers with {answer['aws_access_key_id']}.")
    return 0


def _modal(*arguments: str) -> str:
    """The package's own command, in the environment that MODAL_ENVIRONMENT names."""
    done = subprocess.run(
        [sys.executable, "-m", "modal", *arguments], stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
