"""Replace an app's containers, so that none keeps the secrets' old values."""

from collections.abc import Mapping

from responder.action import Call, Done, Input, Irreversible, Json, NotDone, Output, Plan, Probe, answered
from responder.errors import NotFoundError
from responder.providers.modal.apps import CONTRIBUTOR, Deployed, deployed
from responder.providers.modal.connection import ModalConnection
from responder.providers.modal.errors import PROVIDER


class RolloverInput(Input):
    app: str
    environment: str


class RolledOver(Output):
    version: int
    replaced: list[str]  # ids of the containers that ran before


class RolloverApp(Irreversible[RolloverInput, RolledOver]):
    """Rolling: what runs is finished in its old container; whatever is asked from then on gets a new one."""

    name = "modal.rollover_app"
    permissions = (CONTRIBUTOR,)
    point_of_no_return = (
        "Replaced containers end when they have finished what they run; they are not brought back."
    )

    def plan(self, call: Call, given: RolloverInput) -> Plan:
        found = deployed(call.connections.get(ModalConnection), given.app, given.environment)
        running = f"{len(found.containers)} running now" if found else "not deployed yet"
        return Plan(
            f"Roll over app {given.app} in {given.environment} to new containers ({running})",
            breaks="The next calls wait for a cold start.",
        )

    @answered
    def probe(self, call: Call, given: RolloverInput) -> Probe[RolledOver]:
        """Never done by itself: that the containers are new enough shows only against an intent."""
        found = deployed(call.connections.get(ModalConnection), given.app, given.environment)
        if found is None:
            return NotDone(f"App {given.app} is not deployed in {given.environment}.")
        seen: dict[str, Json] = {"version": found.newest.number, "containers": list(found.containers)}
        return NotDone(f"App {given.app} in {given.environment} runs {found.newest}.", seen)

    @answered
    def reconcile(self, call: Call, given: RolloverInput) -> Probe[RolledOver]:
        found = deployed(call.connections.get(ModalConnection), given.app, given.environment)
        ours = found.ours_since(_version(call.seen), rollover=True) if found else None
        if ours is None:
            return NotDone(f"No rollover by us after version {_version(call.seen)}.")
        output = RolledOver(version=ours.number, replaced=_containers(call.seen))
        return Done(output, f"AppDeploymentHistory: {ours}, after version {_version(call.seen)}")

    def apply(self, call: Call, given: RolloverInput) -> RolledOver:
        from modal_proto import api_pb2  # noqa: PLC0415

        connection = call.connections.get(ModalConnection)
        before = require(connection, given.app, given.environment)
        request = api_pb2.AppRolloverRequest(app_id=before.app_id)
        connection.run("AppRollover", lambda: connection.rpc("AppRollover", request))
        after = require(connection, given.app, given.environment)
        return RolledOver(version=after.newest.number, replaced=_containers(call.seen))

    @answered
    def verify(self, call: Call, given: RolloverInput, output: RolledOver) -> Probe[RolledOver]:
        found = deployed(call.connections.get(ModalConnection), given.app, given.environment)
        if found is None or found.newest.number <= _version(call.seen):
            return NotDone(f"No version of {given.app} after {_version(call.seen)} yet.")
        left = len(set(output.replaced) & set(found.containers))
        ending = f"; {left} of the old containers still finish what they run" if left else ""
        return Done(output, f"AppDeploymentHistory: {found.newest}, after {_version(call.seen)}{ending}")


def require(connection: ModalConnection, app: str, environment: str) -> Deployed:
    """The app as it is deployed.

    Raises:
        NotFoundError: it is not deployed there.
    """
    found = deployed(connection, app, environment)
    if found is None:
        raise NotFoundError(
            PROVIDER,
            "AppGetByDeploymentName",
            f"app {app} is not deployed in {environment}.",
            next_step=f"`modal app list -e {environment}` shows what is.",
        )
    return found


def _version(seen: Mapping[str, Json]) -> int:
    version = seen.get("version")
    return version if isinstance(version, int) else 0


def _containers(seen: Mapping[str, Json]) -> list[str]:
    containers = seen.get("containers")
    return [str(each) for each in containers] if isinstance(containers, list) else []


ACTIONS = (RolloverApp(),)
