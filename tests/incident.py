"""A whole sandbox as its users start it: a process of its own, and the environment that it prints."""

import json
import os
import selectors
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import preloaded
import pytest

QUICK = Path(__file__).parent / "data" / "quick_deploy.yml"
PATIENCE = 60  # seconds for a start on a machine that is busy with other tests
RESPOND = (sys.executable, "-m", "responder")
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class RunningSandbox:
    """`env` is a whole environment for subprocesses: the operator's, with nothing of the tester's in it."""

    process: subprocess.Popen[str] = field(repr=False)
    urls: dict[str, str]
    env: dict[str, str] = field(repr=False)
    printed: dict[str, str] = field(repr=False)  # what `respond sandbox env` prints
    leak: Path
    reviewer_token: str = field(repr=False)

    @classmethod
    def start(cls, folder: Path, *, approve_after: float | None = None, options=()) -> "RunningSandbox":
        """It keeps its files below `folder`, and ends when this process does.

        Deployments are quick: the project's own workflow has its tests in sandbox/test_github_deploys.py, and
        in the drill.
        """
        workflow = folder / "quick_deploy.yml"
        workflow.write_bytes(quick_workflow())
        base = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}",
            "HOME": str(folder),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "COLUMNS": "200",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",  # never the tester's own
            "LANG": "C.UTF-8",
        }
        approval = [] if approve_after is None else ["--approve-after", str(approve_after)]
        process = subprocess.Popen(
            [
                *RESPOND,
                "sandbox",
                "up",
                "--port",
                "0",
                "--json",
                "--until-eof",
                "--workflow",
                str(workflow),
                *approval,
                *options,
            ],
            env=base,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        said = json.loads(first_line(process))
        return cls(
            process=process,
            urls=said["urls"],
            env={**base, **said["env"]},
            printed=said["env"],
            leak=Path(said["leak"]),
            reviewer_token=said["reviewer"]["token"],
        )

    @property
    def port(self) -> int:
        return int(self.urls["modal"].rpartition(":")[2])

    def world(self) -> dict:
        """The ground truth: {"modal": …, "aws": …, "github": …}, secrets in clear."""
        with DIRECT.open(f"{self.urls['github']}/_sandbox/world", timeout=PATIENCE) as answer:
            return json.load(answer)

    def weather(self, *rules: str) -> None:
        """Have these faults happen from now on, in place of all earlier ones."""
        address = f"{self.urls['github']}/_sandbox/faults"
        clear = urllib.request.Request(address, method="DELETE")  # noqa: S310  # loopback's http
        DIRECT.open(clear, timeout=PATIENCE).close()
        if rules:
            DIRECT.open(address, data=json.dumps(rules).encode(), timeout=PATIENCE).close()

    def reset(self) -> None:
        """Back to how it started, with the same credentials in `env` and `leak`; takes about a second."""
        DIRECT.open(f"{self.urls['github']}/_sandbox/reset", data=b"", timeout=PATIENCE).close()

    def run(self, *command: str, settings=None, **env: str) -> subprocess.CompletedProcess[str]:
        """A command to its end, as the operator.

        `respond` has all that it imports from before it started; `settings` are as preloaded_server.py takes
        them.
        """
        if command[: len(RESPOND)] == RESPOND:
            typed = command[len(RESPOND) :]
            how = {"timeout": PATIENCE, "settings": settings or {}}
            return preloaded.run("respond", *typed, env={**self.env, **env}, **how)
        return subprocess.run(
            command,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def stop(self) -> int:
        """Gives its exit code. Twice is once."""
        if self.process.poll() is None:
            self.process.stdin.close()
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        return code


def quick_workflow() -> bytes:
    """Deploys by the client's own command, which has all that it imports from before it started."""
    ready = f"exec '{sys.executable}' -SE '{preloaded.__file__}' '{preloaded.address()}' modal deploy"
    return QUICK.read_text().replace("run: modal deploy", f"run: {ready}").encode()


def first_line(process: subprocess.Popen[str]) -> str:
    """What it says first, unless that takes too long."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        line = process.stdout.readline() if waiting.select(PATIENCE) else ""
    if not line:
        process.kill()
        pytest.fail(f"The sandbox did not start; exit code {process.wait()}.")
    return line
