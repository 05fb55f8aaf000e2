"""Give back what a run took, newest first, one by one: the answer to a false alarm.

1. `probe` first: what is so now is kept with the intent. "Not done" alone proves nothing: what is half taken
   is not done either. What never happened needs nothing.
2. The intent is made durable, with what was there before.
3. `undo`, until it is answered.
4. `probe` says not done: that is the proof, and it is made durable.

When all were tried the run is over: `undone`, or `partly undone` where something of it stays.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenacity import Retrying, retry_if_exception_type

from responder import logs
from responder.action import Done, Json, NotDone, Nothing, Output, Probe, Unknown, exchanges
from responder.engine.aside import Log
from responder.engine.ending import end
from responder.engine.hands import take_up
from responder.engine.reversal import Reversal, Undoing
from responder.engine.state import RunState, fold
from responder.engine.step import pause_before_retry, too_late
from responder.errors import InterruptedRunError, RespondError, TransientError
from responder.journal import EventKind, TakenOverError, Writer
from responder.secret import redact

if TYPE_CHECKING:
    from responder.engine.run import Engine

UNDONE = "undone"
PARTLY = "partly undone"


class NotUndoneError(RespondError):
    """It was to be given back, and the service does not say that it is."""

    code = "not-undone"


def undo(
    engine: "Engine",
    run: str,
    planned: Undoing,
    *,
    operator: Mapping[str, str],
    confirmed_by: str,
    take_over: bool = False,
) -> RunState:
    """Take the run up, give back all that is planned, and end the run.

    Raises:
        RefusedError: another process that may be alive holds the run, and `take_over` was not asked for; or
            somebody took it over meanwhile.
        InterruptedRunError: a person asked to stop; the same undo goes on where this one stopped.
    """
    data: dict[str, Json] = {"version": engine.version, "operator": dict(operator)}
    writer = take_up(engine.journal, run, data, take_over=take_over, by="undo")
    events = engine.journal.events(run)
    engine.observer.begin(fold(run, events))
    try:
        return _Undo(engine, writer, fold(run, events)).play(planned, confirmed_by)
    except KeyboardInterrupt:
        raise _stopped(run) from None


@dataclass
class _Undo:
    engine: "Engine"
    writer: Writer
    state: RunState

    def __post_init__(self) -> None:
        self._log = Log(logs.get()).bind(run=self.state.run)

    def play(self, planned: Undoing, confirmed_by: str) -> RunState:
        named = sorted({name for one in planned.reversals for name in one.enables})
        self._record(EventKind.RUN_UNDOING, data={"confirmed_by": confirmed_by, "re_enabled": named})
        given_back = [self._give_back(one) for one in planned.reversals]
        whole = all(given_back) and not planned.stays
        return end(self.state, self.engine.seals, self._record, UNDONE if whole else PARTLY)

    def _give_back(self, one: Reversal) -> bool:
        if self.engine.stopping.is_set():
            raise _stopped(self.state.run)
        with exchanges() as requests:
            try:
                proof = self._proof(one)
            except _RefusedHereError as refused:
                self._failed(one, refused.error)
                return False
            told = [exchange.to_json() for exchange in requests]
        for step in one.steps:
            if self.state.step(step).status != "undone":
                self._step(EventKind.STEP_UNDONE, step, {"evidence": redact(proof), "requests": told})
        return True

    def _proof(self, one: Reversal) -> str:
        """What the service says of it, once it is given back."""
        found: Probe[Output] = one.action.probe(one.call, one.given)
        output = one.output or self._output_of(one, found)
        if output is None:
            return found.why if isinstance(found, NotDone) else "It had not happened."
        seen = {"seen": dict(one.call.seen), "found": _words(found)}
        what: dict[str, Any] = {"action": one.action.name, "input": one.shown, **seen}
        self._step(EventKind.STEP_UNDO_INTENDED, one.steps[0], what)
        self._ask(one, output)
        return self._seen_undone(one)

    def _output_of(self, one: Reversal, found: Probe[Output]) -> Output | None:
        """Of a step that never came back; None where it did not happen."""
        if isinstance(found, NotDone) and issubclass(one.action.output_type, Nothing):
            return one.action.output_type()
        return self._reconciled(one)

    def _reconciled(self, one: Reversal) -> Output | None:
        """There is an intent and no outcome: whether it happened is the service's to say."""
        self.writer.check()  # it may remove what a step made
        found: Probe[Output] = one.action.reconcile(one.call, one.given)
        match found:
            case Done(output=output):
                return output
            case NotDone():
                return None
            case Unknown(why=why):
                raise _RefusedHereError(
                    NotUndoneError(why, state="Whether this step ever happened is not known.")
                )

    def _ask(self, one: Reversal, output: Output) -> None:
        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            wait=pause_before_retry,
            stop=lambda retry: too_late(retry, one.action.deadline),
            sleep=one.call.wait,
            reraise=True,
        )

        def give_back() -> None:
            self.writer.check()  # this process may have slept since its last event
            one.action.undo(one.call, one.given, output)

        try:
            retrying(give_back)
        except (InterruptedRunError, TakenOverError):
            raise
        except RespondError as error:
            raise _RefusedHereError(error) from error

    def _seen_undone(self, one: Reversal) -> str:
        until = time.monotonic() + one.action.settle
        while True:
            found: Probe[Output] = one.action.probe(one.call, one.given)
            if isinstance(found, NotDone):
                return found.why
            if time.monotonic() >= until:
                raise _RefusedHereError(
                    NotUndoneError(
                        f"Given back, but after {one.action.settle:.0f} s the service says: {_words(found)}",
                        state="The undo was accepted.",
                        next_step=f"`respond undo {self.state.run}` asks again.",
                    )
                )
            one.call.progress(f"not given back yet: {_words(found)}")
            one.call.wait(0.5)

    def _failed(self, one: Reversal, error: RespondError) -> None:
        why = redact(error.what)
        self._log.warning(EventKind.STEP_UNDO_FAILED.value, step=one.steps[0], why=why)
        told = {
            "code": error.code,
            "why": why,
            "state": redact(error.state),
            "next_step": redact(error.next_step),
        }
        self._step(EventKind.STEP_UNDO_FAILED, one.steps[0], {"action": one.action.name, **told})

    def _step(self, kind: EventKind, step: str, data: Mapping[str, Any]) -> None:
        is_so = self.state.step(step)
        # An outcome belongs to the intent before it, unless there is none.
        attempt = is_so.attempt if is_so.undoing else is_so.attempt + 1
        if kind is EventKind.STEP_UNDO_INTENDED:
            attempt = is_so.attempt + 1
        self._record(kind, step=step, attempt=attempt, data=data)

    def _record(self, kind: EventKind, *, step: str = "", attempt: int = 0, data: Mapping[str, Any]) -> None:
        event = self.writer.append(kind, step=step, attempt=attempt, data=data)
        self.state.fold(event)
        self._log.info(kind.value, step=step, attempt=event.attempt)
        self.engine.observer.event(event)


class _RefusedHereError(Exception):
    """What an action answered, told apart from what the journal refuses."""

    def __init__(self, error: RespondError) -> None:
        super().__init__(error.what)
        self.error = error


def _stopped(run: str) -> InterruptedRunError:
    return InterruptedRunError(
        f"The undo of run {run} was stopped on request.",
        state="What was undone is recorded; one that was in flight is looked up when it goes on.",
        next_step=f"`respond undo {run}` goes on.",
    )


def _words(found: Probe[Output]) -> str:
    return found.evidence if isinstance(found, Done) else found.why
