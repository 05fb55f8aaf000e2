"""One start of `respond rotate`: what is under way is gone on with, then what is to be replaced is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from responder.cli.desk import Desk
from responder.cli.rotated import Entry, Result
from responder.errors import Exit
from responder.rotation import Turn, UnderWay, by_hand, note_first_seen, turns, turns_by_hand, under_way

if TYPE_CHECKING:
    from responder.inventory import Inventory
    from responder.journal import Journal


@dataclass(frozen=True)
class Asked:
    """What the command line asks for. `due`: only what is too old, and nobody is there who would wait."""

    names: tuple[str, ...]
    options: dict[str, str | None]  # of the playbook
    due: bool
    dry_run: bool
    yes: bool
    as_json: bool


def play(desk: Desk, journal: "Journal", inventory: "Inventory", asked: Asked, now: datetime) -> Result:
    """Where nothing is due, by the journal alone: no service is asked."""
    entries: list[Entry] = []
    going_on: list[tuple[str, UnderWay]] = []
    for one in reversed(under_way(journal, now)):  # the oldest first
        for name in sorted(one.credentials.intersection(asked.names)):
            entry = _left_alone(name, one, asked)
            entries += [entry] if entry else []
            going_on += [] if entry else [(name, one)]
    busy = {*(one.credential for one in entries), *(name for name, _ in going_on)}
    wanted = [one for one in turns(journal, inventory, asked.names) if one.name not in busy]
    wanted = [one for one in wanted if not asked.due or one.may_be_due(now)]
    told: dict[str, Turn] = {}
    if going_on or wanted:
        from responder.cli.replacing import Work  # noqa: PLC0415  # not where nothing is due

        with desk.connections() as connections:
            work = Work(desk, journal, inventory, connections, asked, now)
            entries += [work.go_on(name, one) for name, one in going_on]
            entries += work.replace(wanted)
            work.close()
        told = work.told
    listed = [told.get(one.name, one) for one in turns(journal, inventory, asked.names)]
    if asked.due:
        others = turns_by_hand(journal, inventory, now)
        if not asked.dry_run:
            note_first_seen(journal, others, now)
        entries += [_by_hand(one) for one in others if one.due and one.due <= now]
        listed += others
    return Result(entries, _upcoming(listed, entries), now)


def _left_alone(name: str, one: UnderWay, asked: Asked) -> Entry | None:
    """What this start does not go on with, and why."""
    match one.progress:
        case "other":
            why = f"Run {one.run} ({one.does}) of {one.who} is about it, and is not over."
            how = f"`respond show {one.run}` tells how that stands."
            return Entry(name, "skipped", Exit.REFUSED, one.run, why=why, next_step=how)
        case "held":
            why, how = f"{one.who} is on it.", f"`respond show {one.run} --follow` watches it."
            return Entry(name, "skipped", Exit.REFUSED, one.run, why=why, next_step=how)
        case "overlap" if asked.due or asked.dry_run:
            return Entry(name, "overlap", run=one.run, until=one.until)
        case _ if asked.dry_run:
            return Entry(name, "planned", run=one.run, why="Its run is not over, and would be gone on with.")
    return None


def _by_hand(turn: Turn) -> Entry:
    """What is due and no run can replace: whoever reads the job's end has to."""
    since = f"{turn.due:%Y-%m-%d}" if turn.due else ""
    why = f"It is due since {since}, and must be replaced by hand: {by_hand(turn.credential)}"
    identifier = turn.made.identifier if turn.made else ""
    return Entry(turn.name, "by_hand", Exit.REFUSED, old=identifier, why=why)


def _upcoming(listed: Sequence[Turn], entries: Sequence[Entry]) -> Turn | None:
    """Whose turn is next, of those with which nothing is open."""
    told = {one.credential for one in entries if one.ending != "rotated"}
    waiting = [(one.due, one) for one in listed if one.due and one.name not in told]
    return min(waiting, key=lambda pair: pair[0], default=(None, None))[1]
