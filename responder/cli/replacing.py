"""What `respond rotate` does at the services. One run a credential: one that fails holds up no other."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from responder.cli.audit_checkpoint import at_the_end_of_a_run
from responder.cli.confirm import confirm
from responder.cli.desk import Desk, consoles
from responder.cli.end_screen import end_screen
from responder.cli.operator import operator
from responder.cli.plan_screen import plan_screen
from responder.cli.playing import Stage, fresh_run, load_playbook, plan
from responder.cli.rotated import Entry
from responder.cli.rotating import Asked
from responder.engine import Order
from responder.errors import Exit, RefusedError
from responder.identify import answers, refuse_own
from responder.journal.store import utcnow
from responder.report.summary import summarise
from responder.rotation import (
    NoneStanding,
    Standing,
    Turn,
    UnderWay,
    as_found,
    exposure,
    note,
    standing,
    turns,
    waits_until,
)

if TYPE_CHECKING:
    from responder.action import Connections
    from responder.engine import Engine, RunState
    from responder.inventory import Inventory
    from responder.journal import Journal

PLAYBOOK: Final = "rotate"
LONGEST_WAIT: Final = 60.0  # seconds that a scheduled start sits out; a longer overlap is the next start's


@dataclass(frozen=True)
class Ready:
    """A credential that can be replaced now, and the run that will."""

    turn: Turn
    order: Order
    old: str  # identifier
    looked_at: datetime


class Work:
    def __init__(
        self,
        desk: Desk,
        journal: "Journal",
        inventory: "Inventory",
        connections: "Connections",
        asked: Asked,
        now: datetime,
    ) -> None:
        self._desk, self._journal, self._inventory = desk, journal, inventory
        self._connections, self._asked, self._now = connections, asked, now
        self._played_any = False
        self.told: dict[str, Turn] = {}  # what providers said of those that were left as they are

    def close(self) -> None:
        """Sign and anchor what was recorded."""
        if self._played_any:
            at_the_end_of_a_run(self._desk, self._journal, self._connections)

    def go_on(self, name: str, one: UnderWay) -> Entry:
        """With a run that is not over."""

        def begin(engine: "Engine") -> "RunState":
            return engine.resume(one.run, take_over=one.take_over, operator=self._operator)

        return self._played(name, one.run, begin, resuming=True)

    def replace(self, wanted: Sequence[Turn]) -> list[Entry]:
        """Each by a run of its own, once all are confirmed; what cannot be is said."""
        found = list(self._looked_at(wanted)) if wanted else []
        entries = [one for one in found if isinstance(one, Entry)]
        ready = [one for one in found if isinstance(one, Ready)]
        if self._asked.dry_run:
            return entries + [Entry(one.turn.name, "planned", old=one.old) for one in ready]
        try:
            confirmed_by = self._confirmed(ready) if ready else ""
        except RefusedError as error:  # what was gone on with before is told all the same
            return entries + [_refused(one.turn.name, error) for one in ready]
        return entries + [self._replaced(one, confirmed_by) for one in ready]

    @cached_property
    def _operator(self) -> dict[str, str]:
        return operator(self._connections)

    def _looked_at(self, wanted: Sequence[Turn]) -> Iterator[Ready | Entry]:
        """Every provider is asked for the one that lives. What turns out not to be due is left out."""
        chosen = self._asked.options["delete_key"] or ""
        questions = {one.name: partial(standing, self._connections, one.credential, chosen) for one in wanted}
        with consoles()[1].status("Asking Modal and AWS what is in use …"), ThreadPoolExecutor(1) as aside:
            aside.submit(lambda: self._operator)
            told = answers(questions)
        for turn in wanted:
            match told[turn.name]:
                case str(why):
                    yield Entry(turn.name, "skipped", Exit.UNAVAILABLE, why=why)
                case NoneStanding(why=why, next_step=how):
                    yield Entry(turn.name, "skipped", Exit.REFUSED, why=why, next_step=how)
                case Standing() as live:
                    if not self._asked.dry_run:
                        note(self._journal, turn, live, self._operator)
                    as_told = turn.as_told(live)
                    if self._asked.due and not as_told.may_be_due(self._now):
                        self.told[turn.name] = as_told
                    else:
                        yield self._planned(as_told, live)

    def _planned(self, turn: Turn, live: Standing) -> Ready | Entry:
        name, text, playbook = load_playbook(PLAYBOOK)
        looked_at = utcnow()
        order = Order(
            run=fresh_run(),
            playbook_name=name,
            playbook_text=text,
            exposure=exposure(self._inventory, turn.credential, live, looked_at),
            options=self._asked.options,
            strategy=playbook.default_strategy,
            began_at=self._now,
            confirmed_at=looked_at,
            confirmed_by="",
            operator=self._operator,
        )
        try:
            refuse_own(self._connections, [as_found(live.leaked, turn.credential.kind)])
            planned = plan(playbook, order, self._connections)
        except RefusedError as error:
            return _refused(turn.name, error)
        screen = consoles()[1 if self._asked.as_json else 0]
        screen.print(turn.words(self._now), style="bold", markup=False)
        screen.print(plan_screen(planned, order.strategy, playbook.strategies[order.strategy]))
        return Ready(turn, order, live.leaked.identifier, looked_at)

    def _confirmed(self, ready: Sequence[Ready]) -> str:
        touched = set().union(*(one.order.exposure.environments() for one in ready))
        return "--yes" if self._asked.yes else confirm(touched, self._inventory.guarded_environments)

    def _replaced(self, one: Ready, confirmed_by: str) -> Entry:
        (now,) = turns(self._journal, self._inventory, [one.turn.name])
        if now.made and now.made.at > one.looked_at:
            return Entry(one.turn.name, "skipped", why="Somebody else has just replaced it.")
        order = replace(one.order, confirmed_at=utcnow(), confirmed_by=confirmed_by)
        return self._played(one.turn.name, order.run, lambda engine: engine.start(order), resuming=False)

    def _played(self, name: str, run: str, begin: "Callable[[Engine], RunState]", *, resuming: bool) -> Entry:
        stage = Stage.set_up(self._desk, self._journal, self._connections, resuming=resuming)
        if self._asked.due:
            stage.engine.longest_wait = LONGEST_WAIT
        self._played_any = True
        try:
            state = stage.perform(begin, run)
        except RefusedError as error:  # somebody began at the same instant, or took it over
            return _refused(name, error)
        if not self._asked.as_json:
            consoles()[0].print(end_screen(summarise(state)))
        return _ended(name, state)


def _refused(name: str, error: RefusedError) -> Entry:
    why, state, how = error.what, error.state, error.next_step
    return Entry(name, "skipped", Exit.REFUSED, why=why, state=state, next_step=how)


def _ended(name: str, state: "RunState") -> Entry:
    summary = summarise(state)
    (credential,) = summary.credentials
    if state.outcome:
        return Entry(
            name,
            "rotated",
            run=state.run,
            old=credential.identifier,
            fresh=credential.fresh,
            tried=credential.tried,
        )
    wrong = [one for one in summary.still_open if not one.waits]
    if not wrong and (until := waits_until(state)):
        return Entry(name, "overlap", run=state.run, until=until)
    why = f"{wrong[0].what}: {wrong[0].why}" if wrong else "It stopped before its end."
    how = f"`respond resume {state.run}`, or the next start, goes on."
    return Entry(name, "unfinished", Exit.INCOMPLETE, state.run, why=why, next_step=how)
