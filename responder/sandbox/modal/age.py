"""Makes a workspace that was just seeded look as if it had been there for a while."""

from collections.abc import Iterator

from responder.sandbox.modal.state import (
    App,
    Environment,
    IssuedToken,
    ProxyToken,
    Secret,
    ServiceUser,
    State,
)


def backdate(state: State, seconds: float) -> None:
    """Tokens, service users, environments, secrets, apps and their versions; what has run stays as new."""
    for made in _made(state):
        made.created_at -= seconds
    for member in state.members.values():
        member.joined_at -= seconds
    for secret in state.secrets.values():
        secret.updated_at -= seconds
    for app in state.apps.values():
        for version in app.versions:
            version.deployed_at -= seconds


def _made(state: State) -> Iterator[IssuedToken | ServiceUser | ProxyToken | Environment | Secret | App]:
    yield from state.tokens.values()
    yield from state.service_users.values()
    yield from state.proxy_tokens.values()
    yield from state.environments.values()
    yield from state.secrets.values()
    yield from state.apps.values()
