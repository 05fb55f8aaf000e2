"""The operator's PyGithub clients, and those of other identities: nobody, or a token that has leaked."""

import logging
import urllib.parse
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from responder.action import Connections, exchanged
from responder.errors import InputError, TransientError, UnauthenticatedError
from responder.providers.github.answers import answered
from responder.providers.github.pace import Pace
from responder.secret import Secret

if TYPE_CHECKING:
    from github import Github

T = TypeVar("T")

PUBLIC_API = "https://api.github.com"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
TIMEOUT = 10  # seconds, to connect and for each read
SILENT = logging.CRITICAL + 1


class GithubServer:
    """GitHub at GITHUB_API_URL, for whoever asks. May be used from any thread."""

    def __init__(self, url: str) -> None:
        self._url = url

    @classmethod
    def connect(cls, environ: Mapping[str, str]) -> Self:
        """Makes no request.

        Raises:
            InputError: GITHUB_API_URL would carry a token over the network in clear.
        """
        return cls(_address(environ))

    def close(self) -> None:
        """Each client is closed when it has its answer."""

    @property
    def host(self) -> str:
        return urllib.parse.urlsplit(self._url).hostname or ""

    @property
    def web(self) -> str:
        """Where its pages and repositories are; of github.com, of GitHub Enterprise and of a sandbox."""
        parts = urllib.parse.urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"

    @property
    def is_github_com(self) -> bool:
        """Whether it knows every token of github.com; also of this machine, where a sandbox stands for it."""
        return self._url == PUBLIC_API or self.host in LOOPBACK

    def ask_as(self, token: Secret | None, operation: str, question: Callable[["Github"], T]) -> T:
        """What GitHub answers to whoever the token is; without one, to nobody.

        Raises:
            ProviderError: whatever PyGithub raised, in our words.
        """
        github = self._fresh(token)
        try:
            return answered(operation, lambda: question(github))
        finally:
            github.close()

    def _fresh(self, token: Secret | None) -> "Github":
        import github  # noqa: PLC0415
        import urllib3  # noqa: PLC0415

        # Importing it gives this logger a handler on standard error; at DEBUG it writes whole bodies.
        logging.getLogger("github").setLevel(SILENT)
        client = github.Github(
            auth=github.Auth.Token(token.reveal()) if token else None,
            base_url=self._url,
            timeout=TIMEOUT,
            user_agent="respond",
            per_page=100,
            # PyGithub's own default repeats POST and PUT, and sleeps a minute and more at a rate limit. A
            # request that never got a connection is repeated whatever it is.
            retry=urllib3.Retry(
                total=2,
                read=1,
                allowed_methods=("GET", "HEAD"),
                status_forcelist=(500, 502, 504),
                backoff_factor=0.2,
                respect_retry_after_header=False,
                raise_on_status=False,
            ),
            seconds_between_requests=0,
            seconds_between_writes=0,
            lazy=True,
        )
        _note_requests(client)
        return client


class GithubConnection(GithubServer):
    """Clients for the token in GITHUB_TOKEN.

    May be used from any thread: each borrows a client of its own, since PyGithub's connections keep the
    request that is being made in themselves.
    """

    def __init__(self, url: str, token: Secret) -> None:
        super().__init__(url)
        self._token = token
        self.pace = Pace()
        self._idle: deque[Github] = deque()

    @classmethod
    def connect(cls, environ: Mapping[str, str]) -> Self:
        """Makes no request.

        Raises:
            UnauthenticatedError: GITHUB_TOKEN is not set.
            InputError: GITHUB_API_URL would carry the token over the network in clear.
        """
        token = environ.get("GITHUB_TOKEN", "")
        if not token:
            raise UnauthenticatedError(
                "github",
                "GITHUB_TOKEN",
                "It is not set.",
                next_step="Set GITHUB_TOKEN to yours; `respond doctor` says which rights it lacks.",
                state="GitHub was asked nothing.",
            )
        return cls(_address(environ), Secret(token))

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    @property
    def token_fingerprint(self) -> str:
        return self._token.fingerprint

    def ask(self, operation: str, question: Callable[["Github"], T]) -> T:
        """What the operator's client answers; it is the question's own until that returns.

        The client's objects are lazy: nothing is asked for before an attribute is read.

        Raises:
            ProviderError: whatever PyGithub raised, in our words.
        """
        try:
            github = self._idle.pop()
        except IndexError:
            github = self._fresh(self._token)
        try:
            return answered(operation, lambda: question(github))
        except TransientError as error:
            if error.retry_after:
                self.pace.closed_for(error.retry_after)
            raise
        finally:
            self._idle.append(github)

    def get(self, path: str) -> Any:  # noqa: ANN401  # an answer's JSON
        """What is there.

        Raises:
            ProviderError: whatever PyGithub raised, in our words.
        """
        return self._get(path)[1]

    def headers(self, path: str) -> Mapping[str, str]:
        """What comes with the answer, the names in small letters.

        Raises:
            ProviderError: whatever PyGithub raised, in our words.
        """
        return self._get(path)[0]

    def _get(self, path: str) -> tuple[Mapping[str, str], Any]:
        def ask(github: "Github") -> tuple[Mapping[str, str], Any]:
            return github.requester.requestJsonAndCheck("GET", path)

        return self.ask(f"GET {path.partition('?')[0]}", ask)


def _note_requests(client: "Github") -> None:
    """Tell the record what GitHub calls each exchange: every request of PyGithub goes through this method."""
    ask = client.requester.requestJson

    def noting(verb: str, url: str, *args: Any, **kwargs: Any) -> tuple[int, dict[str, Any], str]:  # noqa: ANN401
        status, headers, output = ask(verb, url, *args, **kwargs)
        path = urllib.parse.urlsplit(url).path
        exchanged("github", f"{verb} {path}", str(headers.get("x-github-request-id", "")))
        return status, headers, output

    client.requester.requestJson = noting  # type: ignore[method-assign]


def whoami(connections: Connections) -> str:
    """The login that GITHUB_TOKEN is.

    Raises:
        ProviderError: GitHub does not say.
    """
    return connections.get(GithubConnection).ask("GET /user", lambda github: github.get_user().login)


def operator_token_fingerprint(connections: Connections) -> str:
    """Of GITHUB_TOKEN; makes no request.

    Raises:
        UnauthenticatedError: it is not set.
    """
    return connections.get(GithubConnection).token_fingerprint


def _address(environ: Mapping[str, str]) -> str:
    url = environ.get("GITHUB_API_URL") or PUBLIC_API
    parts = urllib.parse.urlsplit(url)
    if parts.hostname and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    ):
        return url.rstrip("/")
    raise InputError(
        f"GITHUB_API_URL is {url!r}, which is no https address.",
        next_step=f"Set it to {PUBLIC_API}, or to https://HOST/api/v3 of your GitHub Enterprise Server.",
    )
