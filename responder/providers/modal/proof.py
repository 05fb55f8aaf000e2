"""Is a token alive? Found out by trying it, never by an error alone."""

from dataclasses import dataclass

from responder.action import Connections, Done, NotDone, Nothing, Probe, Unknown
from responder.errors import DeniedError, ProviderError, UnauthenticatedError
from responder.found import Life
from responder.providers.modal.connection import ModalConnection
from responder.secret import Secret


@dataclass(frozen=True)
class Trial:
    life: Life
    evidence: str


def tried(connections: Connections, token_id: str, secret: Secret) -> Trial:
    """Say hello as that token.

    Dead only when the service refuses it and right afterwards answers the operator's own token: a refusal
    alone could be the service's trouble. Anything but an answer or a refusal is unknown.

    Raises:
        ProviderError: there is no operator's token to compare with.
    """
    operator = connections.get(ModalConnection)
    try:
        with operator.as_token(token_id, secret) as other:
            other.hello()
    except UnauthenticatedError:
        refused = f"ClientHello as {token_id} was refused as unauthenticated"
    except DeniedError:
        return Trial("live", f"ClientHello as {token_id} was denied, so the token is known")
    except ProviderError as error:
        return Trial("unknown", f"{token_id} could not be tried: {error.what}")
    else:
        return Trial("live", f"ClientHello as {token_id} was answered")
    control = operator.account.token_id
    try:
        operator.hello()
    except ProviderError as error:
        return Trial("unknown", f"{refused}, but the control {control} did not pass either: {error.what}")
    return Trial("dead", f"{refused}; as the control {control} it was answered right after")


def proven_dead(
    connections: Connections, token_id: str, secret: Secret | None, listed: str
) -> Probe[Nothing]:
    """Of a token that the workspace no longer lists as live: also refused when tried, if there is a secret.

    Args:
        connections: with the operator's, for the control.
        token_id: the token's public half.
        secret: its secret half; without it the listing is all that can be known.
        listed: what the workspace says of it; becomes part of the evidence.
    """
    if secret is None:
        return Done(Nothing(), f"{listed}; its secret is not known here, so it was not tried")
    trial = tried(connections, token_id, secret)
    match trial.life:
        case "dead":
            return Done(Nothing(), f"{listed}; {trial.evidence}")
        case "live":
            return NotDone(f"{listed}, and yet: {trial.evidence}.")
        case "unknown":
            return Unknown(trial.evidence)
