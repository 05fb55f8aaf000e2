"""One run as people ask about it: what leaked, what was done, what is proven, what is left.

Only fields that are public by their kind are read: names, identifiers, times, evidence. What is sealed in the
journal, and whatever else an input or output holds, has no place here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from responder.engine.ending import NOT_CONTAINED
from responder.engine.state import RunState, fold
from responder.errors import InputError
from responder.journal import EventKind, Journal
from responder.report.integrity import Chain
from responder.report.lead import lead
from responder.report.measures import OF_A_ROTATION, Clocks, Measure, measures
from responder.report.occasion import Occasion, occasion_of
from responder.report.reach import Reach, reach_of
from responder.report.record import Actor, Record, records
from responder.report.review import review_tasks, reviewed_words, search_tasks
from responder.report.steps import StepReading, read_steps
from responder.report.stories import CredentialStory, WorkloadStory, credential_stories, workload_stories
from responder.report.summary import summarise
from responder.report.todo import Task, tasks, to_do_by_hand
from responder.report.words import counted, listing
from responder.review.eviction import removed
from responder.review.reading import Seen, seen
from responder.review.searches import Noted, scans

__all__ = ["Incident", "Term", "Unidentified", "read_incident"]


@dataclass(frozen=True)
class Term:
    """A process's part in the run, from when it took the run up."""

    since: datetime
    actor: Actor
    began: bool  # else it went on with it
    took_over: bool


@dataclass(frozen=True)
class Unidentified:
    """A credential by its form alone: no provider said whose it is."""

    identifier: str
    kind: str
    note: str
    at_large: bool


@dataclass(frozen=True)
class Incident:
    run: str
    source: str
    clocks: Clocks
    outcome: str  # succeeded, not contained, undone, partly undone, or empty while it is not over
    occasion: Occasion
    playbook: str
    playbook_digest: str
    strategy: str
    options: Mapping[str, str]
    confirmed_by: str
    terms: tuple[Term, ...]
    credentials: tuple[CredentialStory, ...]
    reach: Reach
    unidentified: tuple[Unidentified, ...]
    workloads: tuple[WorkloadStory, ...]
    steps: tuple[StepReading, ...]
    measures: tuple[Measure, ...]
    tasks: tuple[Task, ...]
    review: Seen
    searches: tuple[Noted, ...]  # of history, for the leaked values; the oldest first
    last_seq: int  # of the run's last event
    last_hash: str
    chain: Chain
    rotation: bool = False  # nothing leaked: it was due

    @property
    def title(self) -> str:
        names = [one.name for one in self.credentials] or [one.identifier for one in self.unidentified]
        return self.occasion.title(listing(names), self.run)

    @property
    def state(self) -> str:
        """How it stands, in a few words."""
        words = {"succeeded": "Done and proven", "": "Not over"}.get(self.outcome, self.outcome.capitalize())
        undone = ["somebody undid it meanwhile"] if self.fought else []
        worth = len(self.review.to_look_at)
        return "; ".join([words, *undone, *([f"{counted(worth, 'thing')} to look at"] if worth else [])])

    @property
    def fought(self) -> bool:
        """Somebody undid what was contained."""
        return any(one.undone for one in self.credentials)

    @property
    def mood(self) -> Literal["good", "wait", "bad"]:
        """Whether a reader may lean back: when it is contained, held, and nothing is to be looked at."""
        if self.outcome in ("", NOT_CONTAINED):
            return "bad"
        calm = self.outcome == "succeeded" and not self.review.to_look_at and not self.fought
        return "good" if calm else "wait"

    @property
    def active_steps(self) -> tuple[StepReading, ...]:
        return tuple(step for step in self.steps if step.active)

    @property
    def proven(self) -> tuple[StepReading, ...]:
        return tuple(step for step in self.active_steps if step.proven)

    @property
    def unproven(self) -> tuple[StepReading, ...]:
        return tuple(step for step in self.active_steps if not step.over)

    @property
    def left_out(self) -> tuple[StepReading, ...]:
        """What the playbook has and this run had no use for."""
        return tuple(step for step in self.steps if not step.active or step.status == "skipped")

    @property
    def reviewed(self) -> bool:
        return any(step.phase == "review" and step.proven for step in self.active_steps)

    @property
    def reviewed_words(self) -> str:
        return reviewed_words(self.review)

    @property
    def summary(self) -> tuple[str, str, str]:
        """Three sentences for somebody who reads nothing else."""
        return lead(self)


