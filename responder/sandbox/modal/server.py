"""From a table of plain handlers to a gRPC service of the package's own protocol."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from google.protobuf.message import Message
from grpclib.const import Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream
from modal_proto.api_grpc import ModalClientBase

# A request and whatever identifies who sent it (a caller, or a container) to a reply.
Rpc = Callable[[Any, Any], Message | Awaitable[Message]]


class Service:
    """The ModalClient service with those methods that `rpcs` has; every other answers UNIMPLEMENTED.

    Args:
        rpcs: handlers by method name.
        identify: who sent a request, from its headers; raises GRPCError to refuse it.
    """

    def __init__(self, rpcs: Mapping[str, Rpc], identify: Callable[[Any], Any]) -> None:
        self._rpcs = rpcs
        self._identify = identify

    def __mapping__(self) -> dict[str, Handler]:
        mapping: dict[str, Handler] = ModalClientBase.__mapping__(self)
        return mapping

    def __getattr__(self, name: str) -> Callable[["Stream[Any, Any]"], Awaitable[None]]:
        """The base class's own mapping asks for each method by name: this is all it needs of us."""
        if not name[:1].isupper():
            raise AttributeError(name)
        rpc = self._rpcs.get(name)

        async def handle(stream: "Stream[Any, Any]") -> None:
            # An unknown caller learns nothing, not even which methods exist.
            who = self._identify(stream.metadata)
            if rpc is None:
                raise GRPCError(Status.UNIMPLEMENTED, f"{name} is not part of the sandbox.")
            reply = rpc(await stream.recv_message(), who)
            await stream.send_message(await reply if inspect.isawaitable(reply) else reply)

        return handle


def rpcs_of(*parts: object) -> dict[str, Rpc]:
    """The handlers of several objects: their methods that are named as in the protocol, with a capital."""
    return {
        name: method
        for part in parts
        for name, method in inspect.getmembers(part, inspect.ismethod)
        if name[0].isupper()
    }
