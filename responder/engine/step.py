"""One step, from whatever the journal says of it to an outcome in the journal.

1. An intent without a success is reconciled: did it happen? Never is anything applied twice on a guess.
2. `before`: it may be so already.
3. The intent is made durable, with what was seen.
4. `apply`; its output is made durable, secrets sealed, before anything else is done.
5. `verify`, until the service agrees with itself or the action's patience is over.
6. The outcome is made durable: succeeded with its evidence, failed, or parked for a person.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from responder.action import (
    AnyAction,
    Call,
    Done,
    Exchange,
    Input,
    Json,
    NotDone,
    Output,
    Probe,
    Unknown,
    exchanges,
)
from responder.engine.aside import Log
from responder.engine.record import digest, freeze, shown, thaw
from responder.engine.state import Intent, StepState
from responder.errors import ChoiceError, InterruptedRunError, RespondError, TransientError
from responder.journal import EventKind, Seals, TakenOverError
from responder.secret import redact

UNKNOWN_PATIENCE = 8.0  # seconds that an undecided question is asked again before the step is parked
TRANSIENT_PATIENCE = 20.0  # seconds, where the service is only out of reach or busy just now
_backoff = wait_random_exponential(multiplier=0.25, max=15)


class UndecidedError(RespondError):
    """The service could not tell what is so. Asked again for a while, then the step is parked."""

    code = "undecided"

    def __init__(self, what: str, unknown: Unknown, *, state: str) -> None:
        super().__init__(what, state=state)
        self.transient, self.retry_after = unknown.transient, unknown.retry_after


class ChangedError(RespondError):
    """There is an intent to do something else than the step would do now: a person must look."""

    code = "changed"


class UnprovenError(RespondError):
    """It was applied, and could not be proven within the action's patience."""

    code = "unproven"


class ContestedError(UnprovenError):
    """It was applied and is not so: the service is slow to agree, or somebody undoes it. Applied again."""

    code = "contested"


class RevertedError(ContestedError):
    """It took effect, and then all was as before: applied again at once."""

    code = "reverted"


