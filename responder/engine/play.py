"""One process's part in a run: steps in order, independent ones at once, while there is anything to do."""

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from responder import logs
from responder.action import Call, Input, Output
from responder.engine.aside import Log
from responder.engine.ending import end, outcome_of
from responder.engine.line import Line
from responder.engine.recall import ours, same_thing
from responder.engine.record import shown, thaw
from responder.engine.state import CONTAINING, OVER, REVIEW, RunState, StepState
from responder.engine.step import StepRun
from responder.errors import InterruptedRunError, UnavailableError
from responder.journal import EventKind, TakenOverError, Writer
from responder.playbook import Instance
from responder.playbook.expand import Cast
from responder.playbook.expression import ExpressionError
from responder.secret import redact

if TYPE_CHECKING:
    from responder.engine.run import Engine, Order

LISTEN = 1.0  # seconds between looks whether somebody took the run over
A_CROWD = 100  # steps; of twice as many a busy service is asked again for twice as long
MOST_AT_ONCE = 32  # steps; each waits for a network, so far more than there are cores


class Play:
    def __init__(
        self,
        engine: "Engine",
        writer: Writer,
        order: "Order",
        instances: tuple[Instance, ...],
        state: RunState,
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._order = order
        self._state = state
        self._instances = instances
        self._phases = {instance.id: instance.step.phase for instance in instances}
        self._cast = Cast(instances)
        self._line = Line(instances, lambda instance_id: self._status(instance_id) in OVER)
        self._lock = threading.Lock()
        self._alone = threading.Event()
        self._outputs: dict[str, Output] = {}
        self._log = Log(logs.get()).bind(run=order.run)

    def to_the_end(self) -> RunState:
        if self._state.shredded:  # all was done, and it died before it could say so
            return self._finish()
        for instance in self._instances:
            step = self._state.step(instance.id)
            if step.status == "succeeded":
                self._outputs[instance.id] = self._thawed(instance, step)
        with (
            ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="step") as pool,
            self._stopping_on_the_way_out(),
        ):
            flying: dict[Future[None], str] = {}
            self._submit(pool, flying)
            self._skip_inactive()  # after the first calls have left: nothing is to hold those up
            while self._advance(pool, flying):
                pass
        if self._engine.stopping.is_set():
            raise InterruptedRunError(
                f"Run {self._order.run} was stopped on request.",
                state="The calls in flight were finished and recorded.",
                next_step=f"`respond resume {self._order.run}` goes on.",
            )
        if all(self._status(instance.id) in OVER for instance in self._instances):
            return self._finish()
        return self._state

    @contextmanager
    def _stopping_on_the_way_out(self) -> Iterator[None]:
        """Whatever ends this early, Ctrl-C included, ends the steps' waiting too: the pool waits for them."""
        try:
            yield
        except BaseException:
            self._engine.stopping.set()
            raise

    def _submit(self, pool: ThreadPoolExecutor, flying: dict[Future[None], str]) -> None:
        """Of more than may go on at once, the first of the playbook: what contains waits for nothing else."""
        if self._engine.stopping.is_set():
            return
        for instance in self._ready()[: MOST_AT_ONCE - len(flying)]:
            self._line.take(instance)
            flying[pool.submit(self._play_step, instance)] = instance.id

    def _advance(self, pool: ThreadPoolExecutor, flying: dict[Future[None], str]) -> bool:
        """Wait for the next thing to happen, and start what it allows. False when there is nothing more."""
        try:
            full = len(flying) >= MOST_AT_ONCE
            pause = None if full or self._engine.stopping.is_set() else self._until_next()
            if flying:
                self._collect(flying, LISTEN if pause is None else min(pause, LISTEN))
            elif pause is None or pause > self._engine.longest_wait:
                return False
            else:
                self._engine.stopping.wait(min(pause, LISTEN))
            self._submit(pool, flying)
            self._tell_those_left(flying)
            self._listen()
        except KeyboardInterrupt:
            self._engine.stopping.set()
            self._log.warning("run.stopping", why="asked to; the calls in flight are being finished")
        return True

    def _tell_those_left(self, flying: Mapping[Future[None], str]) -> None:
        """Nobody is to wait long for the end of a run in which only reviews go on: they can be repeated."""
        if self._until_next() is None and {self._phases[one] for one in flying.values()} <= {REVIEW}:
            self._alone.set()

    def _listen(self) -> None:
        """A step may wait for a person for hours, and record nothing meanwhile."""
        with suppress(UnavailableError):  # whoever writes next will tell
            self._writer.check()

    def _collect(self, flying: dict[Future[None], str], pause: float) -> None:
        over, _ = wait(flying, timeout=pause, return_when=FIRST_COMPLETED)
        for future in over:
            step = flying.pop(future)
            error = future.exception()
            if error is not None and not isinstance(error, InterruptedRunError):
                if not isinstance(error, TakenOverError):
                    self._log.error("run.aborted", step=step)
                raise error
            if self._status(step) in OVER:  # others may build on it now that its thread is done with it
                self._line.over(step)

    def _ready(self) -> list[Instance]:
        now = self._engine.clock()
        return [instance for instance in self._line.free() if self._ready_at(instance) <= now]

    def _until_next(self) -> float | None:
        """Seconds until the next step that only waits for the time; None where there is none."""
        now = self._engine.clock()
        times = [self._ready_at(instance) for instance in self._line.free()]
        return max(0.0, (min(times) - now).total_seconds()) if times else None

    def _ready_at(self, instance: Instance) -> datetime:
        """When the step may start, of one whose needs are over: its `wait` since then has passed."""
        ended = [at for need in instance.needs if (at := self._state.step(need).finished_at)]
        since = max(ended, default=self._order.confirmed_at)
        return since + timedelta(seconds=instance.wait)

    def _skip_inactive(self) -> None:
        for instance in self._instances:
            if not instance.active and self._status(instance.id) == "pending":
                why = f"Its condition is not met: {instance.step.condition}"
                self._record(EventKind.STEP_SKIPPED, step=instance.id, attempt=1, data={"why": why})

    def _play_step(self, instance: Instance) -> None:
        if self._engine.stopping.is_set():  # meanwhile: it had waited for a free thread
            return
        step = self._state.step(instance.id)
        StepRun(
            instance_id=instance.id,
            action=self._engine.actions[instance.step.uses],
            prepare=lambda: self._given(instance),
            call=self._call(instance),
            state=step,
            seals=self._engine.seals,
            record=self._record,
            check=self._writer.check,
            log=self._log.bind(step=instance.id),
            patience=self._engine.patience,
            crowd=max(1.0, len(self._instances) / A_CROWD),
            proven=lambda given: self._proven(instance, given),
        ).play()
        if step.status == "succeeded":
            self._outputs[instance.id] = self._thawed(instance, step)

    def _proven(self, instance: Instance, given: Input) -> str:
        """The step before this one that had proven that the same is contained; empty where none had."""
        action = self._engine.actions[instance.step.uses]
        thing = same_thing(action, shown(given))
        for other in self._instances:
            step = self._state.step(other.id)
            same = other.step.uses == instance.step.uses and other.step.phase in CONTAINING
            if same and step.status == "succeeded" and same_thing(action, step.given) == thing:
                return other.id
        return ""

    def _given(self, instance: Instance) -> Input:
        given = self._cast.arguments(instance, self._order.setting, self._outputs)
        action = self._engine.actions[instance.step.uses]
        try:
            return action.input_type.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise ExpressionError(f"`with.{where}` of {instance.step.id}: {first['msg']}.") from None

    def _call(self, instance: Instance) -> Call:
        return Call(
            run=self._order.run,
            step=instance.id,
            connections=self._engine.connections,
            clock=self._engine.clock,
            progress=lambda text: self._engine.observer.progress(instance.id, redact(text)),
            stopping=self._engine.stopping,
            ours=lambda since: ours(self._engine.journal, since),
            alone=self._alone,
        )

    def _thawed(self, instance: Instance, step: StepState) -> Output:
        label = f"{instance.id}/{step.output_attempt}"

        def unseal(name: str, sealed: Mapping[str, Any]) -> Any:  # noqa: ANN401
            return self._engine.seals.open(self._order.run, name, sealed)

        output_type = self._engine.actions[instance.step.uses].output_type
        return output_type.model_validate(thaw(step.output, unseal, label))

    def _status(self, instance_id: str) -> str:
        return self._state.step(instance_id).status

    def _record(self, kind: EventKind, *, step: str = "", attempt: int = 0, data: Mapping[str, Any]) -> None:
        with self._lock:
            event = self._writer.append(kind, step=step, attempt=attempt, data=data)
            self._state.fold(event)
        self._log.info(kind.value, step=step, attempt=event.attempt)
        self._engine.observer.event(event)

    def _finish(self) -> RunState:
        return end(self._state, self._engine.seals, self._record, outcome_of(self._state))
