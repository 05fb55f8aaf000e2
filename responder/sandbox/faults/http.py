"""Bad weather in front of a WSGI application, as its clients meet it on the wire."""

import math
import os
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.test import run_wsgi_app

from responder.sandbox.faults.book import Faults
from responder.sandbox.faults.rule import Rule

_PIECE = 0.1  # seconds between the pieces of a slow body
CLOSE_BY_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time


@dataclass(frozen=True)
class Refusal:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Weather:
    """A WSGI application for werkzeug's own server, whose connection it can reset.

    Args:
        app: what is behind the weather; it must lock for itself, as nothing here waits inside it.
        faults: the rules.
        service: whose they are.
        operation: what a request asks for, in the rules' words.
        refusal: how the service words a rule that has its answer in it (503, 429 and so on).
    """

    def __init__(
        self,
        app: WSGIApplication,
        faults: Faults,
        service: str,
        operation: Callable[[WSGIEnvironment], str],
        refusal: Callable[[WSGIEnvironment, Rule], Refusal],
    ) -> None:
        self._app = app
        self._faults = faults
        self._service = service
        self._operation = operation
        self._refusal = refusal

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        rule = self._faults.happens(self._service, self._operation(environ))
        answer = self._answer(environ, start_response, rule)
        time.sleep(self._faults.latency)  # nothing is sent before this returns
        return answer

    def _answer(
        self, environ: WSGIEnvironment, start_response: StartResponse, rule: Rule | None
    ) -> Iterable[bytes]:
        if self._faults.is_down(self._service):  # for a port that stays open: see who has one
            raise _reset(environ)
        if rule is None:
            return self._app(environ, start_response)
        match rule.kind:
            case "reset":
                raise _reset(environ)
            case "lost-reply":
                run_wsgi_app(self._app, environ, buffered=True)
                raise _reset(environ)
            case "stall":
                answer = self._app(environ, start_response)
                time.sleep(rule.value or 0)
                return answer
            case "slow-body":
                chunks, status, headers = run_wsgi_app(self._app, environ, buffered=True)
                start_response(status, list(headers.items()))
                return _dribble(b"".join(chunks), rule.value or 0)
        refusal = self._refusal(environ, rule)
        length = ("Content-Length", str(len(refusal.body)))
        start_response(f"{refusal.status} {HTTPStatus(refusal.status).phrase}", [*refusal.headers, length])
        return [refusal.body]


def retry_after(rule: Rule) -> tuple[tuple[str, str], ...]:
    """The header that tells a client to wait; whole seconds, as the services send."""
    return () if rule.value is None else (("Retry-After", f"{math.ceil(rule.value)}"),)


def gateway_page(status: int) -> Refusal:
    """What a load balancer says for a service that it cannot reach: no error in the service's own form."""
    phrase = f"{status} {HTTPStatus(status).phrase}"
    body = f"<html><head><title>{phrase}</title></head><body><h1>{phrase}</h1></body></html>"
    return Refusal(status, (("Content-Type", "text/html"),), body.encode())


def _reset(environ: WSGIEnvironment) -> ConnectionResetError:
    """Hang up with a TCP reset; raised, it makes werkzeug's server drop the rest."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CLOSE_BY_RESET)
    # The server holds the connection too, and would take an unread body for the next request: put under its
    # hands one that is at its end.
    ended, other = socket.socketpair()
    other.close()
    os.dup2(ended.fileno(), connection.fileno())
    ended.close()
    environ["wsgi.input"].read()
    return ConnectionResetError()


def _dribble(body: bytes, seconds: float) -> Iterator[bytes]:
    pieces = max(1, min(len(body), math.ceil(seconds / _PIECE)))
    for number in range(pieces):
        time.sleep(seconds / pieces)
        yield body[len(body) * number // pieces : len(body) * (number + 1) // pieces]
