"""Temporary credentials. They hang on the user or role and not on the key that asked: so they outlive it."""

import secrets
import string
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from responder.sandbox.aws.policy import Policy

SessionKind = Literal["session_token", "federation_token", "assumed_role"]


@dataclass(frozen=True)
class Session:
    kind: SessionKind
    key_id: str
    secret: str
    token: str
    parent_key_id: str
    """The access key that asked for it. Kept for the record; the session does not depend on it."""
    owner: str
    """Name of the user, or of the role for an assumed role."""
    owner_id: str
    """A user deleted and made again under the same name is another user."""
    label: str
    """The federated user's name or the role session's name; empty for a plain session token."""
    policies: tuple[Policy, ...] | None
    """Session policies, which can only take away. None: there are none, and nothing is taken away."""
    issued_at: int
    """Unix seconds, whole, as aws:TokenIssueTime has them."""
    expires_at: int


class Sessions:
    """Every session ever issued, expired ones too."""

    def __init__(self) -> None:
        self._by_key_id: dict[str, Session] = {}

    def issue(
        self,
        kind: SessionKind,
        *,
        parent_key_id: str,
        owner: str,
        owner_id: str,
        label: str = "",
        policies: tuple[Policy, ...] | None = None,
        now: float,
        duration_s: int,
    ) -> Session:
        session = Session(
            kind=kind,
            key_id="ASIA" + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(16)),
            secret=b64encode(secrets.token_bytes(30)).decode(),
            token=b64encode(secrets.token_bytes(120)).decode(),
            parent_key_id=parent_key_id,
            owner=owner,
            owner_id=owner_id,
            label=label,
            policies=policies,
            issued_at=int(now),
            expires_at=int(now) + duration_s,
        )
        self._by_key_id[session.key_id] = session
        return session

    def find(self, key_id: str) -> Session | None:
        return self._by_key_id.get(key_id)

    def all(self) -> list[Session]:
        return list(self._by_key_id.values())

    def clear(self) -> None:
        self._by_key_id.clear()

    def replace(self, sessions: Iterable[Session]) -> None:
        self._by_key_id = {session.key_id: session for session in sessions}
