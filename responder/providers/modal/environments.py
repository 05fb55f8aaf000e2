"""Make an environment of a Modal workspace."""

from contextlib import suppress
from typing import Any

from responder.action import Call, Done, Input, Irreversible, NotDone, Nothing, Plan, Probe, Unknown, answered
from responder.errors import ConflictError
from responder.providers.modal import workspace
from responder.providers.modal.connection import ModalConnection


class EnvironmentInput(Input):
    name: str
    restricted: bool  # only who was given a role in it may enter


class Made(Nothing):
    """By its identifier a review knows it for ours."""

    identifier: str = ""


class CreateEnvironment(Irreversible[EnvironmentInput, Made]):
    """Members without a role in a restricted one may look at it and change nothing."""

    name = "modal.create_environment"
    permissions = (workspace.MANAGER,)
    point_of_no_return = "An environment is deleted with all that is in it, which is for a person to do."

    def plan(self, call: Call, given: EnvironmentInput) -> Plan:
        there = _listed(call, given.name)
        kind = "restricted " if given.restricted else ""
        if there is None:
            return Plan(f"Create the {kind}Modal environment {given.name}")
        return Plan(f"Nothing: Modal environment {given.name} is there")

    @answered
    def probe(self, call: Call, given: EnvironmentInput) -> Probe[Made]:
        there = _listed(call, given.name)
        if there is None:
            return NotDone(f"There is no Modal environment {given.name}.")
        if given.restricted and not there.is_managed:
            return Unknown(
                f"Modal environment {given.name} is there and open to every member: restrict it at "
                "modal.com, Settings > Environments, as Modal offers that to no program."
            )
        made = Made(identifier=there.environment_id)
        return Done(made, f"EnvironmentList: {given.name}, restricted: {there.is_managed}")

    def apply(self, call: Call, given: EnvironmentInput) -> Made:
        import modal  # noqa: PLC0415

        connection = call.connections.get(ModalConnection)

        async def create() -> None:
            role = "viewer" if given.restricted else "contributor"
            await modal.Environment.objects.create.aio(
                given.name, restricted=given.restricted, default_role=role, client=connection.client
            )

        with suppress(ConflictError):  # it is there: by us, before a crash, or by somebody else
            connection.run("EnvironmentCreate", create)
        return Made()


def _listed(call: Call, name: str) -> Any:  # noqa: ANN401  # an EnvironmentListItem
    from google.protobuf.empty_pb2 import Empty  # noqa: PLC0415

    connection = call.connections.get(ModalConnection)
    listed = connection.run("EnvironmentList", lambda: connection.rpc("EnvironmentList", Empty()))
    return next((one for one in listed.items if one.name == name), None)


ACTIONS = (CreateEnvironment(),)
