"""The first sentences of a report: for somebody who reads nothing else."""

from datetime import datetime
from typing import TYPE_CHECKING

from responder.engine.ending import NOT_CONTAINED
from responder.report.words import clock, counted, day, elapsed, listing

if TYPE_CHECKING:
    from responder.report.incident import Incident

__all__ = ["lead"]


def lead(incident: "Incident") -> tuple[str, str, str]:
    """What happened, what was done about it, and what is left."""
    if incident.rotation and incident.credentials:
        return _was_due(incident), _replaced(incident), _left(incident)
    return _exposed(incident), _done(incident), _left(incident)


def _was_due(incident: "Incident") -> str:
    began = incident.clocks.began
    who = listing([one.words for one in incident.credentials])
    return f"On {day(began)} at {clock(began)[:5]} UTC, {who} was replaced on schedule; nothing had leaked."


def _replaced(incident: "Incident") -> str:
    parts = [f"{one.fresh} takes the place of {one.identifier}" for one in incident.credentials if one.fresh]
    live = [one.live_at for one in incident.workloads if one.live_at]
    if live:
        names = listing([one.name for one in incident.workloads if one.live_at])
        was = "was" if len(live) == 1 else "were"
        parts.append(f"{names} {was} proven to run with it {_after(incident, max(live))}")
    for one in incident.credentials:
        gone = f"{one.identifier} was out of use for good {_after(incident, one.contained_at)}"
        parts.append(gone if one.contained_at else f"{one.identifier} is not proven to be out of use")
    return f"{'; '.join(parts)}."


def _after(incident: "Incident", at: datetime | None) -> str:
    return f"{elapsed((at - incident.clocks.confirmed).total_seconds())} after the confirmation" if at else ""


def _exposed(incident: "Incident") -> str:
    known = [one.words for one in incident.credentials]
    words = [*known, *(f"{one.identifier} (not identified)" for one in incident.unidentified)]
    began = incident.clocks.began
    when = f"On {day(began)} at {clock(began)[:5]} UTC"
    return f"{when}, {incident.occasion.exposed(words, listing(words))}."


def _done(incident: "Incident") -> str:
    if not incident.credentials and not incident.unidentified:
        return f"{len(incident.proven)} of {counted(len(incident.active_steps), 'step')} are done and proven."
    contained = [one for one in incident.credentials if one.contained_at]
    alive = [one.name for one in incident.credentials if one.at_large]
    alive += [one.identifier for one in incident.unidentified if one.at_large]
    dead = [one.name for one in incident.credentials if one.dead_already]
    dead += [one.identifier for one in incident.unidentified if not one.at_large]
    confirmed = incident.clocks.confirmed
    parts = []
    if contained:
        last = max(one.contained_at for one in contained if one.contained_at)
        who = listing([one.name for one in contained])
        was = "was" if len(contained) == 1 else "were"
        took = elapsed((last - confirmed).total_seconds())
        parts.append(f"{who} {was} contained, with proof, {took} after the response was confirmed")
    if alive:
        parts.append(f"{listing(alive)} {'is' if len(alive) == 1 else 'are'} not proven to be contained")
    undone = [one.name for one in incident.credentials if one.undone]
    if undone:
        parts.append(f"somebody undid the containment of {listing(undone)} meanwhile")
    if dead:
        parts.append(f"{listing(dead)} {'was' if len(dead) == 1 else 'were'} dead already")
    live = [one.live_at for one in incident.workloads]
    if live and all(live):
        took = elapsed((max(at for at in live if at) - confirmed).total_seconds())
        names = listing([one.name for one in incident.workloads])
        was = "was" if len(live) == 1 else "were"
        parts.append(f"{names} {was} proven to run with fresh credentials {took} after that confirmation")
    elif live:
        names = listing([one.name for one in incident.workloads if not one.live_at])
        parts.append(f"that {names} runs with fresh credentials is not proven")
    return f"{'; '.join(parts) or 'Nothing was done'}."


def _left(incident: "Incident") -> str:
    unseen = "what was done with the credentials before is for a review to find out"
    if not incident.credentials:
        unseen = "what is still to do is below"
    elif incident.reviewed:
        unseen = "what was done with the credentials before was reviewed"
    if worth := incident.review.to_look_at:
        critical = sum(one.severity == "critical" for one in worth)
        unseen += f": {counted(len(worth), 'thing')} to look at"
        unseen += f", {critical} of them critical" if critical else ""
    if incident.outcome in ("undone", "partly undone"):
        return f"The run was {incident.outcome} on purpose; each step tells what was given back."
    if incident.outcome == NOT_CONTAINED:
        return f"The run is over, and not all that leaked is contained; {unseen}."
    if incident.outcome != "succeeded":
        missing = counted(len(incident.unproven), "step is", "steps are")
        if incident.rotation:
            return f"The run is not at its end, and {missing} not proven."
        return f"The run is not over, {missing} not proven, and {unseen}."
    steps = counted(len(incident.proven), "step")
    if incident.rotation:
        return f"Every one of its {steps} was proven against the live services."
    return f"Every one of the response's {steps} was proven against the live services; {unseen}."
