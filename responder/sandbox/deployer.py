"""Starts the program that deploys the sandbox's app and brings up a container in each environment."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from responder.bundled import bundled
from responder.errors import UnavailableError
from responder.sandbox.modal import Token

if TYPE_CHECKING:
    from responder.sandbox.first_deploy import Order

APP = "rentagpu-executor"
PROGRAM = Path(__file__).with_name("first_deploy.py")
_PATIENCE = 60.0  # seconds; it takes one


class Deployer:
    """Deploys as CI would, with CI's tokens, one for each environment. The first time is the slowest."""

    def __init__(self, url: str, modal_config: Path, ci: Mapping[str, Token]) -> None:
        self._ci = ci
        home = str(modal_config.parent)
        env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": home,
            "PYTHONDONTWRITEBYTECODE": "1",
            "MODAL_SERVER_URL": url,
            "MODAL_CONFIG_PATH": str(modal_config),
        }
        # -P: beside the program lies a folder that is named as the client's package is.
        command = [sys.executable, "-P", str(PROGRAM)]
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        self._program = subprocess.Popen(
            command, env=env, cwd=home, stdin=pipe, stdout=pipe, stderr=nowhere, start_new_session=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._program as program:
            program.kill()

    def deploy(self) -> None:
        """Deploy the app in every environment, and have a container of it running.

        Raises:
            UnavailableError: it did not work.
        """
        self._order(bundled("gpu_app") / "app.py")

    def warm(self) -> None:
        """Have a container running of what is deployed.

        Raises:
            UnavailableError: it did not work.
        """
        self._order(None)

    def _order(self, source: Path | None) -> None:
        order: Order = {
            "source": str(source) if source else None,
            "app": APP,
            "function": "identity",
            "targets": [
                {"environment": name, "token_id": token.token_id, "token_secret": token.token_secret}
                for name, token in self._ci.items()
            ],
        }
        if error := self._answer(json.dumps(order).encode() + b"\n"):
            raise UnavailableError(
                f"The sandbox could not deploy its app: {error}.",
                state="Nothing runs.",
                next_step="Try again; if it stays so, report it with this line.",
            )

    def _answer(self, order: bytes) -> str:
        """What went wrong; empty if nothing did."""
        if self._program.stdin is None or self._program.stdout is None:
            raise RuntimeError("Pipes were asked for.")
        try:
            self._program.stdin.write(order)
            self._program.stdin.flush()
        except BrokenPipeError:
            return "its program has died"
        if not select.select([self._program.stdout], [], [], _PATIENCE)[0]:
            return "no answer in time"
        answer = self._program.stdout.readline()
        return json.loads(answer)["error"] if answer else "its program has died"
