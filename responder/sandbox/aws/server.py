"""A WSGI application on a loopback port, from start to stopped."""

import socket
import threading
from typing import Any
from wsgiref.types import WSGIApplication

from typing_extensions import override
from werkzeug.serving import WSGIRequestHandler, make_server

from responder.sandbox.loopback import loopback_socket


class Server:
    """Serves from construction on. A connection is closed after its answer, so none is served after a stop.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, application: WSGIApplication, port: int) -> None:
        # Bound here, because werkzeug exits the process where a port is taken.
        with socket.create_server(("127.0.0.1", port)) as bound:
            self._server = make_server(
                "127.0.0.1", port, application, threaded=True, request_handler=_Quiet, fd=bound.fileno()
            )
        self.port: int = self._server.server_address[1]
        self._thread: threading.Thread | None = None
        self._serve()

    def refuse(self) -> None:
        """Have the machine refuse every connection; the port stays taken. Twice is once."""
        if self._thread is None:
            return
        self._shut()
        self._server.socket = loopback_socket(self.port)

    def accept(self) -> None:
        """Answer again. Nothing happens if it does."""
        if self._thread is None:
            self._server.socket.listen(self._server.request_queue_size)
            self._serve()

    def stop(self) -> None:
        if self._thread is None:
            self._server.server_close()
        else:
            self._shut()

    def _serve(self) -> None:
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="aws-plane", daemon=True
        )
        self._thread.start()

    def _shut(self) -> None:
        self._server.shutdown()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._server.server_close()


class _Quiet(WSGIRequestHandler):
    @override
    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing: standard error is the product's, and a presigned URL is a credential."""
