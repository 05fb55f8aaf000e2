"""Many runs as an audit review asks for them: how old each credential is, what leaked, how long it took."""

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from responder.engine.state import RunState, fold
from responder.inventory import Inventory
from responder.journal import EventKind, Journal
from responder.report.integrity import Chain
from responder.report.occasion import occasion_of
from responder.report.record import Record, records
from responder.report.steps import read_steps
from responder.report.stories import CredentialStory, credential_stories, workload_stories
from responder.report.summary import summarise
from responder.report.words import counted, day, elapsed, listing

__all__ = ["Age", "Containment", "Failures", "OneIncident", "Quarter", "read_quarter"]

SOON: Final = timedelta(days=14)
_FAILURES: Final = {
    EventKind.STEP_FAILED: "failed",
    EventKind.STEP_PARKED: "parked",
    EventKind.STEP_RETRIED: "retried",
}


@dataclass(frozen=True)
class Age:
    """A credential of the inventory. Its age counts from the last rotation that the journal knows.

    Where it knows of none, from what its provider told the last time that it was asked; `rotated_by` is empty
    then. `rotated_at` is None where that is not known either: then nothing is said of its age.
    """

    name: str
    kind: str
    max_age: timedelta | None
    rotated_at: datetime | None
    rotated_by: str  # the run
    identifier: str  # what that rotation gave
    age_days: int | None
    due: datetime | None
    state: str  # overdue, due, fine, without a limit, not known; in words

    @property
    def overdue(self) -> bool:
        return self.state.startswith("overdue")


@dataclass(frozen=True)
class OneIncident:
    """A run that contained something. Times are seconds from its confirmation; None where not proven."""

    run: str
    began_at: datetime
    source: str
    leaked: bool  # values were seen at `source`; else it is what happened
    credentials: tuple[str, ...]
    outcome: str
    contained_after: float | None
    recovered_after: float | None
    still_open: int


@dataclass(frozen=True)
class Containment:
    """Over every credential that leaked: seconds from the confirmation to the proof of its containment."""

    proven: int
    unproven: int
    median: float | None
    worst: float | None
    worst_of: str = ""

    @property
    def words(self) -> str:
        missing = f" {counted(self.unproven, 'containment')} not proven." if self.unproven else ""
        if not self.proven and not self.unproven:
            return "Nothing had to be contained."
        if self.median is None or self.worst is None:
            return f"No containment was proven.{missing}"
        return (
            f"Containment took {elapsed(self.median)} in the median and {elapsed(self.worst)} at worst "
            f"({self.worst_of}), over {counted(self.proven, 'credential')}, from the confirmation to the "
            f"proof.{missing}"
        )


@dataclass(frozen=True)
class Failures:
    """How often a step, by its title, did not go well. `runs` is in how many runs."""

    title: str
    runs: int
    failed: int
    parked: int
    retried: int


@dataclass(frozen=True)
class Quarter:
    since: datetime
    until: datetime
    no_inventory: str  # why nothing is said of the credentials' age
    credentials: tuple[Age, ...]
    incidents: tuple[OneIncident, ...]
    rotations: int  # runs that replaced what was due
    other_runs: int  # which contained nothing, or nothing that leaked: a setup, an offboarding
    containment: Containment
    failures: tuple[Failures, ...]
    chain: Chain

    @property
    def summary(self) -> str:
        overdue = [one.name for one in self.credentials if one.overdue]
        due = f"overdue: {listing(overdue)}" if overdue else "no rotation is known to be overdue"
        others = f", {counted(self.rotations, 'rotation')}" if self.rotations else ""
        others += f", {counted(self.other_runs, 'other run')}" if self.other_runs else ""
        found = f"{counted(len(self.incidents), 'incident')}{others}"
        when = f"From {day(self.since)} to {day(self.until)}"
        return f"{when}: {found}; {due}. {self.containment.words}"


@dataclass(frozen=True)
class _Run:
    state: RunState
    told: tuple[Record, ...]
    began_at: datetime
    confirmed_at: datetime
    credentials: tuple[CredentialStory, ...]


