"""What the modal package raises, in our words and without anything that could be a secret."""

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

PROVIDER = "modal"
_LONGEST_TEXT = 300


def translated(operation: str, error: Exception) -> ProviderError:
    """Any `modal.exception.Error`, or what a broken connection raises, as one of ours.

    Which status becomes which exception is in modal.exception's docstring.
    """
    from grpclib.exceptions import ProtocolError, StreamTerminatedError  # noqa: PLC0415
    from modal import exception  # noqa: PLC0415

    # The first that fits: ConflictError is an InvalidError there.
    ours: tuple[tuple[type[Exception], type[ProviderError]], ...] = (
        (exception.AuthError, UnauthenticatedError),
        (exception.PermissionDeniedError, DeniedError),
        (exception.NotFoundError, NotFoundError),
        (exception.AlreadyExistsError, ConflictError),
        (exception.ConflictError, ConflictError),
        (exception.InvalidError, RejectedError),
        (exception.UnimplementedError, RejectedError),
        (exception.VersionError, RejectedError),
        (exception.ResourceExhaustedError, TransientError),
        (exception.ServiceError, TransientError),
        (exception.InternalError, TransientError),
        (exception.ConnectionError, UnreachableError),
        (exception.TimeoutError, UnreachableError),
        (OSError, UnreachableError),
        (StreamTerminatedError, UnreachableError),
        (ProtocolError, UnreachableError),
    )
    kind = next((ours for theirs, ours in ours if isinstance(error, theirs)), ProviderError)
    said = f"no answer ({_text(error)})" if isinstance(error, OSError) else _text(error)
    made = kind(PROVIDER, operation, said, next_step=_NEXT_STEPS.get(kind, ""))
    if isinstance(made, TransientError):
        made.after(_retry_after(error))
    return made


_NEXT_STEPS: dict[type[ProviderError], str] = {
    UnauthenticatedError: "Check MODAL_TOKEN_ID and MODAL_TOKEN_SECRET with `modal token info`.",
    DeniedError: "Use the token of a workspace owner or manager.",
    UnreachableError: "Check the network; https://status.modal.com tells of outages.",
}


def _text(error: Exception) -> str:
    text = redact(" ".join(str(error).split()))
    return text[:_LONGEST_TEXT] or type(error).__name__


def _retry_after(error: Exception) -> float | None:
    """Seconds, from the RPCRetryPolicy that a throttling service puts into an error's details."""
    # Its public accessor, `details`, gives a deprecation warning.
    for detail in getattr(error, "_grpc_details", None) or ():
        seconds = getattr(detail, "retry_after_secs", None)
        if seconds:
            return float(seconds)
    return None
