"""A run: its steps in order, independent ones at once, from start or from wherever a crash left it."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from pydantic import ValidationError

from responder import logs
from responder.action import Actions, Call, Connections, Input, Irreversible, Json, Output
from responder.engine.record import SEALED, freeze, thaw
from responder.engine.state import OVER, RunState, StepState, fold
from responder.engine.step import UNKNOWN_PATIENCE, StepRun
from responder.errors import InterruptedRunError, RefusedError
from responder.exposure import Exposure
from responder.journal import Event, EventKind, Holder, Journal, Seals, Writer
from responder.playbook import Instance, expand, load
from responder.playbook.expand import Setting, arguments
from responder.playbook.expression import ExpressionError
from responder.secret import redact

MOST_AT_ONCE = 32  # steps; each waits for a network, so far more than there are cores
EXPOSURE_LABEL = "exposure"


class Observer(Protocol):
    """Whoever watches a run from within its process. Called from many threads, must not raise."""

    def begin(self, state: RunState) -> None:
        """The run as the journal has it now; the observer's own, to fold later events into."""

    def event(self, event: Event) -> None: ...

    def progress(self, step: str, text: str) -> None: ...


@dataclass(frozen=True)
class Order:
    """What a person confirmed: all that a run is made from, and that a resume finds again in the journal."""

    run: str
    playbook_name: str  # of the file
    playbook_text: str
    exposure: Exposure
    options: Mapping[str, str | None]
    strategy: str
    began_at: datetime  # when the person started, before anything was confirmed
    confirmed_at: datetime
    confirmed_by: str  # how: "typed prod", "--yes"
    operator: Mapping[str, str]  # who we are for each provider, and locally

    @property
    def setting(self) -> Setting:
        return Setting(self.exposure, self.options, self.run, self.confirmed_at, self.strategy)


@dataclass
class Engine:
    """What playing a run needs, the same for every run of a process."""

    journal: Journal
    seals: Seals
    actions: Actions
    connections: Connections
    clock: Callable[[], datetime]
    observer: Observer
    version: str
    stopping: threading.Event = field(default_factory=threading.Event)
    patience: float = UNKNOWN_PATIENCE  # seconds that an unanswered question is asked again

    def start(self, order: Order) -> RunState:
        """Record what was confirmed, and play it to its end or until nothing more can be done.

        Raises:
            RespondError: the journal cannot be written, somebody took over, or a person asked to stop.
        """

        def seal(label: str, secret: Any) -> Mapping[str, Any]:  # noqa: ANN401
            return self.seals.seal(order.run, label, secret)

        writer = self.journal.begin(
            order.run,
            Holder.current(),
            {
                "version": self.version,
                "playbook": {"name": order.playbook_name, "text": order.playbook_text},
                "exposure": freeze(order.exposure, seal, EXPOSURE_LABEL),
                "options": dict(order.options),
                "strategy": order.strategy,
                "began_at": order.began_at.isoformat(),
                "confirmed_at": order.confirmed_at.isoformat(),
                "confirmed_by": order.confirmed_by,
                "operator": dict(order.operator),
                "steps": [_described(instance, self.actions) for instance in self._expanded(order)],
            },
        )
        return self._play(writer, order)

    def resume(self, run: str, *, take_over: bool = False, operator: Mapping[str, str]) -> RunState:
        """Go on where the journal ends. A finished run is left as it is.

        Raises:
            RefusedError: another process that may be alive holds the run, and `take_over` was not asked for.
        """
        state = fold(run, self.journal.events(run))
        if state.outcome:
            return state
        holder = self.journal.holder(run)
        if holder.alive() is not False and not take_over and holder != Holder.current():
            raise RefusedError(
                f"Run {run} is in the hands of {holder}.",
                next_step=f"`respond show {run}` shows it. `respond resume {run} --take-over` takes it from "
                "them: they will stop at their next event.",
            )
        replacing = None if take_over else holder
        data: dict[str, Json] = {"version": self.version, "operator": dict(operator), "took_over": take_over}
        writer = self.journal.take_up(run, Holder.current(), data, replacing=replacing)
        return self._play(writer, self.order(run, state))

    def order(self, run: str, state: RunState) -> Order:
        """What was confirmed, as the journal has it; the secrets are opened."""
        started = state.started

        def unseal(label: str, sealed: Mapping[str, Any]) -> Any:  # noqa: ANN401
            return self.seals.open(run, label, sealed)

        frozen = redacted_exposure(started) if state.shredded else started["exposure"]
        return Order(
            run=run,
            playbook_name=started["playbook"]["name"],
            playbook_text=started["playbook"]["text"],
            exposure=Exposure.model_validate(thaw(frozen, unseal, EXPOSURE_LABEL)),
            options=started["options"],
            strategy=started["strategy"],
            began_at=datetime.fromisoformat(started["began_at"]),
            confirmed_at=datetime.fromisoformat(started["confirmed_at"]),
            confirmed_by=started["confirmed_by"],
            operator=started["operator"],
        )

    def _expanded(self, order: Order) -> tuple[Instance, ...]:
        return expand(load(order.playbook_name, order.playbook_text, self.actions), order.setting)

    def _play(self, writer: Writer, order: Order) -> RunState:
        events = self.journal.events(order.run)
        self.observer.begin(fold(order.run, events))
        state = fold(order.run, events)
        if not state.shredded:
            self.seals.prepare(order.run)  # before any effect whose secret is shown once
        return Play(self, writer, order, self._expanded(order), state).to_the_end()


