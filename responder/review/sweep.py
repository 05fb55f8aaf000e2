"""Look again, days later, at what was done with what leaked. Every look is recorded, and changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from responder.action import Call, Json, exchanges
from responder.engine import Engine, RunState, fold
from responder.engine.hands import take_up
from responder.engine.recall import ours
from responder.engine.record import shown
from responder.engine.state import REVIEW
from responder.errors import RefusedError
from responder.journal import EventKind, Writer
from responder.playbook import Instance, expand, load
from responder.playbook.expand import arguments
from responder.questions import aside
from responder.review.eviction import removed
from responder.review.reading import Seen, new_among, raised, seen
from responder.secret import redact
from responder.trace import LookBack, Review, Reviewed, Trace


@dataclass(frozen=True)
class Swept:
    """What one look came to. `new` is what no earlier look had seen.

    `gaps` is what could not be read, without what the look before was not shown either and nobody ever is: so
    that who looks every day is not told every day to look.
    """

    new: tuple[Trace, ...]
    seen: Seen  # by all looks, this one among them
    gaps: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Nothing new to look at, and nothing that could not be read."""
        return not any(one.to_look_at for one in self.new) and not self.gaps


def sweep(engine: Engine, run: str, *, operator: Mapping[str, str], take_over: bool = False) -> Swept:
    """Have every review of the run look once more, all at once.

    Raises:
        RefusedError: the run's playbook has no review; or another process that may be alive holds the run,
            and `take_over` was not asked for.
        InputError: there is no such run.
    """
    state = fold(run, engine.journal.events(run))
    asked = _inputs(engine, run, state)
    if not asked:
        raise RefusedError(
            f"Run {run} has no step that reviews what was done.",
            next_step="Its playbook has none, or what leaked has no service that could be asked.",
        )
    data: dict[str, Json] = {"version": engine.version, "operator": dict(operator)}
    writer = take_up(engine.journal, run, data, take_over=take_over, by="review")
    before = seen(state)
    engine.observer.begin(state)
    futures = {step: aside(_look, engine, run, step, *what) for step, what in asked.items()}
    looks = {step: future.result() for step, future in futures.items()}
    answers = {step: (raised(reviewed, before), requests) for step, (reviewed, requests) in looks.items()}
    for step, (reviewed, requests) in answers.items():
        _record(writer, state, step, asked[step][0], reviewed, requests)
    traces = [one for reviewed, _ in answers.values() for one in reviewed.traces]
    after = fold(run, engine.journal.events(run))
    now = seen(after, removed(engine.journal, run))
    known = now.limited & before.limited
    gaps = tuple(one for one in now.unread if one not in known)
    return Swept(tuple(new_among(traces, before)), now, gaps)


def _inputs(engine: Engine, run: str, state: RunState) -> dict[str, tuple[Review[Any], LookBack]]:
    """By step: what looks, and with what."""
    order = engine.order(run, state)
    instances = expand(load(order.playbook_name, order.playbook_text, engine.actions), order.setting)

    def given(instance: Instance, action: Review[Any]) -> LookBack:
        told = arguments(instance, order.setting, instances, {})
        model = action.input_type.model_validate(told)
        if not isinstance(model, LookBack):
            raise TypeError(f"{action.name} takes no LookBack.")
        return model

    found: dict[str, tuple[Review[Any], LookBack]] = {}
    for instance in instances:
        action = engine.actions[instance.step.uses]
        if instance.active and instance.step.phase == REVIEW and isinstance(action, Review):
            found[instance.id] = (action, given(instance, action))
    return found


def _look(
    engine: Engine, run: str, step: str, action: Review[Any], given: LookBack
) -> tuple[Reviewed, list[Json]]:
    call = Call(
        run=run,
        step=step,
        connections=engine.connections,
        clock=engine.clock,
        progress=lambda text: engine.observer.progress(step, redact(text)),
        stopping=engine.stopping,
        ours=lambda since: ours(engine.journal, since),
    )
    with exchanges() as requests:
        reviewed = action.see(call, given)
        return reviewed, [exchange.to_json() for exchange in requests]


def _record(
    writer: Writer, state: RunState, step: str, action: Review[Any], reviewed: Reviewed, requests: list[Json]
) -> None:
    found = action.told(reviewed)
    data: dict[str, Json] = {
        "action": action.name,
        "result": "reviewed",
        "detail": redact(found),
        "reviewed": shown(reviewed),
        "strangers": [],
        "requests": requests,
    }
    attempt = len(state.step(step).looks) + 1
    writer.append(EventKind.STEP_CHECKED, step=step, attempt=attempt, data=data)
