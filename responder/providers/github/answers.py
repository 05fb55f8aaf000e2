"""GitHub's refusals in our words. Only the message of an answer is kept, never its body."""

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

from responder import action
from responder.action import Out, Probe
from responder.errors import (
    ConflictError,
    DeniedError,
    NotFoundError,
    ProviderError,
    RejectedError,
    TransientError,
    UnauthenticatedError,
    UnreachableError,
)
from responder.secret import redact

if TYPE_CHECKING:
    from github import GithubException

T = TypeVar("T")

LONGEST_MESSAGE = 300  # characters
UNTOLD_WAIT = 60.0  # seconds; https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api


def answered(operation: str, question: Callable[[], T]) -> T:
    """What the question answers; whatever PyGithub raises meanwhile leaves as a `ProviderError`.

    The original is neither its cause nor its context: its text is the answer's whole body.
    """
    import requests  # noqa: PLC0415
    from github import GithubException  # noqa: PLC0415

    refusal: ProviderError
    try:
        return question()
    except GithubException as error:
        refusal = _refusal(operation, error)
    except requests.RequestException as error:
        refusal = UnreachableError(
            "github",
            operation,
            f"No answer from GitHub ({type(error).__name__}).",
            next_step="Check the network and GITHUB_API_URL; https://www.githubstatus.com tells of outages.",
        )
    raise refusal


def known(ask: Callable[[], Probe[Out]]) -> Probe[Out]:
    """The answer, or `Unknown` where GitHub gave none that says anything about what was asked."""
    return action.answered(ask)()


def _refusal(operation: str, error: "GithubException") -> ProviderError:
    headers = error.headers or {}
    status, message = error.status, _message(error)
    request_id = headers.get("x-github-request-id", "")
    if status >= 500:  # noqa: PLR2004  # the class of HTTP status
        return TransientError("github", operation, f"{status} {message}", request_id=request_id).after(
            _seconds(headers),
        )
    if _limited(status, message, headers):
        return TransientError(
            "github", operation, f"GitHub's rate limit: {message}", request_id=request_id
        ).after(_seconds(headers) or _until_reset(headers) or UNTOLD_WAIT)
    kind, next_step = {
        401: (UnauthenticatedError, "Set GITHUB_TOKEN to a token that lives."),
        403: (DeniedError, _missing_permission(headers)),
        404: (NotFoundError, "GitHub says so too of what the token may not see."),
        409: (ConflictError, ""),
    }.get(status, (RejectedError, ""))
    return kind("github", operation, message, request_id=request_id, next_step=next_step)


def _message(error: "GithubException") -> str:
    """GitHub's sentence, on one line and without any secret that we know of."""
    said = error.data.get("message") if isinstance(error.data, dict) else None
    text = redact(" ".join(str(said).split())) if said else f"status {error.status}"
    return text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + "…"


def _limited(status: int, message: str, headers: Mapping[str, str]) -> bool:
    """Rate limits come as 429, and as 403 that only its headers or its sentence tell from a real refusal."""
    return status == 429 or (  # noqa: PLR2004  # Too Many Requests
        status == 403  # noqa: PLR2004  # Forbidden
        and (
            "retry-after" in headers
            or headers.get("x-ratelimit-remaining") == "0"
            or "rate limit" in message.lower()
        )
    )


def _seconds(headers: Mapping[str, str]) -> float | None:
    """Of Retry-After; GitHub sends seconds there, never a date."""
    told = headers.get("retry-after", "")
    return float(told) if told.isdecimal() else None


def _until_reset(headers: Mapping[str, str]) -> float | None:
    """From the answer's own Date to the primary limit's reset: by GitHub's clock alone."""
    reset, date = headers.get("x-ratelimit-reset", ""), headers.get("date", "")
    if headers.get("x-ratelimit-remaining") != "0" or not reset.isdecimal() or not date:
        return None
    return max(1.0, float(reset) - parsedate_to_datetime(date).timestamp() + 1)


def _missing_permission(headers: Mapping[str, str]) -> str:
    """GitHub names what a fine-grained token would need: `actions=write`."""
    needed = headers.get("x-accepted-github-permissions", "")
    return f"The token in GITHUB_TOKEN needs {needed}." if needed else "The token in GITHUB_TOKEN may not."
