"""Which server and token the operator's environment means: environment variables, else the active profile."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from responder.errors import RejectedError, UnauthenticatedError
from responder.providers.modal.errors import PROVIDER
from responder.secret import Secret

_LOOKUP = "configuration"
_SCHEMES = ("https://", "http://", "unix://")


@dataclass(frozen=True)
class Account:
    server_url: str
    token_id: str
    token_secret: Secret


def configured(environ: Mapping[str, str], default_server: str) -> Account:
    """What modal's own client would use, except that both halves of the token must come from one place.

    The client resolves key by key, and so pairs an id from the environment with a profile's secret.

    Raises:
        UnauthenticatedError: no token, or half of one.
        RejectedError: the profiles' file cannot be read, or the server's address makes no sense.
    """
    token_id, secret = environ.get("MODAL_TOKEN_ID", ""), environ.get("MODAL_TOKEN_SECRET", "")
    profile = _profile(environ)
    if not (token_id or secret):
        token_id, secret = str(profile.get("token_id", "")), str(profile.get("token_secret", ""))
    if not (token_id and secret):
        found = "only half a token" if token_id or secret else "no token"
        raise UnauthenticatedError(
            PROVIDER,
            _LOOKUP,
            f"there is {found} for Modal.",
            next_step="Set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET, or run `modal token new`.",
        )
    server = environ.get("MODAL_SERVER_URL") or str(profile.get("server_url") or default_server)
    if not all(url.strip().startswith(_SCHEMES) for url in server.split(",")):
        raise RejectedError(
            PROVIDER,
            _LOOKUP,
            f"{server} is no address of a server.",
            next_step="Set MODAL_SERVER_URL to one with https://, or unset it for Modal's own.",
        )
    return Account(server, token_id, Secret(secret))


def _profile(environ: Mapping[str, str]) -> Mapping[str, object]:
    home = Path(environ.get("HOME") or Path.home())
    path = Path(environ.get("MODAL_CONFIG_PATH") or home / ".modal.toml")
    try:
        profiles = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # of a parser's message, nothing: it may quote the file
        raise RejectedError(PROVIDER, _LOOKUP, f"{path}: {type(error).__name__}.") from None
    sections = {name: section for name, section in profiles.items() if isinstance(section, dict)}
    active = next((name for name, section in sections.items() if section.get("active")), "default")
    return sections.get(environ.get("MODAL_PROFILE") or active, {})
