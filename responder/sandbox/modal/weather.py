"""Bad weather over HTTP/2: what Modal's clients meet in place of, or after, an answer."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from google.protobuf.message import Message
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream
from modal_proto import api_pb2

from responder.sandbox.faults import Faults, Rule
from responder.sandbox.faults.http import CLOSE_BY_RESET

_STATUSES = {
    "403": (Status.PERMISSION_DENIED, "You do not have permission to do that."),
    "500": (Status.INTERNAL, "Internal server error."),
    "502": (Status.UNAVAILABLE, "Bad gateway."),
    "503": (Status.UNAVAILABLE, "The service is unavailable."),
    "504": (Status.DEADLINE_EXCEEDED, "The gateway's time is over."),
    "429": (Status.RESOURCE_EXHAUSTED, "Too many requests."),
    "exhausted": (Status.RESOURCE_EXHAUSTED, "Too many requests."),
}


async def under_weather(
    faults: Faults, name: str, stream: "Stream[Any, Any]", answer: Callable[[], Awaitable[Message]]
) -> None:
    """Serve one call of the method `name`.

    Raises:
        GRPCError: `answer` raised it, or a rule has it in it.
    """
    rule = faults.happens("modal", name)
    if rule is None:
        await stream.send_message(await _late(answer, faults.latency))
        return
    match rule.kind:
        case "reset":
            hang_up(stream._stream._transport)  # noqa: SLF001  # the connection that the call came on
        case "lost-reply":
            with suppress(GRPCError):
                await answer()
            hang_up(stream._stream._transport)  # noqa: SLF001
        case "stall":
            await stream.send_message(await _late(answer, faults.latency + (rule.value or 0)))
        case "slow-body":
            reply = await _late(answer, faults.latency)
            await stream.send_initial_metadata()
            await asyncio.sleep(rule.value or 0)
            await stream.send_message(reply)
        case refused:
            await asyncio.sleep(faults.latency)
            status, message = _STATUSES[refused]
            raise GRPCError(status, message, _details(rule))


async def _late(answer: Callable[[], Awaitable[Message]], seconds: float) -> Message:
    """Refusals are late too."""
    try:
        return await answer()
    finally:
        await asyncio.sleep(seconds)


def _details(rule: Rule) -> list[Message] | None:
    return None if rule.value is None else [api_pb2.RPCRetryPolicy(retry_after_secs=rule.value)]


def hang_up(transport: asyncio.Transport) -> None:
    """With a TCP reset, whatever else is under way on the connection."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CLOSE_BY_RESET)
    transport.abort()
