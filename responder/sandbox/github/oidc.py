"""GitHub's word for what a job is: a signed token that other services take in place of a key.

https://docs.github.com/actions/reference/security/oidc
"""

import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from wsgiref.types import StartResponse, WSGIEnvironment

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug import Request, Response

ISSUER: Final = "https://token.actions.githubusercontent.com"
_LIFE: Final = 300  # seconds
_BITS: Final = 2048

Claims = Mapping[str, str]


class Issuer:
    """A WSGI application that jobs ask, each with the ticket that it was given.

    Args:
        clock: Unix seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._private: rsa.RSAPrivateKey | None = None
        self._admitted: dict[str, Claims] = {}
        self.url = ""  # where it is served

    def public_key(self) -> rsa.RSAPublicKey:
        """What whoever takes the word checks it with."""
        return self._key().public_key()

    def admit(self, claims: Claims) -> str:
        """Give a ticket to a job that is to be known as this."""
        ticket = secrets.token_urlsafe(32)
        self._admitted[ticket] = claims
        return ticket

    def dismiss(self, ticket: str) -> None:
        """The job is over."""
        self._admitted.pop(ticket, None)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        scheme, _, ticket = request.headers.get("Authorization", "").partition(" ")
        claims = self._admitted.get(ticket)
        if scheme.lower() != "bearer" or claims is None:
            return Response("Unauthorized", 401)
        audience = request.args.get("audience") or f"https://github.com/{claims['repository_owner']}"
        return Response(f'{{"value": "{self._word(claims, audience)}"}}', content_type="application/json")

    def _word(self, claims: Claims, audience: str) -> str:
        now = int(self._clock())
        dated = {"iat": now, "nbf": now - _LIFE, "exp": now + _LIFE, "jti": secrets.token_hex(16)}
        return jwt.encode({"iss": ISSUER, "aud": audience, **claims, **dated}, self._key(), "RS256")

    def _key(self) -> rsa.RSAPrivateKey:
        with self._lock:  # made when it is first needed: it takes a tenth of a second
            if self._private is None:
                self._private = rsa.generate_private_key(65537, _BITS)
            return self._private
