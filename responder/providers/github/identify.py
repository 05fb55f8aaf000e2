"""Whose a GitHub token is and whether it lives, by asking GitHub as it."""

from dataclasses import dataclass

from responder.action import Connections
from responder.errors import DeniedError, ProviderError, UnauthenticatedError
from responder.exposure import LeakedGithubToken
from responder.found import Found, Life
from responder.providers.github.connection import GithubConnection, operator_token_fingerprint, whoami
from responder.secret import Secret

REFRESH = "ghr_"
INSTALLATION = "ghs_"


@dataclass(frozen=True)
class Standing:
    """What GitHub says to a token. `why` is what was asked and what was answered.

    `error` is why GitHub did not say, where asking again may help; None where no answer could tell.
    """

    life: Life
    why: str
    login: str = ""
    error: ProviderError | None = None


def identify(connections: Connections, found: Found) -> LeakedGithubToken:
    """The token as GitHub sees it; never raises for GitHub's sake: what it does not say is unknown.

    `credential` is the identifier and `known` is false until the inventory says otherwise.
    """
    standing = standing_of(connections, found.secret) if found.secret else Standing("unknown", "")
    return LeakedGithubToken(
        credential=found.identifier,
        known=False,
        identifier=found.identifier,
        secret=found.secret,
        life=standing.life,
        login=standing.login,
        note="" if standing.life == "live" else standing.why,
    )


def standing_of(connections: Connections, token: Secret, *, lived_here: bool = False) -> Standing:
    """GET /user as the token; a refusal counts as death only when the operator's token passes right after.

    https://docs.github.com/rest/users/users#get-the-authenticated-user

    Args:
        connections: with the operator's, for the control.
        token: the one to try.
        lived_here: it has passed at this server. Without that, a server of one's own that refuses it may
            only not be the one that issued it: tokens look alike everywhere.
    """
    if token.reveal().startswith(REFRESH):
        return Standing("unknown", f"A refresh token ({REFRESH}) is refused by GET /user, alive or dead.")
    try:
        connection = connections.get(GithubConnection)
    except UnauthenticatedError as error:
        return Standing("unknown", f"There is no control identity: {error.what} {error.next_step}")
    try:
        login = connection.ask_as(token, "GET /user", lambda github: github.get_user().login)
    except UnauthenticatedError as refusal:
        if not (lived_here or connection.is_github_com):
            what = f"{connection.host} answers 401 to it, and may not be the GitHub that issued it."
            return Standing("unknown", what)
        return _dead_if_control_passes(connections, refusal)
    except ProviderError as error:
        return _of_an_app_or_unknown(token, error)
    return Standing("live", f"GET /user as the token answers 200: it is {login}'s.", login)


def _of_an_app_or_unknown(token: Secret, error: ProviderError) -> Standing:
    """An app's is answered 403 while it lives, and 401 as any other when it is dead.

    https://github.com/actions/create-github-app-token/issues/258
    """
    if isinstance(error, DeniedError) and token.reveal().startswith(INSTALLATION):
        return Standing(
            "live", "GET /user as the token answers 403, as it does to an app's token that lives."
        )
    return Standing("unknown", f"GitHub did not say whether it lives: {error.what}", error=error)


def _dead_if_control_passes(connections: Connections, refusal: UnauthenticatedError) -> Standing:
    try:
        control = whoami(connections)
    except UnauthenticatedError as error:
        return Standing("unknown", f"It is refused, but so is the control identity: {error.what}")
    except ProviderError as error:
        why = f"It is refused, but the control identity got no answer either: {error.what}"
        return Standing("unknown", why, error=error)
    request = f" (request {refusal.request_id})" if refusal.request_id else ""
    return Standing("dead", f"GET /user as the token answers 401{request}, while {control} passes.")


def is_ours(connections: Connections, token: Secret) -> bool:
    """Whether it is the operator's own; asks nobody."""
    try:
        return token.fingerprint == operator_token_fingerprint(connections)
    except UnauthenticatedError:
        return False
