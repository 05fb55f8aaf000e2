"""A credential as it stands in a text: recognised by its form, not yet looked up anywhere.

Needs no pydantic, which is most of the time that `respond scan` takes to start: it only recognises.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from responder.secret import Secret


class Kind(StrEnum):
    """What can leak."""

    AWS_ACCESS_KEY = "aws-access-key"
    AWS_SESSION = "aws-session"  # temporary: ASIA… with its secret and its session token
    MODAL_SERVICE_USER = "modal-service-user"
    MODAL_MEMBER_TOKEN = "modal-member-token"  # noqa: S105  # a kind, no value
    MODAL_PROXY_TOKEN = "modal-proxy-token"  # noqa: S105  # a kind, no value
    GITHUB_TOKEN = "github-token"  # noqa: S105  # a kind, no value
    # By its form alone: a member's or a service user's, which only Modal can tell.
    MODAL_TOKEN = "modal-token"  # noqa: S105  # a kind, no value


Life = Literal["live", "dead", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was recognised, and what a trial of it showed."""

    kind: Kind
    identifier: (
        str  # public: an access key id, a token id; a fingerprint where the credential has no public part
    )
    secret: Secret | None = None  # absent when only the identifier was seen
    session_token: Secret | None = None  # the third part of an AWS session
    life: Life = "unknown"
    note: str = ""  # why nothing more is known of it, where something was tried
