"""From a table of plain handlers to a gRPC service of the package's own protocol."""

import inspect
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from weakref import WeakSet

from google.protobuf.message import Message
from grpclib.const import Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.protocol import H2Protocol
from grpclib.server import Server, Stream
from modal_proto.api_grpc import ModalClientBase
from typing_extensions import override

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


class Listener(Server):
    """grpclib's server, which when it ends also hangs up on the clients that are connected.

    Otherwise they would go on waiting, and on Python 3.12 and later so would `wait_closed`.
    """

    def __init__(self, service: Service) -> None:
        super().__init__([service])
        self._protocols: WeakSet[H2Protocol] = WeakSet()

    @override
    def _protocol_factory(self) -> H2Protocol:
        protocol = super()._protocol_factory()
        self._protocols.add(protocol)
        return protocol

    async def end(self) -> None:
        self.close()
        for protocol in list(self._protocols):
            if hasattr(protocol, "connection"):  # not before the connection is made
                protocol.connection.close()
        await self.wait_closed()


def loopback_socket(port: int) -> socket.socket:
    """Bound to 127.0.0.1; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    # With the protocol named, or asyncio leaves Nagle's algorithm on and each reply waits 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
    except OSError:
        sock.close()
        raise
    return sock
