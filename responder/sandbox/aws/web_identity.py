"""Who somebody is by the word of another company, which an account takes where it has a provider for it.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from responder.sandbox.aws.account import Account
from responder.sandbox.aws.conditions import Context
from responder.sandbox.aws.errors import ServiceError


@dataclass(frozen=True)
class Identity:
    """`provider` is the ARN of the account's provider; `context` what a trust policy may ask about."""

    provider: str
    subject: str
    audience: str
    context: Context


class Issuers:
    """The companies whose words can be checked, by their address, as AWS fetches their keys."""

    def __init__(self) -> None:
        self._keys: dict[str, Callable[[], RSAPublicKey]] = {}

    def know(self, issuer: str, key: Callable[[], RSAPublicKey]) -> None:
        self._keys[issuer] = key

    def identity(self, word: str, account: Account, now: float) -> Identity:
        """Of whom the word is.

        Raises:
            ServiceError: as AWS refuses a word that is not good here.
        """
        claims = self._claims(word, verified=False)
        issuer = str(claims.get("iss", ""))
        name = issuer.removeprefix("https://")
        provider = account.identity_provider(name)
        if provider is None or issuer not in self._keys:
            raise _invalid(f"No OpenIDConnect provider found in your account for {issuer}")
        self._claims(word, verified=True, key=self._keys[issuer]())
        audience, subject = str(claims.get("aud", "")), str(claims.get("sub", ""))
        if audience not in provider.client_id_list:
            raise _invalid("Incorrect token audience")
        if now >= float(claims.get("exp", 0)):
            raise ServiceError("ExpiredTokenException", "Token expired", 400)
        asked = {f"{name.lower()}:aud": audience, f"{name.lower()}:sub": subject}
        return Identity(provider.arn, subject, audience, asked)

    def _claims(self, word: str, *, verified: bool, key: RSAPublicKey | None = None) -> dict[str, Any]:
        """The times are looked at by this plane's own clock."""
        options: Any = {"verify_signature": verified, "verify_exp": False, "verify_nbf": False}
        options |= {"verify_iat": False, "verify_aud": False}
        try:
            return jwt.decode(word, key or "", algorithms=["RS256"], options=options)
        except jwt.InvalidTokenError:
            what = "Couldn't retrieve verification key from your identity provider" if verified else ""
            raise _invalid(what or "The ID Token provided is not a valid JWT.") from None


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidIdentityToken", message, 400)
