"""The edge: botocore's exceptions go in, ours come out, without a body and without anything that was signed.

https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from responder.action import exchanged
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
    from botocore.exceptions import BotoCoreError, ClientError

P = ParamSpec("P")
T = TypeVar("T")

PROVIDER: Final = "aws"
WHAT_TO_SET: Final = "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, to the operator's own."

_SERVER_FAULT: Final = 500
_NOT_IMPLEMENTED: Final = 501
_LONGEST_MESSAGE: Final = 400


class UnknownKeyError(UnauthenticatedError):
    """No such key, or an inactive one: AWS does not tell these apart. The proof of a dead credential."""


class WrongSecretError(UnauthenticatedError):
    """AWS knows the key, and the signature was not made with its secret."""


class ExpiredSessionError(UnauthenticatedError):
    """Temporary credentials past their time."""


class ExplicitlyDeniedError(DeniedError):
    """Refused by a Deny of a policy, which no Allow can outweigh; not for want of an Allow."""


_CODES: Final[Mapping[type[ProviderError], str]] = {
    # The last three are words for "somebody else is changing it, wait and try again": IAM's and S3's.
    TransientError: "Throttling ThrottlingException ThrottledException RequestThrottled SlowDown "
    "RequestThrottledException TooManyRequestsException RequestLimitExceeded BandwidthLimitExceeded "
    "PriorRequestNotComplete RequestTimeout RequestTimeoutException ConcurrentModification "
    "EntityTemporarilyUnmodifiable ConditionalRequestConflict",
    UnknownKeyError: "InvalidClientTokenId InvalidAccessKeyId UnrecognizedClientException",
    WrongSecretError: "SignatureDoesNotMatch InvalidSignatureException",
    ExpiredSessionError: "ExpiredToken ExpiredTokenException TokenRefreshRequired",
    UnauthenticatedError: "MissingAuthenticationToken IncompleteSignature InvalidToken AuthFailure "
    "OptInRequired RequestExpired RequestTimeTooSkewed",
    DeniedError: "AccessDenied AccessDeniedException UnauthorizedOperation",
    NotFoundError: "NoSuchEntity NoSuchBucket NoSuchKey ObjectLockConfigurationNotFoundError",
    # The last two are of S3: it is not, or still, what the request says. 304 has no code of its own.
    ConflictError: "LimitExceeded EntityAlreadyExists DeleteConflict PreconditionFailed 304",
}
_KINDS: Final = {code: kind for kind, codes in _CODES.items() for code in codes.split()}

# Where AWS's own text helps nobody, or repeats what was signed, the session token among it.
_EXPLAINED: Final[Mapping[type[ProviderError], str]] = {
    UnknownKeyError: ": the key is unknown, inactive or deleted",
    WrongSecretError: ": the secret is not that of the key, or this machine's clock is wrong",
    ExpiredSessionError: ": the session is past its time",
    UnauthenticatedError: ": check the credentials and this machine's clock",
}


def ask(operation: str, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call one method of a client; `operation` is its IAM name, `iam:CreateAccessKey`.

    Raises:
        ProviderError: the class that tells what to do about it.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    failure: ProviderError
    try:
        answer = method(*args, **kwargs)
    except ClientError as error:
        failure = _refused(operation, error)
        exchanged(PROVIDER, operation, failure.request_id)
    except ResponseParserError:
        failure = TransientError(PROVIDER, operation, "the answer is not AWS's; is a proxy in between?")
    except BotoCoreError as error:
        failure = _not_answered(operation, error)
    else:
        if isinstance(answer, Mapping):  # not a client, nor credentials
            exchanged(PROVIDER, operation, request_id(answer))
        return answer
    # Outside the handler, so that botocore's exception, whose response may hold anything, is left behind.
    raise failure


def request_id(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))


def _refused(operation: str, error: "ClientError") -> ProviderError:
    response: Mapping[str, Any] = error.response
    code = str(response.get("Error", {}).get("Code", "Unknown"))
    metadata: Mapping[str, Any] = response.get("ResponseMetadata", {})
    said, named = _said(response), request_id(response)
    kind = _kind(code, int(metadata.get("HTTPStatusCode", 0)), said)
    text = code + _EXPLAINED.get(kind, said) + (f" (request {named})" if named else "")
    failure = kind(PROVIDER, operation, text, request_id=named, next_step=_next_step(kind, operation))
    if isinstance(failure, TransientError):
        failure.after(_retry_after(metadata.get("HTTPHeaders", {})))
    return failure


def _kind(code: str, status: int, said: str) -> type[ProviderError]:
    if status >= _SERVER_FAULT and status != _NOT_IMPLEMENTED:
        return TransientError
    kind = _KINDS.get(code, RejectedError)
    return ExplicitlyDeniedError if kind is DeniedError and "explicit deny" in said else kind


def _next_step(kind: type[ProviderError], operation: str) -> str:
    if issubclass(kind, DeniedError):
        return f"Allow the operator {operation}."
    return WHAT_TO_SET if issubclass(kind, UnauthenticatedError) else ""


def _said(response: Mapping[str, Any]) -> str:
    message = str(response.get("Error", {}).get("Message", ""))
    first_line = redact(" ".join(message.split("\n", 1)[0].split()))[:_LONGEST_MESSAGE]
    return f": {first_line}" if first_line else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds. AWS never sends the form with a date."""
    named = headers.get("retry-after", "")
    return float(named) if re.fullmatch(r"\d+(\.\d+)?", named) else None


def _not_answered(operation: str, error: "BotoCoreError") -> ProviderError:
    from botocore.exceptions import (  # noqa: PLC0415
        ConnectionError as NoConnectionError,
    )
    from botocore.exceptions import (  # noqa: PLC0415
        CredentialRetrievalError,
        HTTPClientError,
        LoginError,
        NoAuthTokenError,
        NoCredentialsError,
        PartialCredentialsError,
        ProfileNotFound,
        SSOError,
        TokenRetrievalError,
    )

    kind = type(error).__name__
    match error:
        case NoConnectionError() | HTTPClientError():
            return UnreachableError(
                PROVIDER, operation, f"no answer ({kind})", next_step="Check the network."
            )
        case NoCredentialsError() | PartialCredentialsError() | ProfileNotFound():
            return UnauthenticatedError(
                PROVIDER, operation, f"there are no credentials to sign with ({kind})", next_step=WHAT_TO_SET
            )
        case (
            CredentialRetrievalError()
            | TokenRetrievalError()
            | SSOError()
            | LoginError()
            | NoAuthTokenError()
        ):
            return UnauthenticatedError(
                PROVIDER,
                operation,
                f"the credentials could not be fetched ({kind})",
                next_step=f"Sign in again (aws sso login, aws login). {WHAT_TO_SET}",
            )
    # Its text may repeat the parameters of the call.
    return RejectedError(PROVIDER, operation, f"the request could not be made ({kind})")
