"""What the reviews of a run saw, in the words of a report."""

from collections.abc import Iterator, Sequence

from responder.report.todo import Task
from responder.report.words import counted, within
from responder.review.reading import Seen
from responder.review.searches import Noted
from responder.trace import RANK

__all__ = ["review_tasks", "reviewed_words", "search_tasks"]


def reviewed_words(seen: Seen) -> str:
    """One sentence."""
    worth = seen.to_look_at
    counts = [
        f"{number} {severity}"
        for severity in RANK
        if (number := sum(one.severity == severity for one in worth))
    ]
    unread = ", and not all could be read" if seen.unread else ""
    if not worth:
        return f"Nothing was found that a person would have to look at{unread}."
    return f"{counted(len(worth), 'thing')} to look at, {', '.join(counts)}{unread}."


def review_tasks(run: str, seen: Seen) -> Iterator[Task]:
    """What is left to do about it."""
    worth = seen.to_look_at
    if worth:
        yield Task(
            f"Judge {counted(len(worth), 'thing')} that the review found, and undo what none of you did.",
            f"The worst: {within(worth[0].what)}.",
            "The section on what was done has each with its command.",
            f"respond review {run} --all",
        )
    if seen.unread:
        yield Task(
            "Look where the review could not.",
            f"Not read: {'; '.join(why.removesuffix('.') for why in seen.unread)}.",
            command=f"respond review {run}",
        )


def search_tasks(run: str, searches: Sequence[Noted]) -> Iterator[Task]:
    """What is left to do about where else it is; of the last search, as it saw what is there now."""
    if not searches:
        yield Task(
            "Find out where else it is.",
            "Nobody has searched the repository's history, files and logs for it.",
            command=f"respond scan --run {run}",
        )
    elif searches[-1].total:
        yield Task(
            f"Decide about {counted(searches[-1].total, 'place')} that still hold it.",
            "It is dead; taking it out of a history never replaces a rotation.",
            command=f"respond scan --run {run}",
        )
