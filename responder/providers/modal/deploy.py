"""Deploy an app from here: the break-glass way, when the repository's own workflow cannot."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from responder.action import Call, Done, Input, Irreversible, Json, NotDone, Output, Plan, Probe, answered
from responder.errors import InputError, InterruptedRunError, RejectedError, UnreachableError
from responder.providers.modal.apps import CONTRIBUTOR, deployed
from responder.providers.modal.connection import ModalConnection
from responder.providers.modal.errors import PROVIDER
from responder.secret import redact

_OPERATION = "modal deploy"
_LAST_LINES = 5
# What a client needs of its surroundings: to find programs, reach the network, and commit information.
_INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
)


class DeployInput(Input):
    app: str
    environment: str
    source: str  # path of the app's file


class DeployedApp(Output):
    version: int
    unchanged: bool  # the service skipped it, as the code is the same: old containers go on


class DeployApp(Irreversible[DeployInput, DeployedApp]):
    name = "modal.deploy_app"
    permissions = (CONTRIBUTOR,)
    point_of_no_return = (
        "A deployment takes the place of the one before; `modal app rollback` deploys that again."
    )
    deadline: ClassVar[float] = 300.0

    def plan(self, call: Call, given: DeployInput) -> Plan:
        _there(given.source)
        found = deployed(call.connections.get(ModalConnection), given.app, given.environment)
        now = f"it runs {found.newest}" if found else "it is not deployed there"
        return Plan(
            f"Deploy {given.source} from here as app {given.app} to {given.environment} ({now})",
            breaks="This bypasses the repository's workflow and its reviewers.",
        )

    @answered
    def probe(self, call: Call, given: DeployInput) -> Probe[DeployedApp]:
        """Never done by itself: what is deployed may be another code."""
        found = deployed(call.connections.get(ModalConnection), given.app, given.environment)
        seen: dict[str, Json] = {"version": found.newest.number if found else 0}
        return NotDone(f"App {given.app} runs {found.newest if found else 'nowhere'}.", seen)

    @answered
    def reconcile(self, call: Call, given: DeployInput) -> Probe[DeployedApp]:
        found = deployed(call.connections.get(ModalConnection), given.app, given.environment)
        ours = found.ours_since(_version(call.seen), rollover=False) if found else None
        if ours is None:
            return NotDone(f"No deployment by us after version {_version(call.seen)}.")
        return Done(
            DeployedApp(version=ours.number, unchanged=False),
            f"AppDeploymentHistory: {ours}, after version {_version(call.seen)}",
        )

    def apply(self, call: Call, given: DeployInput) -> DeployedApp:
        """Run the package's own command.

        Raises:
            InputError: there is no such file here.
            RejectedError: the deployment failed; its last lines are in the text.
            UnreachableError: it took longer than the deadline, or the service was not to be had.
        """
        _there(given.source)
        connection = call.connections.get(ModalConnection)
        connection.hello()  # modal's own client would try for a minute
        _run(call, connection, given)
        found = deployed(connection, given.app, given.environment)
        version = found.newest.number if found else 0
        return DeployedApp(version=version, unchanged=version <= _version(call.seen))

    @answered
    def verify(self, call: Call, given: DeployInput, output: DeployedApp) -> Probe[DeployedApp]:
        found = deployed(call.connections.get(ModalConnection), given.app, given.environment)
        if found is None:
            return NotDone(f"App {given.app} is not deployed in {given.environment}.")
        if found.newest.number > _version(call.seen):
            return Done(output, f"AppDeploymentHistory: {found.newest}, after version {_version(call.seen)}")
        return Done(
            output,
            f"`modal deploy` ended well and AppDeploymentHistory still shows {found.newest}: skipped as "
            "unchanged, and the old containers go on until a rollover",
        )


def _there(source: str) -> None:
    path = Path(source.partition("::")[0])  # as `modal deploy FILE::APP` has it
    if not path.is_file():
        raise InputError(
            f"There is no file {path.absolute()} to deploy from.",
            next_step="Work in a checkout of the app's repository, where the `source` in respond.toml leads "
            "to its file; or leave --redeploy direct, and the repository's own workflow deploys.",
        )


def _run(call: Call, connection: ModalConnection, given: DeployInput) -> None:
    command = [sys.executable, "-m", "modal", "deploy", "-e", given.environment, given.source]
    process = subprocess.Popen(
        command,
        env=_environment(connection),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # so that its own children end with it
    )
    try:
        output = _output(call, process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode:
        last = [line.strip() for line in redact(output).splitlines() if line.strip()][-_LAST_LINES:]
        raise RejectedError(PROVIDER, _OPERATION, f"exit code {process.returncode}: {' | '.join(last)}")


def _output(call: Call, process: "subprocess.Popen[str]") -> str:
    began = call.clock()
    while True:
        try:
            return process.communicate(timeout=0.5)[0]
        except subprocess.TimeoutExpired:
            if call.stopping.is_set():
                raise InterruptedRunError(
                    "Stopped on request.",
                    state="The deployment was cut short; its history tells how far it got.",
                ) from None
            if (call.clock() - began).total_seconds() > DeployApp.deadline:
                raise UnreachableError(
                    PROVIDER, _OPERATION, f"not finished after {DeployApp.deadline:g} s."
                ) from None


def _environment(connection: ModalConnection) -> dict[str, str]:
    """Only what a deployment needs: no other credential of the operator goes to a child."""
    account = connection.account
    return {name: connection.environ[name] for name in _INHERITED if name in connection.environ} | {
        "MODAL_SERVER_URL": account.server_url,
        "MODAL_TOKEN_ID": account.token_id,
        "MODAL_TOKEN_SECRET": account.token_secret.reveal(),
        "MODAL_CONFIG_PATH": os.devnull,  # the account is settled: no profile may mix in
        "MODAL_MAX_THROTTLE_WAIT": "60",
        "PYTHONUNBUFFERED": "1",
    }


def _version(seen: Mapping[str, Json]) -> int:
    version = seen.get("version")
    return version if isinstance(version, int) else 0


ACTIONS = (DeployApp(),)
