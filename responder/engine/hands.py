"""In whose hands a run is: taking it up, and telling a second person who is on it."""

from collections.abc import Collection, Mapping, Sequence

from responder.action import Json
from responder.engine.state import OVER, RunState, fold
from responder.errors import RefusedError
from responder.journal import Holder, Journal, Writer

MOST_NAMED = 6  # of what there may be hundreds of


def available(journal: Journal, run: str, *, take_over: bool, by: str) -> Holder:
    """Who holds the run, where it may be taken from them.

    Args:
        journal: where it is.
        run: its name.
        take_over: even from a process that may be alive: it stops within seconds.
        by: the command that would take it up.

    Raises:
        RefusedError: another process that may be alive holds the run, and `take_over` was not asked for.
        InputError: there is no such run.
    """
    holder = journal.holder(run)
    if holder.alive() is not False and not take_over and holder != Holder.current():
        raise RefusedError(
            f"Run {run} is in the hands of {holder}.",
            next_step=f"`respond show {run} --follow` watches it. `respond {by} {run} --take-over` takes it "
            "from them: they will stop within seconds.",
        )
    return holder


def take_up(
    journal: Journal, run: str, data: Mapping[str, Json], *, take_over: bool, by: str = "resume"
) -> Writer:
    """Become the one who acts in a run. As `available`; `data` is of the event that records it.

    Raises:
        RefusedError: another process that may be alive holds the run, and `take_over` was not asked for; or
            somebody else took it up at the same instant.
        InputError: there is no such run.
    """
    holder = available(journal, run, take_over=take_over, by=by)
    told: dict[str, Json] = {**data, "took_over": take_over, "by": by}
    return journal.take_up(run, Holder.current(), told, replacing=None if take_over else holder)


def already_on_it(journal: Journal, run: str, identifiers: Collection[str]) -> RefusedError:
    """For a second person who responds to the same leak: who is on it, since when, where they are."""
    state, holder = fold(run, journal.events(run)), journal.holder(run)
    alive = holder.alive()
    since = f"since {state.started_at:%Y-%m-%d %H:%M:%S} UTC" if state.started_at else "already"
    gone = ", whose process is gone" if alive is False else ""
    what = (
        f"Run {run} is about {_few(sorted(identifiers), ', ')}, {since}, by {holder}{gone}. {_where(state)}"
    )
    if state.undoing:
        how = f"`respond undo {run}` goes on with undoing it"
    elif alive is False:
        how = f"`respond resume {run}` goes on where they stopped"
    else:
        how = f"`respond resume {run} --take-over` takes it from them: they will stop within seconds"
    return RefusedError(what, next_step=f"`respond show {run} --follow` watches it. {how}.")


def _where(state: RunState) -> str:
    steps = [one for one in state.started["steps"] if one["active"]]
    over = sum(state.step(one["id"]).status in OVER for one in steps)
    count = f"{over} of {len(steps)} steps are over"
    at = [one for one in steps if state.step(one["id"]).status in ("intended", "applied")]
    stuck = [one for one in steps if state.step(one["id"]).status in ("failed", "parked")]
    if state.undoing:
        return f"It is being undone; {count}."
    if at:
        return f"At: {_few(list(map(_titled, at)), '; ')}; {count}."
    if stuck:
        return f"It could not do: {_few(list(map(_titled, stuck)), '; ')}; {count}."
    return f"{count[0].upper()}{count[1:]}."


def _titled(step: Mapping[str, str]) -> str:
    return f"{step['title']} ({step['label']})" if step["label"] else step["title"]


def _few(names: Sequence[str], joiner: str) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{joiner.join(names[:MOST_NAMED])}{more}"