@dataclass
class StepRun:
    """One step being played. `record` appends an event and folds it into `state`.

    `check` raises TakenOverError once somebody else has the run. It is asked right before whatever may change
    something, as a process may have slept since its last event. A take-over between that look and the request
    itself is not seen: that window is as long as the request takes to leave.
    """

    instance_id: str
    action: AnyAction
    prepare: Callable[[], Input]  # raises RespondError where the step's `with` gives no fitting input
    call: Call
    state: StepState
    seals: Seals
    record: Callable[..., None]
    check: Callable[[], object]
    log: Log
    patience: float = UNKNOWN_PATIENCE  # seconds
    crowd: float = 1.0  # how many times as long a busy service is asked again, for all that ask beside this
    proven: Callable[[Input], str] = lambda _given: ""  # the step that had proven the same, if any
    reverted: NotDone | None = None  # what a proof found where all was as before again
    requests: list[Exchange] = field(default_factory=list)  # answered since the last event

    @cached_property
    def given(self) -> Input:
        return self.prepare()

    def play(self) -> None:
        """To an outcome in the journal.

        Raises:
            TakenOverError: somebody took over the run: nothing was recorded, nothing more is done.
            InterruptedRunError: a person asked to stop; the intent stands, a resume reconciles it.
        """
        retrying = Retrying(
            retry=retry_if_exception_type((TransientError, UndecidedError, ContestedError)),
            wait=pause_before_retry,
            stop=self._enough,
            sleep=self.call.wait,
            before_sleep=self._before_sleep,
            reraise=True,
        )
        with exchanges() as self.requests:
            self._play(retrying)

    def _play(self, retrying: Retrying) -> None:
        try:
            retrying(self._attempt)
        except (InterruptedRunError, TakenOverError):
            raise
        except (UndecidedError, ChangedError, ChoiceError) as error:
            self._end(EventKind.STEP_PARKED, error)
        except RespondError as error:
            self._end(EventKind.STEP_FAILED, error)
        except Exception as error:  # a bug in one action must not keep the others from containing
            self.log.exception("step.bug")
            self._end(EventKind.STEP_FAILED, _bug(error))

    def _attempt(self) -> None:
        intent = self.state.intent
        if intent is not None and self._reconciled(intent):
            return
        match self.action.before(self.call, self.given):
            case Done(output=output, evidence=evidence):
                self.state.attempt += 1
                self._succeed(output, evidence, applied=False)
            case Unknown() as unknown:
                raise UndecidedError(unknown.why, unknown, state="Nothing was changed by this attempt.")
            case NotDone() as found:
                self._apply(found)

    def _reconciled(self, intent: Intent) -> bool:
        call = self._call_for(intent)
        if intent.digest != digest(shown(self.given)):
            raise ChangedError(
                "What this step was about to do is not what it would do now.",
                state="It may have happened.",
                next_step=f"Look at `respond show {self.call.run}`, and at {self.instance_id} by hand.",
            )
        if intent.output is not None:
            output = self._thawed(intent)
            found: Probe[Output] = self.action.verify(call, self.given, output)
            if isinstance(found, Done):
                self._succeed(found.output, found.evidence, applied=True)
                return True
        self.check()  # it may remove what we made, and by now somebody else may hold that
        match self.action.reconcile(call, self.given):
            case Done(output=output, evidence=evidence):
                self._succeed(output, evidence, applied=True)
                return True
            case Unknown() as unknown:
                raise UndecidedError(unknown.why, unknown, state="Whether this step happened is not known.")
            case NotDone():
                return False

    def _apply(self, before: NotDone) -> None:
        self.state.attempt += 1
        what = shown(self.given)
        told = {"action": self.action.name, "input": what, "digest": digest(what), "seen": dict(before.seen)}
        self._record(EventKind.STEP_INTENDED, told | self._undone(before))
        intent = self.state.intent
        if intent is None:
            raise RuntimeError("An intent was recorded and is not there.")
        call = self._call_for(intent)
        self.check()
        output = self.action.apply(call, self.given)
        self._keep(output, intent.attempt)
        match self._proof(call, output):
            case Done(output=proven, evidence=evidence):
                self._succeed(proven, evidence, applied=True)
            case Unknown(why=why) as unknown:
                what = f"Applied; the proof could not be had: {why}"
                raise UndecidedError(what, unknown, state="It was applied.")
            case NotDone(why=why) if self.reverted:
                raise RevertedError(f"It took effect, and does not hold: {why}", state="It was applied.")
            case NotDone(why=why):
                kind = ContestedError if self.action.contested else UnprovenError
                raise kind(
                    f"Applied, but not so after {self.action.settle:.0f} s: {why}", state="It was applied."
                )

    def _undone(self, before: NotDone) -> dict[str, Any]:
        """For the record, where this is not the first time: somebody undid what was so."""
        by = "" if before.outgrown else self.proven(self.given)
        if self.reverted and self.reverted.seen == before.seen:  # one look alone may have been a stale one
            by = self.instance_id
        self.reverted = None
        return {"undone": {"step": by, "why": redact(before.why)}} if by else {}

    def _keep(self, output: Output, attempt: int) -> None:
        try:
            self._record(EventKind.STEP_APPLIED, {"output": freeze(output, self._seal, self._label(attempt))})
        except TakenOverError as error:
            made = _public(output)
            self.log.error("step.unrecorded", action=self.action.name, made=made)  # noqa: TRY400  # it is raised
            raise TakenOverError(
                f"{error.what} {self.instance_id} ({self.action.name}) was applied after that, and is not "
                f"recorded; what it made: {made or 'nothing that has a name'}.",
                state=error.state,
                next_step=f"Look at it by hand, and remove what nobody uses. {error.next_step}",
            ) from error

    def _proof(self, call: Call, output: Output) -> Probe[Output]:
        until = time.monotonic() + self.action.settle
        pause, took_effect = 0.2, False
        while True:
            found: Probe[Output] = self.action.verify(call, self.given, output)
            if isinstance(found, NotDone) and self.action.contested and found.seen:
                if took_effect and dict(found.seen) == dict(call.seen):
                    self.reverted = found
                    return found
                took_effect = took_effect or dict(found.seen) != dict(call.seen)
            named = found.retry_after if isinstance(found, Unknown) else None
            upcoming = max(pause, named or 0.0)
            left = until - time.monotonic()
            if isinstance(found, Done) or left <= 0 or (named or 0.0) >= left:
                return found
            self.call.progress(found.why)
            call.wait(upcoming)
            pause = min(pause * 1.6, 3.0)

    def _succeed(self, output: Output, evidence: str, *, applied: bool) -> None:
        frozen = freeze(output, self._seal, self._label(self.state.attempt))
        told = {"action": self.action.name, "output": frozen, "evidence": evidence, "applied": applied}
        # Without an intent this is the only place that says what it was done with.
        self._record(EventKind.STEP_SUCCEEDED, told if applied else {**told, "input": shown(self.given)})

    def _end(self, kind: EventKind, error: RespondError) -> None:
        if self.state.status in ("pending", "failed", "parked"):  # this try had no intent of its own
            self.state.attempt += 1
        why = redact(error.what)
        self.log.warning(kind.value, step=self.instance_id, why=why)
        self._record(
            kind,
            {
                "action": self.action.name,
                "code": error.code,
                "why": why,
                "state": redact(error.state),
                "next_step": redact(error.next_step),
                **({"option": error.option} if isinstance(error, ChoiceError) else {}),
            },
        )

    def _before_sleep(self, retry: RetryCallState) -> None:
        error = retry.outcome.exception() if retry.outcome else None
        if not isinstance(error, RespondError):
            return
        pause = retry.next_action.sleep if retry.next_action else 0.0
        self.call.progress(f"{redact(error.what)} Trying again in {pause:.1f} s.")
        under_way = self.state.status in ("intended", "applied")
        again = isinstance(error, TransientError | ContestedError)
        if again and under_way and self.state.retried < self.state.attempt:
            self._record(
                EventKind.STEP_RETRIED, {"why": redact(error.what), "pause_seconds": round(pause, 3)}
            )

    def _enough(self, retry: RetryCallState) -> bool:
        error = retry.outcome.exception() if retry.outcome else None
        limit = self.action.deadline
        if isinstance(error, UndecidedError):
            longer = TRANSIENT_PATIENCE * self.crowd
            limit = min(limit, longer) if error.transient else self.patience
        return too_late(retry, limit)

    def _call_for(self, intent: Intent) -> Call:
        return replace(self.call, seen=intent.seen, intended_at=intent.at)

    def _thawed(self, intent: Intent) -> Output:
        return self.action.output_type.model_validate(
            thaw(intent.output, self._open, self._label(intent.attempt))
        )

    def _record(self, kind: EventKind, data: dict[str, Any]) -> None:
        if self.requests:
            data = {**data, "requests": [exchange.to_json() for exchange in self.requests]}
            self.requests.clear()
        self.record(kind, step=self.instance_id, attempt=self.state.attempt, data=data)

    def _label(self, attempt: int) -> str:
        return f"{self.instance_id}/{attempt}"

    def _seal(self, label: str, secret: Any) -> dict[str, Json]:  # noqa: ANN401
        return self.seals.seal(self.call.run, label, secret)

    def _open(self, label: str, sealed: Any) -> Any:  # noqa: ANN401
        return self.seals.open(self.call.run, label, sealed)


def _bug(error: Exception) -> RespondError:
    return RespondError(
        f"A mistake of ours: {type(error).__name__}: {error}",
        state="How far it came is what the service says.",
        next_step="Do this step by hand, as its runbook says, and report the mistake.",
    )


def pause_before_retry(retry: RetryCallState) -> float:
    error = retry.outcome.exception() if retry.outcome else None
    if isinstance(error, RevertedError):
        return 0.0
    named = error.retry_after if isinstance(error, TransientError | UndecidedError) else None
    return _backoff(retry) if named is None else named


def too_late(retry: RetryCallState, limit: float) -> bool:
    """Whether the next try would begin `limit` seconds after the first or later: then it is not awaited."""
    return (retry.seconds_since_start or 0.0) + retry.upcoming_sleep >= limit


def _public(output: Output) -> str:
    """What a person can find it by, without its secrets."""
    values = ((name, getattr(output, name)) for name in type(output).model_fields)
    return redact(", ".join(f"{name} {one}" for name, one in values if isinstance(one, str | int)))
