"""What can go wrong, in words for the person it happens to, and with which exit code.

Every error says what happened, what state things are in now, and what to type next. The command line shows
these three and ends with the class's exit code; anything that is not a `RespondError` is a bug of ours.
"""

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """The exit codes of `respond`. They are stable: scripts may rely on them."""

    DONE = 0  # all that was asked is done, and proven where it claims so
    BUG = 1  # a mistake of ours
    INPUT = 2  # the command line, a playbook, the inventory or a file is wrong; nothing was changed
    REFUSED = 3  # not done on purpose: unsafe, declined, or somebody else is on it; nothing was changed
    INCOMPLETE = 4  # a run stopped with steps that are not done, or a search could not look everywhere
    UNAVAILABLE = 5  # a service, permission or file that is needed could not be had
    TAMPERED = 6  # the journal is not what was written
    FOUND = 7  # a search was asked for, and there is something to look at; nothing was changed
    INTERRUPTED = 130  # Ctrl-C, or whoever read our output is gone


class RespondError(Exception):
    """Base of all that a user can meet.

    Args:
        what: what happened, one sentence.
        state: the state that things are in now, one sentence.
        next_step: what to do or type next.
    """

    exit_code: ClassVar[Exit] = Exit.BUG
    code: ClassVar[str] = "error"  # stable, for machines

    def __init__(self, what: str, *, state: str = "Nothing was changed.", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.state = state
        self.next_step = next_step

    @property
    def told(self) -> str:
        """What happened and what to do, in one line."""
        what = self.what if not self.next_step or self.what.endswith(".") else f"{self.what}."
        return f"{what} {self.next_step}".strip()


class InputError(RespondError):
    """Something that was given to us is wrong."""

    exit_code = Exit.INPUT
    code = "input"


class RefusedError(RespondError):
    """We could, and will not: the message says why, and the way round."""

    exit_code = Exit.REFUSED
    code = "refused"


class ChoiceError(RefusedError):
    """A person must choose first. Whatever does not depend on it goes on.

    `option` is the playbook's option that takes the choice.
    """

    code = "choice"

    def __init__(self, what: str, *, option: str, next_step: str) -> None:
        super().__init__(what, next_step=next_step)
        self.option = option


class IncompleteError(RespondError):
    """A run stopped before its end; what was done is recorded."""

    exit_code = Exit.INCOMPLETE
    code = "incomplete"


class UnavailableError(RespondError):
    """Something outside could not be had."""

    exit_code = Exit.UNAVAILABLE
    code = "unavailable"


class TamperedError(RespondError):
    """The journal does not verify."""

    exit_code = Exit.TAMPERED
    code = "tampered"


class InterruptedRunError(RespondError):
    """A person asked us to stop. What was under way is recorded."""

    exit_code = Exit.INTERRUPTED
    code = "interrupted"


class ProviderError(UnavailableError):
    """A service's own answer, at the provider's edge: scrubbed of everything that could hold a secret.

    Args:
        provider: `aws`, `modal` or `github`.
        operation: what was asked, in the service's own words (`iam:CreateAccessKey`, `ServiceUserCreate`).
        what: what the service said; never a request's or response's body.
        request_id: the service's own name for the exchange, where it gave one.
        next_step: how to mend it.
        state: how things are now, where no request was made.
    """

    code = "provider"

    def __init__(
        self,
        provider: str,
        operation: str,
        what: str,
        *,
        request_id: str = "",
        next_step: str = "",
        state: str = "What the service did with the request is what its next answer says.",
    ) -> None:
        super().__init__(f"{operation}: {what}", state=state, next_step=next_step)
        self.provider = provider
        self.operation = operation
        self.request_id = request_id


class TransientError(ProviderError):
    """Worth another try. The request may have taken effect all the same: reconcile before trying again.

    `retry_after` is in seconds, where the service named a time.
    """

    code = "transient"
    retry_after: float | None = None

    def after(self, seconds: float | None) -> "TransientError":
        self.retry_after = seconds
        return self


class UnreachableError(TransientError):
    """No answer at all: name resolution, connection, time-out."""

    code = "unreachable"


class UnauthenticatedError(ProviderError):
    """The service does not know the credential that the request was made with."""

    code = "unauthenticated"


class DeniedError(ProviderError):
    """The credential is good and may not do this."""

    code = "denied"


class NotShownError(ProviderError):
    """Not to this plan, or not to these rights: asking again gives the same, until somebody changes that."""


class NotFoundError(ProviderError):
    code = "not-found"


class ConflictError(ProviderError):
    """It exists already, or is in a state that does not allow this."""

    code = "conflict"


class RejectedError(ProviderError):
    """The service will never do this as asked."""

    code = "rejected"