def _described(instance: Instance, actions: Actions) -> dict[str, Json]:
    """What a reader of the journal is told of a step; it needs neither the playbook nor its actions."""
    item = instance.item
    return {
        "id": instance.id,
        "title": instance.step.title,
        "label": str(getattr(item, "label", "")),
        "credential": instance.credential,
        "phase": instance.step.phase,
        "action": instance.step.uses,
        "irreversible": isinstance(actions[instance.step.uses], Irreversible),
        "needs": list(instance.needs),
        "wait_seconds": instance.step.wait,
        "active": instance.active,
    }


def redacted_exposure(started: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """The frozen exposure without its secrets, which were shredded."""

    def without(value: Any) -> Any:  # noqa: ANN401
        match value:
            case dict() if value.keys() == SEALED:
                return None
            case dict():
                return {key: without(inner) for key, inner in value.items()}
            case list():
                return [without(inner) for inner in value]
        return value

    return without(started["exposure"])


class Play:
    """One process's part in a run."""

    def __init__(
        self,
        engine: Engine,
        writer: Writer,
        order: Order,
        instances: tuple[Instance, ...],
        state: RunState,
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._order = order
        self._state = state
        self._instances = instances
        self._inactive = {i.id for i in instances if not i.active}
        self._lock = threading.Lock()
        self._outputs: dict[str, Output] = {}
        self._tried: set[str] = set()
        self._log = logs.get().bind(run=order.run)

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
        for instance in [] if self._engine.stopping.is_set() else self._ready():
            self._tried.add(instance.id)
            flying[pool.submit(self._play_step, instance)] = instance.id

    def _advance(self, pool: ThreadPoolExecutor, flying: dict[Future[None], str]) -> bool:
        """Wait for the next thing to happen, and start what it allows. False when there is nothing more."""
        try:
            pause = None if self._engine.stopping.is_set() else self._until_next()
            if flying:
                self._collect(flying, pause)
            elif pause is None:
                return False
            else:
                self._engine.stopping.wait(pause)
            self._submit(pool, flying)
        except KeyboardInterrupt:
            self._engine.stopping.set()
            self._log.warning("run.stopping", why="asked to; the calls in flight are being finished")
        return True

    def _collect(self, flying: dict[Future[None], str], pause: float | None) -> None:
        over, _ = wait(flying, timeout=pause, return_when=FIRST_COMPLETED)
        for future in over:
            step = flying.pop(future)
            error = future.exception()
            if error is not None and not isinstance(error, InterruptedRunError):
                self._log.error("run.aborted", step=step)
                raise error

    def _ready(self) -> list[Instance]:
        now = self._engine.clock()
        return [i for i in self._waiting() if (at := self._ready_at(i)) is not None and at <= now]

    def _until_next(self) -> float | None:
        """Seconds until the next step that only waits for the time; None where there is none."""
        now = self._engine.clock()
        times = [at for i in self._waiting() if (at := self._ready_at(i)) is not None]
        return max(0.0, (min(times) - now).total_seconds()) if times else None

    def _waiting(self) -> list[Instance]:
        return [
            i
            for i in self._instances
            if i.active and i.id not in self._tried and self._status(i.id) not in OVER
        ]

    def _ready_at(self, instance: Instance) -> datetime | None:
        """When the step may start: all it needs is over, and its `wait` since then has passed."""
        needs = [self._state.step(need) for need in instance.needs]
        if any(
            step.status not in OVER and need not in self._inactive
            for need, step in zip(instance.needs, needs, strict=True)
        ):
            return None
        ended = [step.finished_at for step in needs if step.finished_at is not None]
        since = max(ended, default=self._order.confirmed_at)
        return since + timedelta(seconds=instance.step.wait)

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
            log=self._log.bind(step=instance.id),
            patience=self._engine.patience,
        ).play()
        if step.status == "succeeded":
            self._outputs[instance.id] = self._thawed(instance, step)

    def _given(self, instance: Instance) -> Input:
        given = arguments(instance, self._order.setting, self._instances, self._outputs)
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
        # Recorded first: a resume that finds it opens no secret any more, and shreds again.
        if not self._state.shredded:
            self._record(EventKind.RUN_SHREDDED, data={})
        self._engine.seals.shred(self._order.run)
        self._record(EventKind.RUN_FINISHED, data={"outcome": "succeeded"})
        return self._state


def unfinished(journal: Journal) -> Sequence[RunState]:
    """The runs that have not come to their end, the newest first."""
    states = (fold(run, journal.events(run)) for run in journal.runs())
    return [state for state in states if not state.outcome]
