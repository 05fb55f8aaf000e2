"""Functions that call functions: what a container may ask, of the environment that it is in."""

from collections.abc import Awaitable
from dataclasses import dataclass

from google.protobuf.message import Message
from modal_proto import api_pb2

from responder.sandbox.modal.container import Container
from responder.sandbox.modal.functions import FunctionRpcs
from responder.sandbox.modal.identity import denied
from responder.sandbox.modal.state import Environment


class FromContainers:
    def __init__(self, functions: FunctionRpcs) -> None:
        self._functions = functions

    def FunctionMap(
        self, request: api_pb2.FunctionMapRequest, container: Container
    ) -> api_pb2.FunctionMapResponse:
        return self._functions.FunctionMap(request, _Within(container.environment))

    def FunctionPutInputs(
        self, request: api_pb2.FunctionPutInputsRequest, container: Container
    ) -> api_pb2.FunctionPutInputsResponse:
        return self._functions.FunctionPutInputs(request, _Within(container.environment))

    def FunctionRetryInputs(
        self, request: api_pb2.FunctionRetryInputsRequest, container: Container
    ) -> api_pb2.FunctionRetryInputsResponse:
        return self._functions.FunctionRetryInputs(request, _Within(container.environment))

    def FunctionGetOutputs(
        self, request: api_pb2.FunctionGetOutputsRequest, container: Container
    ) -> Message | Awaitable[Message]:
        return self._functions.FunctionGetOutputs(request, _Within(container.environment))


@dataclass(frozen=True)
class _Within:
    """A container has no token: its socket says where it is, and it may call what is there too."""

    environment: str

    def require_write(self, environment: Environment) -> None:
        if environment.name != self.environment:
            raise denied(f"A container in '{self.environment}' may call nothing in '{environment.name}'.")
