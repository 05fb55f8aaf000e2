"""How git reads a repository of the GitHub that is used: over https, with the operator's token."""

import base64
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from responder.errors import InputError
from responder.providers.github.connection import LOOPBACK, GithubServer
from responder.secret import Secret

_BY_SSH: Final = re.compile(r"(?:ssh://)?(?:[^@/]+@)?([\w.-]+)(?::\d+/|[:/])(.+)")


@dataclass(frozen=True)
class GitAccess:
    """`environ` is for git alone: it holds the token, which is in no argument and in no file."""

    url: str
    environ: Mapping[str, str] = field(repr=False)
    has_token: bool = False

    @property
    def host(self) -> str:
        return urllib.parse.urlsplit(self.url).hostname or ""


def git_access(environ: Mapping[str, str], origin: str) -> GitAccess:
    """Makes no request. A token is given to no other host than that of GITHUB_API_URL.

    Args:
        environ: with GITHUB_TOKEN and GITHUB_API_URL.
        origin: where the clone is from, by https or ssh.

    Raises:
        InputError: it is from elsewhere.
    """
    api = GithubServer.connect(environ).host
    hosts = {api, api.removeprefix("api.")}
    parts = _parts(origin)
    by_ssh = None if parts.scheme in ("http", "https", "file") else _BY_SSH.fullmatch(origin)
    if by_ssh and by_ssh[1] in hosts:
        url = f"https://{by_ssh[1]}/{by_ssh[2]}"
    elif parts.hostname in hosts and (parts.scheme == "https" or parts.hostname in LOOPBACK):
        at = f":{parts.port}" if parts.port else ""
        url = f"{parts.scheme}://{parts.hostname}{at}{parts.path}"
    else:
        raise InputError(
            f"The clone is not from {' or '.join(sorted(hosts))}, the GitHub that is used.",
            next_step="Name it: --repo OWNER/NAME. Or set GITHUB_API_URL to that of its host.",
        )
    return _access(url, environ)


def _parts(origin: str) -> urllib.parse.SplitResult:
    """Empty ones of what is no address."""
    try:
        parts = urllib.parse.urlsplit(origin)
        _ = parts.port  # which is looked at only when it is asked for
    except ValueError:
        return urllib.parse.urlsplit("")
    return parts


class GitReader:
    """Ways to the repositories of the GitHub that is used, by their names. Makes no request."""

    def __init__(self, environ: Mapping[str, str], web: str) -> None:
        self._environ, self._web = environ, web

    @classmethod
    def connect(cls, environ: Mapping[str, str]) -> Self:
        """Makes no request.

        Raises:
            InputError: GITHUB_API_URL would carry a token over the network in clear.
        """
        return cls(environ, GithubServer.connect(environ).web)

    def close(self) -> None:
        """There is nothing to close."""

    def repository(self, repository: str) -> GitAccess:
        """To OWNER/NAME."""
        return _access(f"{self._web}/{repository}.git", self._environ)

    def wiki(self, repository: str) -> GitAccess:
        """Of OWNER/NAME: a repository beside it."""
        return _access(f"{self._web}/{repository}.wiki.git", self._environ)


def _access(url: str, environ: Mapping[str, str]) -> GitAccess:
    token = environ.get("GITHUB_TOKEN", "")
    settings = {f"http.{url}.extraHeader": _basic(Secret(token))} if token else {}
    settings[f"url.{url}.insteadOf"] = url  # the longest wins: people have all of a host rewritten to ssh
    return GitAccess(url, dict(_by_environment(settings)), has_token=bool(token))


def _basic(token: Secret) -> str:
    both = base64.b64encode(f"x-access-token:{token.reveal()}".encode()).decode()
    return f"Authorization: Basic {both}"


def _by_environment(settings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """https://git-scm.com/docs/git-config#ENVIRONMENT."""
    yield "GIT_CONFIG_COUNT", str(len(settings))
    for number, (key, value) in enumerate(settings.items()):
        yield f"GIT_CONFIG_KEY_{number}", key
        yield f"GIT_CONFIG_VALUE_{number}", value
