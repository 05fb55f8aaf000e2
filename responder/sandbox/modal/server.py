"""From a table of plain handlers to a gRPC service of the package's own protocol."""

import inspect
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from weakref import WeakSet

from google.protobuf.message import Message
from grpclib.const import Handler, Status
from grpclib.encoding.base import StatusDetailsCodecBase
from grpclib.exceptions import GRPCError
from grpclib.protocol import Connection, H2Protocol
from grpclib.server import Server, Stream
from modal_proto import api_pb2
from modal_proto.api_grpc import ModalClientBase
from typing_extensions import override

from responder.sandbox.faults import Faults
from responder.sandbox.loopback import loopback_socket
from responder.sandbox.modal.weather import hang_up, under_weather

# A request and whatever identifies who sent it (a caller, or a container) to a reply.
Rpc = Callable[[Any, Any], Message | Awaitable[Message]]


class Service:
    """The ModalClient service with those methods that `rpcs` has; every other answers UNIMPLEMENTED.

    Args:
        rpcs: handlers by method name.
        identify: who sent a request, from its headers; raises GRPCError to refuse it.
        faults: what goes wrong; without it nothing does.
    """

    def __init__(
        self, rpcs: Mapping[str, Rpc], identify: Callable[[Any], Any], faults: Faults | None = None
    ) -> None:
        self._rpcs = rpcs
        self._identify = identify
        self._faults = faults or Faults()

    def __mapping__(self) -> dict[str, Handler]:
        mapping: dict[str, Handler] = ModalClientBase.__mapping__(self)
        return mapping

    def __getattr__(self, name: str) -> Callable[["Stream[Any, Any]"], Awaitable[None]]:
        """The base class's own mapping asks for each method by name: this is all it needs of us."""
        if not name[:1].isupper():
            raise AttributeError(name)
        rpc = self._rpcs.get(name)

        async def handle(stream: "Stream[Any, Any]") -> None:
            async def answer() -> Message:
                # An unknown caller learns nothing, not even which methods exist.
                who = self._identify(stream.metadata)
                if rpc is None:
                    raise GRPCError(Status.UNIMPLEMENTED, f"{name} is not part of the sandbox.")
                reply = rpc(await stream.recv_message(), who)
                return await reply if inspect.isawaitable(reply) else reply

            await under_weather(self._faults, name, stream, answer)

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
        super().__init__([service], status_details_codec=_StatusDetails())
        self._protocols: WeakSet[H2Protocol] = WeakSet()
        self._refusing: socket.socket | None = None

    @override
    def _protocol_factory(self) -> H2Protocol:
        protocol = super()._protocol_factory()
        self._protocols.add(protocol)
        return protocol

    async def end(self) -> None:
        if self._refusing:
            self._refusing.close()
        self.close()
        for connection in self._connections():
            connection.close()
        await self.wait_closed()

    async def refuse(self, port: int) -> None:
        """Hang up on everybody, and have the machine refuse every connection; the port stays taken.

        Twice is once.
        """
        if self._refusing or self._server is None:
            return
        self._server.close()
        self._refusing = loopback_socket(port)
        for connection in self._connections():
            if not connection.is_closing():
                hang_up(connection._transport)  # noqa: SLF001  # it has no other way to abort

    async def accept(self) -> None:
        """Answer again. Nothing happens if it does."""
        if self._refusing:
            self._server = await self._loop.create_server(self._protocol_factory, sock=self._refusing)
            self._refusing = None

    def _connections(self) -> list[Connection]:
        # Not before the connection is made.
        return [p.connection for p in list(self._protocols) if hasattr(p, "connection")]


class _StatusDetails(StatusDetailsCodecBase):
    """An error's details as Modal's clients read them."""

    @override
    def encode(self, status: Status, message: str | None, details: Any) -> bytes:
        encoded = api_pb2.RPCStatus(code=status.value, message=message or "")
        for detail in details or ():
            encoded.details.add().Pack(detail, type_url_prefix="type.modal.com/")
        data: bytes = encoded.SerializeToString()
        return data

    @override
    def decode(self, status: Status, message: str | None, data: bytes) -> Any:
        raise NotImplementedError("A server only sends them.")
