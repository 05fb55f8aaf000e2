"""What became of each credential and each workload of a run: the moments that people ask for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from responder.report.steps import StepReading
from responder.report.summary import KINDS

__all__ = ["CredentialStory", "WorkloadStory", "credential_stories", "workload_stories"]

_OWNER = ("user", "role", "name", "owner", "login")
_NOT_HELD = {"re-applied", "lost"}  # results of later looks


@dataclass(frozen=True)
class CredentialStory:
    """Each time is that of the last proof it needs; None where a proof is missing, or nothing was to be done.

    `replaced` and `placed` say whether there was anything to do.
    """

    name: str  # for people
    label: str  # as the steps have it
    kind: str
    identifier: str
    owner: str
    life: str  # when it was identified: live, dead or unknown
    dead_already: bool  # and nothing was to be done to contain it
    known: bool  # to the inventory
    note: str
    contained_at: datetime | None
    looked_again: tuple[datetime, ...]  # proofs after that, that it still was
    undone: tuple[datetime, ...]  # when it was found not to hold any more
    replaced: bool
    fresh_at: datetime | None
    fresh: str  # the successor's identifier
    placed: bool
    placed_at: datetime | None

    @property
    def at_large(self) -> bool:
        """It may still open something, for all that is proven."""
        return self.contained_at is None and not self.dead_already

    @property
    def words(self) -> str:
        """Its name and kind; of one without a name, its identifier stands for it."""
        return f"{self.name} ({self.kind})"


@dataclass(frozen=True)
class WorkloadStory:
    """`live_at` is when it was proven to run with what is fresh; None where that is not proven."""

    name: str
    app: str
    environment: str
    live_at: datetime | None


def credential_stories(
    exposure: Mapping[str, Any], steps: Sequence[StepReading]
) -> tuple[CredentialStory, ...]:
    return tuple(
        _credential(leaked, words, [s for s in steps if s.active], scheduled=exposure.get("scheduled", False))
        for kind, words in KINDS.items()
        for leaked in exposure.get(kind, ())
    )


def workload_stories(exposure: Mapping[str, Any], steps: Sequence[StepReading]) -> tuple[WorkloadStory, ...]:
    """Those that the run had something to do with."""
    return tuple(_workloads(exposure, steps))


def _workloads(exposure: Mapping[str, Any], steps: Sequence[StepReading]) -> Iterator[WorkloadStory]:
    for workload in exposure["workloads"]:
        own = [
            step
            for step in steps
            if step.active
            and step.phase == "recover"
            and not step.credential
            and step.label == workload["name"]
        ]
        if own:
            yield WorkloadStory(workload["name"], workload["app"], workload["environment"], _when(own))


def _credential(
    leaked: Mapping[str, Any], words: str, steps: Sequence[StepReading], *, scheduled: bool
) -> CredentialStory:
    """Of two exposed values of one credential the spare one is told by its identifier.

    One that has but a fingerprint to be called by is told by its owner's name.
    """
    name = leaked["credential"]
    spare = leaked.get("spare", False)
    label = leaked["identifier"] if spare else name
    own = [step for step in steps if step.credential == name and step.label == label]
    containing = [step for step in own if step.phase == "contain" and not step.waits]
    if scheduled:  # where nothing leaked, the old one is taken out of use at the end
        containing = [step for step in own if step.phase == "retire"]
    ways = {step.action for step in containing}
    again = [step for step in own if step not in containing and step.action in ways]
    rotating = [step for step in own if step.phase == "rotate"]
    placing = [s for s in steps if s.credential == name and s.phase == "recover" and not spare]
    owner = next((leaked[field] for field in _OWNER if leaked.get(field)), "")
    return CredentialStory(
        name=f"{owner}'s token" if owner and label.startswith("sha256:") else label,
        label=label,
        kind=words,
        identifier=leaked["identifier"],
        owner=owner,
        life=leaked["life"],
        dead_already=leaked["life"] == "dead" and not containing,
        known=leaked["known"],
        note=leaked["note"],
        contained_at=_when(containing),
        looked_again=tuple(sorted(_looks(containing, again))),
        undone=tuple(sorted(_undone(containing, again))),
        replaced=bool(rotating),
        fresh_at=_when(rotating),
        fresh=next((step.identifier for step in reversed(rotating) if step.identifier), ""),
        placed=bool(placing),
        placed_at=_when(placing),
    )


def _looks(containing: Iterable[StepReading], again: Iterable[StepReading]) -> Iterator[datetime]:
    """When it was found to hold, by a step of its own or by somebody who went on looking."""
    yield from (step.finished_at for step in again if step.proven and not step.reopened and step.finished_at)
    yield from (look.at for step in containing for look in step.looks if look.result == "held")


def _undone(containing: Iterable[StepReading], again: Iterable[StepReading]) -> Iterator[datetime]:
    """When it was found that somebody had undone it. A denial that was renewed had not been."""
    yield from (one.at for step in (*containing, *again) for one in step.reopened)
    yield from (look.at for step in containing for look in step.looks if look.result in _NOT_HELD)


def _when(steps: Iterable[StepReading]) -> datetime | None:
    """When the last of them was proven; None where one was not, or there is none."""
    proofs = [step.finished_at if step.proven else None for step in steps]
    times = [at for at in proofs if at]
    return max(times) if proofs and len(times) == len(proofs) else None
