"""Reports as Markdown for an issue or a ticket (GitHub's dialect): text from outside stays text."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from responder.duration import in_words
from responder.report.steps import PHASES, StepReading
from responder.report.timeline import draw
from responder.report.words import clock, counted, day, day_and_time, elapsed, kind

if TYPE_CHECKING:
    from responder.report.incident import Incident
    from responder.report.integrity import Chain
    from responder.report.measures import Measure
    from responder.report.quarter import Quarter
    from responder.report.reach import Node, Reach

__all__ = ["escaped", "incident_markdown", "quarter_markdown"]

_SPECIAL = re.compile(r"([\\`*_\[\]|~<>$])")
_MOST: Final = 65_536  # characters that an issue takes: https://github.com/PyGithub/PyGithub/issues/1906
_NOBODY = "@\N{ZERO WIDTH SPACE}"  # a name after an @ would be sent a notification


def incident_markdown(incident: "Incident", made_at: datetime, version: str) -> str:
    """The report of a run; one that would be too long for an issue is without its steps, and says so."""
    told = _rotation if incident.rotation else _incident
    whole, short = ("\n".join(told(incident, made_at, version, every)) + "\n" for every in (True, False))
    return whole if len(whole) <= _MOST else short


def quarter_markdown(quarter: "Quarter", made_at: datetime, version: str) -> str:
    """The report over many runs."""
    return "\n".join(_quarter(quarter, made_at, version)) + "\n"


def _incident(
    incident: "Incident",
    made_at: datetime,
    version: str,
    every: bool,  # noqa: FBT001
) -> Iterator[str]:
    """`every`: with every step."""
    yield f"# {escaped(incident.title)}"
    yield f"\n**{incident.state}.** {escaped(' '.join(incident.summary))}"
    if incident.chain.problem:
        yield f"\n> **The journal behind this is not what was written:** {escaped(incident.chain.problem)}."
    yield f"\n## {'What leaked' if incident.occasion.leaked else 'What counts as exposed'}\n"
    yield from _leaked(incident)
    yield "\n## Timeline\n"
    yield from _table(
        (f"UTC, {day(incident.clocks.began)}", "From the confirmation", "What", "Of"),
        (
            (
                clock(m.at, incident.clocks.began),
                f"{'+' if m.after > 0 else ''}{elapsed(m.after)}",
                escaped(m.what),
                escaped(m.about),
            )
            for m in draw(incident).moments
        ),
    )
    yield "\n## How long it took\n"
    yield from _table(
        ("Measure", "Time", "From where to where"),
        ((one.name, _measured(one), _meant(one)) for one in incident.measures),
    )
    yield "\n## What was proven, and what was not\n"
    steps = counted(len(incident.active_steps), "step")
    yield f"- {len(incident.proven)} of {steps} by the live service itself"
    for step in incident.unproven:
        yield f"- **Not proven:** {escaped(step.named)}: {step.outcome}. {escaped(step.why)}"
    if not incident.clocks.exposed_since:
        found = _code(f"respond report {incident.run} --exposed-since TIME")
        yield f"- **Not known:** since when it had been exposed; {found} takes what you find out"
    yield "\n## What was done with it\n"
    yield from _reviewed(incident)
    if incident.searches:
        yield "\n## Where else it is\n"
        yield from _searched(incident)
    yield "\n## Still to do\n"
    for task in incident.tasks:
        how = f" {escaped(task.how)}" if task.how else ""
        how += f" {_code(task.command)}" if task.command else ""
        yield f"- [ ] **{escaped(task.what)}** {escaped(task.why)}{how} Owner: "
    yield "\n## Every step\n"
    yield from _steps(incident) if every else [f"{_too_long(incident)}\n"]
    yield "## The record\n"
    yield f"- {_verified(incident.chain)}"
    if point := incident.chain.checkpoint:
        by = f"signed by {escaped(point.signed_by)}" if point.signed_by else "signature not checked here"
        yield f"- Checkpoint {_code(point.file)}: up to event {point.size}, {_code(point.hash)}, {by}"
    yield f"- The run's last event: {incident.last_seq}, {_code(incident.last_hash)}"
    yield f"- Playbook {_code(incident.playbook)}, SHA-256 {_code(incident.playbook_digest)}"
    for term in incident.terms:
        yield f"- {escaped(str(term.actor))}, from {day_and_time(term.since)}"
    keys = "".join(f" --key {key}" for key in point.keys) if point else ""
    yield f"- Check: {_code(f'respond audit verify --journal journal.db{keys} --known {incident.last_hash}')}"
    yield _made(made_at, version)


def _steps(incident: "Incident") -> Iterator[str]:
    for phase in PHASES:
        of_phase = [step for step in incident.active_steps if step.phase == phase]
        if of_phase:
            yield f"<details><summary>{phase.capitalize()}: {counted(len(of_phase), 'step')}</summary>\n"
            yield from (_step(step) for step in of_phase)
            yield "\n</details>\n"


def _too_long(incident: "Incident") -> str:
    steps = counted(len(incident.active_steps), "step")
    return f"{steps}: too long for an issue. The page has them, and {_code(f'respond show {incident.run}')}."


def _reviewed(incident: "Incident") -> Iterator[str]:
    """An attacker chose some of these words."""
    seen = incident.review
    if not seen.looks:
        yield "Not looked at yet." if seen.missing else "This run has no step that would look."
        return
    yield f"{incident.reviewed_words} Look again: {_code(f'respond review {incident.run}')}\n"
    for one in seen.to_look_at:
        subject = "" if one.subject in one.what else f": {_code(one.subject)}"
        facts = [day_and_time(one.at) if one.at else "", escaped(f"by {one.by}") if one.by else ""]
        when = "".join(f", {fact}" for fact in facts if fact)
        undo = f" Undo: {_code(one.undo)}" if one.undo else ""
        yield f"- **{one.severity}**: {escaped(one.what)}{subject}{when}. {escaped(one.because)}{undo}"
    for why in seen.unread:
        yield f"- **Not read:** {escaped(why)}"
    for title in seen.missing:
        yield f"- **Not looked at yet:** {escaped(title)}"


def _searched(incident: "Incident") -> Iterator[str]:
    last = incident.searches[-1]
    yield f"Searched {day_and_time(last.at)}: {escaped(last.evidence)}.\n"
    for one in last.places:
        commit = f", commit {_code(one['commit'][:12])}" if one.get("commit") else ""
        author = f" by {escaped(one['author'])}" if one.get("author") else ""
        yield f"- {escaped(one['where'])}: {_code(one['place'])}{commit}{author}"
    if len(last.places) < last.total:
        yield f"- and {last.total - len(last.places)} more"
    for why in last.not_looked_at:
        yield f"- **Not looked at:** {escaped(why)}"


def _rotation(
    incident: "Incident",
    made_at: datetime,
    version: str,
    every: bool,  # noqa: FBT001
) -> Iterator[str]:
    yield f"# {escaped(incident.title)}"
    yield f"\n**{incident.state}.** {escaped(' '.join(incident.summary))}"
    if incident.chain.problem:
        yield f"\n> **The journal behind this is not what was written:** {escaped(incident.chain.problem)}."
    yield "\n## How long it took\n"
    yield from _table(
        ("Measure", "Time", "From where to where"),
        ((one.name, _measured(one), _meant(one)) for one in incident.measures),
    )
    yield f"\n## Proven: {len(incident.proven)} of {counted(len(incident.active_steps), 'step')}\n"
    for task in incident.tasks:
        yield f"- [ ] **{escaped(task.what)}** {escaped(task.why)} {escaped(task.how)}"
    yield from (_step(step) for step in incident.active_steps) if every else [_too_long(incident)]
    yield f"\n{_verified(incident.chain)}. Playbook {_code(incident.playbook)}, run {_code(incident.run)}."
    yield _made(made_at, version)


def _leaked(incident: "Incident") -> Iterator[str]:
    began = incident.clocks.began
    for one in incident.credentials:
        at = one.contained_at
        contained = f"contained {clock(at, began)} UTC" if at else "dead already"
        contained = "**not proven contained**" if one.at_large else contained
        fresh = f"replaced by {_code(one.fresh)}" if one.fresh else "not replaced"
        yield f"- {escaped(one.words)} {_code(one.identifier)}: {contained}, {fresh}"
        if one.undone:
            yield f"  - **Somebody had undone it**, found at {clock(one.undone[-1], began)} UTC"
        yield from _hanging(incident.reach, incident.reach.credential(one.identifier), "  ")
    for lost in incident.unidentified:
        state = "**not proven contained**" if lost.at_large else "dead already"
        yield f"- {_code(lost.identifier)} ({escaped(kind(lost.kind))}): not identified, {state}"


def _hanging(reach: "Reach", node: "Node", indent: str) -> Iterator[str]:
    for edge in reach.of(node):
        detail = f" ({escaped(edge.target.detail)})" if edge.target.detail else ""
        yield f"{indent}- {edge.how} {escaped(edge.target.label)}{detail}"
        yield from _hanging(reach, edge.target, f"{indent}  ")


def _step(step: StepReading) -> str:
    took = f", {elapsed(step.seconds)}" if step.seconds is not None else ""
    tries = f", {counted(step.attempts, 'attempt')}" if step.attempts > 1 else ""
    text = step.evidence or step.why
    return f"- {escaped(step.named)}: {step.outcome}{took}{tries}{'. ' + _code(text) if text else ''}"


def _quarter(quarter: "Quarter", made_at: datetime, version: str) -> Iterator[str]:
    yield f"# Credentials and incidents since {day(quarter.since)}"
    yield f"\n{escaped(quarter.summary)}"
    if quarter.chain.problem:
        yield f"\n> **The journal behind this is not what was written:** {escaped(quarter.chain.problem)}."
    yield "\n## Credentials\n"
    if quarter.no_inventory:
        yield f"{escaped(quarter.no_inventory)}\n"
    yield from (
        ()
        if quarter.no_inventory
        else _table(
            ("Credential", "Kind", "Last rotation", "Age", "Allowed", "State"),
            (
                (
                    escaped(one.name),
                    escaped(kind(one.kind)),
                    day(one.rotated_at) if one.rotated_at else "not in the journal",
                    f"{one.age_days} d" if one.age_days is not None else "not known",
                    in_words(one.max_age) if one.max_age else "no limit",
                    escaped(one.state),
                )
                for one in quarter.credentials
            ),
        )
    )
    yield "\n## Incidents\n"
    yield from _table(
        ("Run", "Began (UTC)", "Credentials", "Seen in", "Outcome", "Contained", "Recovered", "Open"),
        (
            (
                _code(one.run),
                f"{one.began_at:%Y-%m-%d %H:%M}",
                escaped(", ".join(one.credentials)),
                escaped(one.source),
                one.outcome,
                elapsed(one.contained_after) if one.contained_after is not None else "not proven",
                elapsed(one.recovered_after) if one.recovered_after is not None else "not known",
                str(one.still_open),
            )
            for one in quarter.incidents
        ),
    )
    yield "\n## Failures by step\n"
    yield from _table(
        ("Step", "Runs", "Failed", "Left for a person", "Tried again"),
        (
            (escaped(one.title), str(one.runs), str(one.failed), str(one.parked), str(one.retried))
            for one in quarter.failures
        ),
    )
    if not quarter.chain.problem:
        yield f"\n{_verified(quarter.chain)}"
    yield _made(made_at, version)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    listed = list(rows)
    if not listed:
        yield "None."
        return
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in listed:
        yield f"| {' | '.join(row)} |"


def _verified(chain: "Chain") -> str:
    if chain.problem:
        return f"Journal: only its first {counted(chain.events, 'event')} verify"
    return f"Journal: {counted(chain.events, 'event')} verified; head {_code(chain.head)}"


def _made(at: datetime, version: str) -> str:
    return f"\nMade on {day_and_time(at)} by respond {version} from its journal. It holds no secret value."


def _measured(measure: "Measure") -> str:
    return measure.missing if measure.seconds is None else elapsed(measure.seconds)


def _meant(measure: "Measure") -> str:
    return f"{measure.meaning}. {escaped(measure.why)}" if measure.seconds is None else measure.meaning


def escaped(text: str) -> str:
    """As plain text: nothing in it is markup, a mention or a link."""
    plain = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return plain.replace("&", "&amp;").replace("@", _NOBODY).replace("://", ":\N{ZERO WIDTH SPACE}//")


def _code(text: str) -> str:
    """As code, where nothing is ever markup; also within a table."""
    plain = " ".join(text.split()).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", plain)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{plain}{pad}{fence}" if plain else ""
