"""Ask a deployed function which access key and container it runs with."""

import re
from typing import ClassVar, Final

from pydantic import Field

from responder.action import Call, Check, Done, Input, NotDone, Output, Plan, Probe, answered
from responder.providers.modal import remote
from responder.providers.modal.apps import CONTRIBUTOR
from responder.providers.modal.connection import ModalConnection

_CALL = 60.0  # seconds; a container whose start takes longer is asked again, while there is patience
# What a container says may be an intruder's, and goes into the record and onto screens.
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class WorkloadInput(Input):
    app: str
    environment: str
    function: str
    access_key_id: str | None = None  # the one that it must run with; None for whichever
    replaced: list[str] = Field(default=[])  # containers that must not answer any more


class Answer(Output):
    container_id: str
    access_key_id: str


class VerifyWorkload(Check[WorkloadInput, Answer]):
    """The function answers with `aws_access_key_id` and `container_id`; what else it says is left unread."""

    name = "modal.verify_workload"
    permissions = (CONTRIBUTOR,)
    deadline = 200.0
    patience: ClassVar[float] = 120.0

    def plan(self, call: Call, given: WorkloadInput) -> Plan:  # noqa: ARG002
        key = f"access key {given.access_key_id}" if given.access_key_id else "an access key"
        return Plan(
            f"Call {given.function} of app {given.app} in {given.environment}: "
            f"it must run with {key}, in a container that is new"
        )

    @answered
    def probe(self, call: Call, given: WorkloadInput) -> Probe[Answer]:
        """Not done, rather than unknown, while the function fails or is silent: it may be starting."""
        connection = call.connections.get(ModalConnection)
        try:
            said = remote.call(connection, given.app, given.environment, given.function, _CALL)
        except remote.FailedCallError as error:
            return NotDone(error.what)
        match said:
            case {"aws_access_key_id": str(key), "container_id": str(container)}:
                pass
            case _:
                return NotDone(f"{given.function} does not say which key and container it runs with.")
        if not (_IDENTIFIER.fullmatch(key) and _IDENTIFIER.fullmatch(container)):
            return NotDone(f"What {given.function} says of its key and container is no identifier.")
        answer = Answer(container_id=container, access_key_id=key)
        evidence = (
            f"{given.app}.{given.function} in {given.environment} answered from {container} with key {key}"
        )
        if given.access_key_id not in (None, key):
            return NotDone(f"{evidence}, not {given.access_key_id}.")
        if container in given.replaced:
            return NotDone(f"{evidence}: a container that was to be replaced.")
        return Done(answer, evidence)


ACTIONS = (VerifyWorkload(),)