def read_quarter(
    journal: Journal,
    chain: Chain,
    inventory: Inventory,
    no_inventory: str,
    since: datetime,
    until: datetime,
) -> Quarter:
    """Runs that began since then. What was rotated is looked for in the whole journal.

    Args:
        journal: opened to read.
        chain: of the same journal.
        inventory: whose credentials are to have an age.
        no_inventory: why it is empty, where there is none.
        since: the beginning of what is reported.
        until: now.
    """
    rotated = {
        note.step: (datetime.fromisoformat(str(note.data["made_at"])), "", str(note.data["identifier"]))
        for note in journal.noted()
    }
    period: list[_Run] = []
    for name in reversed(journal.runs()):
        run = _read(journal, name)
        for one in run.credentials:
            if one.fresh_at and (one.name not in rotated or rotated[one.name][0] < one.fresh_at):
                rotated[one.name] = (one.fresh_at, name, one.fresh)
        if since <= run.began_at <= until:
            period.append(run)
    scheduled = [run for run in period if occasion_of(run.state.started).playbook == "rotate"]
    incidents = [(run, found) for run in period if (found := _incident(run)) is not None]
    return Quarter(
        since=since,
        until=until,
        no_inventory=no_inventory,
        credentials=tuple(_ages(inventory, rotated, until)),
        incidents=tuple(one for _, one in incidents),
        rotations=len(scheduled),
        other_runs=len(period) - len(incidents) - len(scheduled),
        containment=_containment(run for run, _ in incidents),
        failures=tuple(_failures(period)),
        chain=chain,
    )


def _read(journal: Journal, name: str) -> _Run:
    told = tuple(records(journal.iterate(name)))
    state = fold(name, (record.event for record in told))
    steps = read_steps(state, told)
    return _Run(
        state,
        told,
        datetime.fromisoformat(state.started["began_at"]),
        datetime.fromisoformat(state.started["confirmed_at"]),
        credential_stories(state.started["exposure"], steps),
    )


def _incident(run: _Run) -> OneIncident | None:
    described, occasion = run.state.started["steps"], occasion_of(run.state.started)
    if not occasion.is_incident:
        return None
    unidentified = list(_unidentified(run.state))
    if not unidentified and not any(step["active"] and step["phase"] == "contain" for step in described):
        return None
    summary = summarise(run.state)
    contained = [one.contained_at for one in run.credentials if not one.dead_already]
    live = [
        one.live_at
        for one in workload_stories(run.state.started["exposure"], read_steps(run.state, run.told))
    ]
    return OneIncident(
        run=run.state.run,
        began_at=run.began_at,
        source=summary.source,
        leaked=occasion.leaked,
        credentials=tuple([one.name for one in run.credentials] + unidentified),
        outcome=summary.outcome,
        contained_after=None if unidentified else _after(run, contained),
        recovered_after=_after(run, live),
        still_open=len(summary.still_open),
    )


def _unidentified(state: RunState) -> Iterator[str]:
    """Whose nobody knows, and that may live."""
    for one in state.started["exposure"]["unidentified"]:
        if one.get("life") != "dead":
            yield one["identifier"]


def _after(run: _Run, times: list[datetime | None]) -> float | None:
    found = [at for at in times if at]
    if not found or len(found) < len(times):
        return None
    return (max(found) - run.confirmed_at).total_seconds()


def _containment(runs: Iterable[_Run]) -> Containment:
    taken: list[tuple[float, str]] = []
    unproven = 0
    for run in runs:
        unproven += len(list(_unidentified(run.state)))
        for one in run.credentials:
            if one.at_large:
                unproven += 1
            elif one.contained_at:
                after = (one.contained_at - run.confirmed_at).total_seconds()
                taken.append((after, f"{one.name} in run {run.state.run}"))
    if not taken:
        return Containment(0, unproven, None, None)
    worst, worst_of = max(taken)
    return Containment(len(taken), unproven, statistics.median(after for after, _ in taken), worst, worst_of)


def _ages(
    inventory: Inventory, rotated: Mapping[str, tuple[datetime, str, str]], now: datetime
) -> Iterator[Age]:
    for name, credential in inventory.credentials.items():
        at, run, identifier = rotated.get(name, (None, "", ""))
        limit = credential.max_age
        due = at + limit if at and limit else None
        age = (now - at).days if at else None
        yield Age(
            name,
            credential.kind.value,
            limit,
            at,
            run,
            identifier,
            age,
            due,
            _state(at, limit, due, now),
        )


def _state(at: datetime | None, limit: timedelta | None, due: datetime | None, now: datetime) -> str:
    if at is None:
        return "not known: the journal has no rotation of it"
    if limit is None or due is None:
        return "no limit is set"
    if due <= now:
        return f"overdue since {day(due)}"
    return f"due on {day(due)}" if due - now <= SOON else f"fine until {day(due)}"


def _failures(runs: Iterable[_Run]) -> Iterator[Failures]:
    """The worst first."""
    counts: dict[str, Counter[str]] = {}
    where: dict[str, set[str]] = {}
    for run in runs:
        for record in run.told:
            if record.step and (what := _FAILURES.get(record.event.kind)):
                title = record.step.title or record.step.id
                counts.setdefault(title, Counter())[what] += 1
                where.setdefault(title, set()).add(run.state.run)
    for title, count in sorted(counts.items(), key=lambda one: (-one[1].total(), one[0])):
        yield Failures(title, len(where[title]), count["failed"], count["parked"], count["retried"])
