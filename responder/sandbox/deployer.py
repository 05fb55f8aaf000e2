"""Starts the program that deploys the sandbox's app and brings up a container in each environment."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from responder.bundled import bundled
from responder.errors import UnavailableError
from responder.sandbox.modal import Token

if TYPE_CHECKING:
    from responder.sandbox.first_deploy import Order

APP = "rentagpu-executor"
PROGRAM = Path(__file__).with_name("first_deploy.py")
_PATIENCE = 60.0  # seconds; it takes one


@dataclass(frozen=True)
class Deployer:
    """Deploys as CI would, with CI's tokens, one for each environment."""

    url: str
    modal_config: Path
    ci: Mapping[str, Token]

    def deploy(self) -> None:
        """Deploy the app in every environment, and have a container of it running.

        Raises:
            UnavailableError: it did not work.
        """
        self._run(bundled("gpu_app") / "app.py")

    def warm(self) -> None:
        """Have a container running of what is deployed.

        Raises:
            UnavailableError: it did not work.
        """
        self._run(None)

    def _run(self, source: Path | None) -> None:
        order: Order = {
            "source": str(source) if source else None,
            "app": APP,
            "function": "identity",
            "targets": [
                {"environment": name, "token_id": token.token_id, "token_secret": token.token_secret}
                for name, token in self.ci.items()
            ],
        }
        home = str(self.modal_config.parent)
        env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": home,
            "PYTHONDONTWRITEBYTECODE": "1",
            "MODAL_SERVER_URL": self.url,
            "MODAL_CONFIG_PATH": str(self.modal_config),
        }
        # -P: beside the program lies a folder that is named as the client's package is.
        command = [sys.executable, "-P", str(PROGRAM)]
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        with (
            tempfile.TemporaryFile() as said,
            subprocess.Popen(command, env=env, cwd=home, stdin=pipe, stdout=nowhere, stderr=said) as program,
        ):
            if program.stdin is None:
                raise RuntimeError("A pipe was asked for.")
            program.stdin.write(json.dumps(order).encode() + b"\n")
            program.stdin.flush()  # and left open: the program ends with whoever holds it
            try:
                code = program.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                code = None
            if code != 0:
                said.seek(0)
                last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
                raise UnavailableError(
                    f"The sandbox could not deploy its app: {last or 'no answer in time'}.",
                    state="Nothing runs.",
                    next_step="Try again; if it stays so, report it with this line.",
                )
