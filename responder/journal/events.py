"""What a line of the journal is, and the hash that binds it to the line before.

The hash is SHA-256 over a domain prefix and the canonical JSON (RFC 8785) of every other field. The prefix
keeps an event's bytes from ever being read as something else that is hashed.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import rfc8785

from responder.errors import RespondError, TamperedError
from responder.secret import redact

if TYPE_CHECKING:  # the action contract brings pydantic, which reading a journal does not need
    from responder.action import Json

DOMAIN: Final = b"respond:event:v1\0"
GENESIS: Final = "0" * 64  # the hash before the first event's
_EXACT: Final = 2**53 - 1
COLUMNS: Final = "seq, run, step, attempt, kind, at, data, prev, hash"

# As the database gives it: `at` and `data` are texts, in the one form that `stamp` and `canonical` write.
Row: TypeAlias = tuple[int, str, str, int, str, str, str, str, str]


class EventKind(StrEnum):
    RUN_STARTED = "run.started"
    RUN_RESUMED = "run.resumed"
    RUN_UNDOING = "run.undoing"
    RUN_FINISHED = "run.finished"
    RUN_SHREDDED = "run.shredded"
    STEP_INTENDED = "step.intended"
    STEP_APPLIED = "step.applied"
    STEP_RETRIED = "step.retried"
    STEP_SUCCEEDED = "step.succeeded"
    STEP_FAILED = "step.failed"
    STEP_PARKED = "step.parked"
    STEP_SKIPPED = "step.skipped"
    STEP_CHECKED = "step.checked"
    STEP_UNDO_INTENDED = "step.undo_intended"
    STEP_UNDONE = "step.undone"
    STEP_UNDO_FAILED = "step.undo_failed"
    CREDENTIAL_SEEN = "credential.seen"
    HISTORY_SCANNED = "history.scanned"
    CONTROL_TAKEN = "control.taken"


@dataclass(frozen=True)
class Event:
    """One line of the journal.

    Of what was seen beside any run, `run` is empty and `step` names what it is about: a credential, the run
    whose leak was looked for in a repository by whomever, or a leaked key that a session was got with.
    `step` is empty for the run's own events, whose `attempt` is the term of the writer: 1 for who started
    the run, one more for each who took it up. `at` is UTC with microseconds. `data` is as JSON gives it back:
    no tuples, and 1.0 is 1.
    """

    seq: int
    run: str
    step: str
    attempt: int
    kind: EventKind
    at: datetime
    data: "dict[str, Json]"
    prev: str
    hash: str

    @classmethod
    def after(
        cls,
        head: "Event | None",
        *,
        run: str,
        step: str,
        attempt: int,
        kind: EventKind,
        at: datetime,
        data: "Mapping[str, Json]",
    ) -> "Event":
        """The event that follows `head`; None is the beginning.

        Raises:
            RespondError: `data` has no canonical JSON, or holds a secret value in clear: a mistake of ours.
        """
        kept = parse(canonical(dict(data), "an event's data"))
        for text in _texts([run, step, kept]):
            if redact(text) != text:
                raise RespondError(
                    f"A secret was about to be journalled in clear, in {kind} of step {step or '(the run)'}.",
                    state="The event was not written.",
                    next_step="This is a bug of respond: please report it with the name of the step.",
                )
        seq, prev = (head.seq + 1, head.hash) if head else (1, GENESIS)
        at = at.astimezone(UTC)
        digest = digest_of((seq, run, step, attempt, kind, stamp(at)), kept, prev)
        return cls(seq, run, step, attempt, kind, at, kept, prev, digest)

    @classmethod
    def of(cls, row: Row) -> "Event":
        """The event in a row of the store; its hash is not checked here.

        Raises:
            TamperedError: the row is not of an event's form.
        """
        seq, run, step, attempt, kind, at, data, prev, digest = row
        try:
            when, fields = datetime.fromisoformat(at), parse(data)
            return cls(seq, run, step, attempt, EventKind(kind), when, fields, prev, digest)
        except (ValueError, TypeError) as error:
            raise TamperedError(
                f"Event {seq} of the journal is not what was written: {error}.",
                state="Nothing was changed.",
                next_step="Type `respond audit verify` to see how far the journal can be trusted.",
            ) from error

    def row(self) -> Row:
        text = canonical(self.data, "an event's data")
        return (
            self.seq,
            self.run,
            self.step,
            self.attempt,
            self.kind.value,
            stamp(self.at),
            text,
            self.prev,
            self.hash,
        )


def stamp(at: datetime) -> str:
    """The one written form of a time: 2026-01-31T03:00:00.000000Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(value: "Json", what: str) -> str:
    """RFC 8785 canonical JSON.

    Raises:
        RespondError: there is none: a number that is not finite or too large to be exact, half a character.
    """
    try:
        return rfc8785.dumps(value).decode()
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise RespondError(f"There is no canonical JSON of {what}: {error}.") from error


def parse(text: str) -> Any:  # noqa: ANN401  # as json.loads
    """The value of a JSON text. Numbers are JSON's: a whole one beyond 2**53 is a float, as it was written.

    Raises:
        ValueError: it is not JSON.
    """
    return json.loads(text, parse_int=_whole)


def digest_of(head: tuple[int, str, str, int, str, str], data: "Json", prev: str) -> str:
    """The hash of an event from its seq, run, step, attempt, kind, at as written, data and prev.

    Raises:
        ValueError: a field has no canonical JSON.
    """
    seq, run, step, attempt, kind, at = head
    fields: dict[str, Json] = {
        "seq": seq,
        "run": run,
        "step": step,
        "attempt": attempt,
        "kind": str(kind),
        "at": at,
        "data": data,
        "prev": prev,
    }
    return hashlib.sha256(DOMAIN + rfc8785.dumps(fields)).hexdigest()


def _whole(digits: str) -> int | float:
    number = float(digits)
    return int(number) if abs(number) <= _EXACT else number


def _texts(value: "Json") -> Iterator[str]:
    """Every string in it, keys too: as they are, for JSON's escapes would hide a secret with line ends."""
    match value:
        case str():
            yield value
        case dict():
            for key, inner in value.items():
                yield key
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
