"""A run from what a person confirmed, or from wherever a crash left it in the journal."""

import hashlib
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from responder.action import Actions, Connections, Irreversible, Json
from responder.engine.aside import Audience
from responder.engine.hands import already_on_it, available, take_up
from responder.engine.play import Play
from responder.engine.record import SEALED, freeze, thaw
from responder.engine.state import RunState, fold, subjects
from responder.engine.step import UNKNOWN_PATIENCE
from responder.errors import RefusedError, UnavailableError
from responder.exposure import Exposure
from responder.journal import Event, Holder, Journal, Seals, SecondRunError, Writer
from responder.playbook import Instance, expand, load
from responder.playbook.expand import Setting

EXPOSURE_LABEL = "exposure"


class Observer(Protocol):
    """Whoever watches a run from within its process. Called from many threads. What it raises is nobody's."""

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
    longest_wait: float = math.inf  # seconds; rather than sit out a longer one a run is left, to be resumed

    def __post_init__(self) -> None:
        self.observer = Audience(self.observer)

    def start(self, order: Order) -> RunState:
        """Record what was confirmed, and play it to its end or until nothing more can be done.

        Raises:
            RefusedError: a run that is not over is about one of these credentials; or somebody took over.
            RespondError: the journal cannot be written, or a person asked to stop.
        """

        def seal(label: str, secret: Any) -> Mapping[str, Any]:  # noqa: ANN401
            return self.seals.seal(order.run, label, secret)

        instances = self._expanded(order)
        data: dict[str, Json] = {
            "version": self.version,
            "playbook": {
                "name": order.playbook_name,
                "text": order.playbook_text,
                "sha256": hashlib.sha256(order.playbook_text.encode()).hexdigest(),
            },
            "exposure": freeze(order.exposure, seal, EXPOSURE_LABEL),
            "options": dict(order.options),
            "strategy": order.strategy,
            "began_at": order.began_at.isoformat(),
            "confirmed_at": order.confirmed_at.isoformat(),
            "confirmed_by": order.confirmed_by,
            "operator": dict(order.operator),
            "steps": [_described(instance, self.actions) for instance in instances],
        }
        subject = subjects(data)

        def both(started: Mapping[str, Any]) -> set[str]:
            return subjects(started) & subject

        try:
            writer = self.journal.begin(
                order.run, Holder.current(), data, same_subject=lambda started: bool(both(started))
            )
        except SecondRunError as second:
            with suppress(UnavailableError):  # nothing that was sealed for it was ever written
                self.seals.shred(order.run)
            started = fold(second.run, self.journal.events(second.run)).started
            raise already_on_it(self.journal, second.run, both(started)) from None
        return self._play(writer, order, instances)

    def resume(
        self,
        run: str,
        *,
        take_over: bool = False,
        operator: Mapping[str, str],
        options: Mapping[str, str] = MappingProxyType({}),
    ) -> RunState:
        """Go on where the journal ends. A finished run is left as it is.

        Args:
            run: its name.
            take_over: even from a process that may be alive.
            operator: who we are.
            options: choices of the playbook's, which count from here on.

        Raises:
            RefusedError: another process that may be alive holds the run, and `take_over` was not asked for;
                or it is being undone.
        """
        state = fold(run, self.journal.events(run))
        if state.undoing:
            raise RefusedError(
                f"Run {run} is being undone.",
                state="What was undone so far is recorded.",
                next_step=f"`respond undo {run}` goes on with it. To contain again after that, type `respond "
                "leak`.",
            )
        if state.outcome:
            return state
        available(self.journal, run, take_over=take_over, by="resume")
        state.options |= options
        order = self.order(run, state)  # who cannot open it must not evict who can
        instances = self._expanded(order)
        data: dict[str, Json] = {"version": self.version, "operator": dict(operator)}
        if options:
            data["options"] = dict(options)
        writer = take_up(self.journal, run, data, take_over=take_over)
        return self._play(writer, order, instances)

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
            options=state.options,
            strategy=started["strategy"],
            began_at=datetime.fromisoformat(started["began_at"]),
            confirmed_at=datetime.fromisoformat(started["confirmed_at"]),
            confirmed_by=started["confirmed_by"],
            operator=started["operator"],
        )

    def _expanded(self, order: Order) -> tuple[Instance, ...]:
        return expand(load(order.playbook_name, order.playbook_text, self.actions), order.setting)

    def _play(self, writer: Writer, order: Order, instances: tuple[Instance, ...]) -> RunState:
        events = self.journal.events(order.run)
        self.observer.begin(fold(order.run, events))
        state = fold(order.run, events)
        if not state.shredded:
            self.seals.prepare(order.run)  # before any effect whose secret is shown once
        return Play(self, writer, order, instances, state).to_the_end()


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
        "wait_seconds": instance.wait,
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


def unfinished(journal: Journal) -> Sequence[RunState]:
    """The runs that have not come to their end, or are being undone, the newest first."""
    return [fold(run, journal.events(run)) for run in journal.open_runs()]
