"""A server that speaks Modal's protocol and answers as a test says: throttled, broken, lying."""

import asyncio
import threading
from contextlib import contextmanager

from grpclib.encoding.proto import ProtoCodec
from grpclib.server import Server
from modal._utils.grpc_utils import custom_detail_codec

from responder.action import Connections
from responder.sandbox.loopback import loopback_socket
from responder.sandbox.modal.server import Service


@contextmanager
def stranger(**rpcs):
    """Connections to a server with these handlers, each `request -> reply`."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    sock = loopback_socket(0)

    def handler(answer):
        return lambda request, _caller: answer(request)

    service = Service({name: handler(answer) for name, answer in rpcs.items()}, lambda _metadata: None)

    async def serve():
        server = Server([service], codec=ProtoCodec(), status_details_codec=custom_detail_codec)
        await server.start(sock=sock)
        return server

    def on_loop(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

    async def end():
        server.close()

    server = on_loop(serve())
    connections = Connections(
        {
            "MODAL_SERVER_URL": f"http://127.0.0.1:{sock.getsockname()[1]}",
            "MODAL_CONFIG_PATH": "/nonexistent",
            "MODAL_TOKEN_ID": "ak-operator",
            "MODAL_TOKEN_SECRET": "as-operatorsOwnSecret00",
        }
    )
    try:
        yield connections
    finally:
        connections.close()
        on_loop(end())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