def read_incident(
    journal: Journal, run: str, chain: Chain, *, exposed_since: datetime | None = None
) -> Incident:
    """The run as the journal has it.

    Args:
        journal: opened to read.
        run: its name.
        chain: of the same journal.
        exposed_since: since when the credentials were exposed, where a person has found it out; it goes
            before what was known when the run began. It is told with the report and not written down: the
            journal has what was done and seen, and a report is made of copies of it, too.

    Raises:
        InputError: there is no such run, or it began before the exposure is said to have.
    """
    told = tuple(records(journal.iterate(run)))
    state = fold(run, (record.event for record in told))
    if not state.started:
        raise InputError(f"There is no run {run}.", next_step="`respond runs` lists them.")
    clocks = _clocks(state, told, exposed_since)
    exposure = state.started["exposure"]
    steps = read_steps(state, told)
    credentials = credential_stories(exposure, steps)
    workloads = workload_stories(exposure, steps)
    unidentified = tuple(
        Unidentified(one["identifier"], one["kind"], one["note"], one.get("life") != "dead")
        for one in exposure["unidentified"]
    )
    lost = [one.identifier for one in unidentified if one.at_large]
    summary, occasion = summarise(state), occasion_of(state.started)
    review = seen(state, removed(journal, run))
    times = measures(clocks, credentials, lost, workloads)
    if summary.rotation:
        times = tuple(one for one in times if one.name in OF_A_ROTATION)
    return Incident(
        run=run,
        source=exposure["source"],
        clocks=clocks,
        outcome=summary.outcome if state.outcome else "",
        occasion=occasion,
        playbook=told[0].playbook,
        playbook_digest=told[0].playbook_digest,
        strategy=state.started["strategy"],
        options={name: value for name, value in state.started["options"].items() if value},
        confirmed_by=state.started["confirmed_by"],
        terms=tuple(_terms(told)),
        credentials=credentials,
        reach=reach_of(exposure),
        unidentified=unidentified,
        workloads=workloads,
        steps=steps,
        measures=times,
        tasks=(
            *tasks(exposure, steps, credentials, summary.still_open, leaked=occasion.leaked),
            *to_do_by_hand(summary.by_hand),
            *review_tasks(run, review),
            *(search_tasks(run, scans(journal, run)) if occasion.leaked else ()),
        ),
        review=review,
        searches=tuple(scans(journal, run)),
        last_seq=told[-1].event.seq,
        last_hash=told[-1].event.hash,
        chain=chain,
        rotation=summary.rotation,
    )


def _clocks(state: RunState, told: Sequence[Record], exposed_since: datetime | None) -> Clocks:
    began = datetime.fromisoformat(state.started["began_at"])
    if exposed_since and exposed_since > began:
        raise InputError(
            f"The response began at {began:%Y-%m-%d %H:%M:%S} UTC, before the exposure is said to have.",
            next_step="Give --exposed-since in UTC, as the logs have it.",
        )
    known = state.started["exposure"].get("since")
    first = (
        record.event.at
        for record in told
        if record.event.kind is EventKind.STEP_INTENDED and record.step and record.step.phase == "contain"
    )
    return Clocks(
        exposed_since=exposed_since or (datetime.fromisoformat(known) if known else None),
        recorded=bool(known) and not exposed_since,
        began=began,
        confirmed=datetime.fromisoformat(state.started["confirmed_at"]),
        first_action=next(first, None),
        last=told[-1].event.at,
        finished=state.finished_at,
    )


def _terms(told: Sequence[Record]) -> list[Term]:
    return [
        Term(
            record.event.at,
            record.actor,
            record.event.kind is EventKind.RUN_STARTED,
            record.event.data.get("took_over") is True,
        )
        for record in told
        if record.event.kind in (EventKind.RUN_STARTED, EventKind.RUN_RESUMED)
    ]
