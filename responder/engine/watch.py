"""Look at containment again, later: an attacker who still has a way in undoes it. Every look is recorded.

What does not hold is applied again by the action's own contract: intent, apply, proof.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from responder import logs
from responder.action import AnyAction, Call, Done, Input, Json, NotDone, Output, Probe, Unknown, exchanges
from responder.engine.aside import Log
from responder.engine.hands import take_up
from responder.engine.recall import Recall, known_identifiers, leaked_credentials, same_thing
from responder.engine.state import CONTAINING, StepState, fold
from responder.engine.step import StepRun
from responder.errors import RefusedError
from responder.journal import EventKind, Writer
from responder.questions import Answer, Questions
from responder.secret import redact

if TYPE_CHECKING:
    from responder.engine.run import Engine

LONGEST: Final = timedelta(hours=36)  # the longest life of a session got with an access key
LOOKS: Final = tuple(timedelta(minutes=m) for m in (1, 30, 60, 120, 240, 480, 720, 1080, 1440, 1800, 2160))
SOON: Final = timedelta(seconds=60)
PATIENCE: Final = 10.0  # seconds for all answers of one look: a silent service keeps nobody from the rest
_NAP: Final = 5.0  # seconds: a machine that slept, or a run that was taken over, is noticed so late


@dataclass(frozen=True)
class Stranger:
    """A credential that came beside a leaked one, and that no run of this journal made or was about."""

    identifier: str
    what: str  # whose it is, how old, whether it was used
    command: str  # what to type against it


_Answer: TypeAlias = Answer[Sequence[Stranger]]


class Strangers(Protocol):
    def __call__(self, leaked: Mapping[str, Any], ours: set[str]) -> Sequence[Stranger]:
        """Beside which credential, as the exposure has it; and every identifier that is known.

        Raises:
            ProviderError: the provider could not be asked.
        """


@dataclass(frozen=True)
class Held:
    """Something that was contained: what to look at, and how to contain it again."""

    step: str
    credential: str
    action: AnyAction
    given: Input


@dataclass
class Watched:
    """What a watch came to."""

    looks: int = 0
    results: set[str] = field(default_factory=set)  # of the looks: held, re-applied, lost, unknown
    strangers: dict[str, Stranger] = field(default_factory=dict)

    @property
    def all_held(self) -> bool:
        return self.results <= {"held"} and not self.strangers


def schedule(last: timedelta) -> tuple[timedelta, ...]:
    """When to look, after the containment: rarer and rarer, and at the very end."""
    return (*(at for at in LOOKS if at < last), last)


class Watch:
    """One process's watch over a run that is over, or that nobody plays any more.

    Args:
        engine: to ask the services with. Its connections are closed after each look, so that the next one has
            fresh credentials of the operator's.
        run: its name.
        strangers: finds credentials that somebody else made meanwhile.
        wait: sleeps so many seconds, or less.
        patience: in seconds, for the answers of one look. Containing again takes the time that it takes.

    Raises:
        RefusedError: the run was undone, or contained nothing that could be looked at.
    """

    def __init__(
        self,
        engine: "Engine",
        run: str,
        strangers: Strangers,
        wait: Callable[[float], object],
        *,
        patience: float = PATIENCE,
    ) -> None:
        self._engine, self._run = engine, run
        self._strangers, self._wait, self._patience = strangers, wait, patience
        self._state = fold(run, engine.journal.events(run))
        self._lock = threading.Lock()
        self._log = Log(logs.get()).bind(run=run)
        if self._state.undoing or self._state.outcome == "undone":
            raise RefusedError(
                f"Run {run} was undone: there is nothing to hold.",
                next_step="To contain again, type `respond leak`.",
            )
        # Titles of what no look is possible at, and why.
        self.unseen: dict[str, str] = {}
        self._held = list(self._contained())
        if not self._held:
            raise RefusedError(
                f"Run {run} has contained nothing that could be looked at.",
                next_step=f"`respond show {run}` shows what it did.",
            )

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Those that are looked at, as the journal describes them."""
        held = {one.step for one in self._held}
        return [step for step in self._state.started["steps"] if step["id"] in held]

    @property
    def contained_at(self) -> datetime:
        """When the last of it was proven."""
        ended = (self._state.step(one.step).finished_at for one in self._held)
        return max(at for at in ended if at is not None)

    def keep(
        self, dues: Sequence[timedelta], *, operator: Mapping[str, str], take_over: bool = False
    ) -> Watched:
        """Look now, and then at each of the times after the containment that is still to come.

        Raises:
            RefusedError: another process that may be alive holds the run, and `take_over` was not asked for;
                or somebody took it over meanwhile.
        """
        data: dict[str, Json] = {"version": self._engine.version, "operator": dict(operator)}
        since = self.contained_at
        writer = take_up(self._engine.journal, self._run, data, take_over=take_over, by="watch")
        events = self._engine.journal.events(self._run)
        self._engine.observer.begin(fold(self._run, events))
        watched = Watched()
        to_come = sorted(since + due for due in dues if since + due > self._engine.clock())
        while True:
            all_held = self._look(writer, watched)
            if not to_come:
                return watched
            soon = self._engine.clock() + SOON
            if not all_held and soon < to_come[0]:  # who undid it once may do so again at once
                to_come.insert(0, soon)
            due = to_come.pop(0)
            while (left := (due - self._engine.clock()).total_seconds()) > 0:
                self._wait(min(left, _NAP))
                writer.check()

    def _contained(self) -> Iterator[Held]:
        """Once each, however many steps did or looked at the same: as the last of them had it."""
        recall = Recall(self._engine, self._run, self._state)
        latest = {thing: is_so.given for thing, is_so in self._by_thing() if is_so.output is not None}
        seen = {thing for thing, is_so in self._by_thing() if is_so.status == "undone"}
        for step in self._state.started["steps"]:
            is_so = self._state.step(step["id"])
            if step["phase"] not in CONTAINING or not step["active"] or is_so.status == "undone":
                continue
            action = self._engine.actions[step["action"]]
            title = f"{step['title']} ({step['label']})" if step["label"] else str(step["title"])
            if is_so.output is None:
                self.unseen[title] = f"it is not done yet; `respond resume {self._run}` goes on with it"
                continue
            if is_so.given is None:
                self.unseen[title] = "the journal does not say what it was done to"
                continue
            thing = same_thing(action, is_so.given)
            # What was begun is gone on with as it was.
            given = recall.given(action, is_so.given if is_so.intent else latest[thing])
            if given is None:
                self.unseen[title] = "it takes a secret that was shredded when the run ended"
                continue
            if thing not in seen:
                seen.add(thing)
                yield Held(step["id"], step["credential"] or "", action, given)

    def _by_thing(self) -> Iterator[tuple[bytes, StepState]]:
        for step in self._state.started["steps"]:
            is_so = self._state.step(step["id"])
            if is_so.given is not None:
                yield same_thing(self._engine.actions[step["action"]], is_so.given), is_so

    def _look(self, writer: Writer, watched: Watched) -> bool:
        """All at once: one service that is down keeps no other from being asked. Says whether all held."""
        watched.looks += 1
        before = {one.step: self._alive_until(one) for one in self._held}
        leaked = leaked_credentials(self._state)
        about_others = Questions(self._patience)
        strangers = self._strangers_of(about_others, leaked)
        results = self._looked_at(writer, self._held, strangers)
        # A key that lived meanwhile may have got sessions.
        late = [one for one in self._held if self._alive_until(one) != before[one.step]]
        results |= self._looked_at(writer, late, {})
        watched.results |= results
        for answer in (answer for answers in strangers.values() for answer in answers):
            watched.strangers |= {one.identifier: one for one in answer.get() or ()}
        for why in about_others.unread:
            watched.results.add("unknown")
            self._log.warning("watch.strangers", why=why)
        self._engine.connections.close()
        return results == {"held"}

    def _looked_at(
        self,
        writer: Writer,
        held: Sequence[Held],
        strangers: Mapping[str, Sequence[_Answer]],
    ) -> set[str]:
        if not held:
            return set()
        questions = Questions(self._patience, len(held))
        with ThreadPoolExecutor(len(held), thread_name_prefix="watch") as pool:
            try:
                futures = [
                    pool.submit(self._look_at, writer, one, questions, strangers.get(one.step, ()))
                    for one in held
                ]
                return {future.result() for future in futures}
            except BaseException:
                self._engine.stopping.set()  # the pool waits for its threads
                raise

    def _alive_until(self, one: Held) -> datetime | None:
        """When something else of the same credential last had to be contained again, if ever."""
        ours = [held for held in self._held if one.credential and held.credential == one.credential]
        looks = (look for held in ours if held != one for look in self._state.step(held.step).looks)
        return max((look.at for look in looks if look.result in ("re-applied", "lost")), default=None)

    def _look_at(self, writer: Writer, one: Held, questions: Questions, strangers: Sequence[_Answer]) -> str:
        is_so = self._state.step(one.step)
        with exchanges() as requests:
            # An intent without an outcome: this did it again, and was killed before the proof.
            found = None if is_so.intent else self._asked(one, questions)
            told: list[Json] = [exchange.to_json() for exchange in requests]
        match found:
            case Done(evidence=evidence):
                result, detail = "held", evidence
            case Unknown(why=why):
                result, detail = "unknown", why
            case NotDone(why=why, outgrown=outgrown):
                result, detail = self._apply_again(writer, one, why, renewed=outgrown)
            case _:
                result, detail = self._apply_again(writer, one, "")
        data: dict[str, Json] = {
            "action": one.action.name,
            "result": result,
            "detail": redact(detail),
            "strangers": [asdict(stranger) for answer in strangers for stranger in answer.get() or ()],
            "requests": told,
        }
        number = len(is_so.looks) + 1
        self._record(writer, EventKind.STEP_CHECKED, step=one.step, attempt=number, data=data)
        return result

    def _asked(self, one: Held, questions: Questions) -> Probe[Output]:
        answer = questions.ask(one.step, self._probed, one)
        return answer.get() or Unknown(f"No answer within {self._patience:.0f} s.")

    def _probed(self, one: Held) -> Probe[Output]:
        call = self._call(one)
        until = self._engine.clock() + timedelta(seconds=self._engine.patience)
        while True:
            found: Probe[Output] = one.action.probe(call, one.given)
            if not isinstance(found, Unknown) or self._engine.clock() >= until:
                return found
            call.progress(found.why)
            call.wait(1.0)

    def _apply_again(self, writer: Writer, one: Held, lost: str, *, renewed: bool = False) -> tuple[str, str]:
        is_so = self._state.step(one.step)
        self._engine.observer.progress(one.step, redact(lost if renewed else f"IT DOES NOT HOLD: {lost}"))
        StepRun(
            instance_id=one.step,
            action=one.action,
            prepare=lambda: one.given,
            call=self._call(one),
            state=is_so,
            seals=self._engine.seals,
            record=lambda kind, **event: self._record(writer, kind, **event),
            check=writer.check,
            log=self._log.bind(step=one.step),
            patience=self._engine.patience,
        ).play()
        if renewed and is_so.status == "succeeded":
            return "held", f"It held, and more of it was wanted: {_stop(lost)} Renewed: {is_so.evidence}"
        before = f"It did not hold: {_stop(lost)} " if lost else ""
        if is_so.status == "succeeded":
            return "re-applied", f"{before}Now: {is_so.evidence}"
        return "lost", f"{before}It could not be contained again: {is_so.why}"

    def _strangers_of(
        self, questions: Questions, leaked: Sequence[Mapping[str, Any]]
    ) -> dict[str, list[_Answer]]:
        """By the step whose look will record them; no other look waits for them."""
        asked: dict[str, list[_Answer]] = {}
        ours = known_identifiers(self._engine.journal, self._state)
        for one in leaked:
            first = (held.step for held in self._held if held.credential == one["credential"])
            answer = questions.ask(f"what was made beside {one['identifier']}", self._strangers, one, ours)
            asked.setdefault(next(first, ""), []).append(answer)
        return asked

    def _call(self, one: Held) -> Call:
        return Call(
            run=self._run,
            step=one.step,
            connections=self._engine.connections,
            clock=self._engine.clock,
            progress=lambda text: self._engine.observer.progress(one.step, redact(text)),
            stopping=self._engine.stopping,
            alive_until=self._alive_until(one),
        )

    def _record(
        self, writer: Writer, kind: EventKind, *, step: str, attempt: int, data: Mapping[str, Any]
    ) -> None:
        with self._lock:
            event = writer.append(kind, step=step, attempt=attempt, data=data)
            self._state.fold(event)
        self._log.info(kind.value, step=step, attempt=event.attempt)
        self._engine.observer.event(event)


def _stop(text: str) -> str:
    return f"{text.rstrip('.')}."
