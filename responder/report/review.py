"""What the reviews of a run saw, in the words of a report."""

from collections.abc import Iterator

from responder.report.todo import Task
from responder.report.words import counted
from responder.review.reading import Seen
from responder.trace import RANK

__all__ = ["review_tasks", "reviewed_words"]


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
        worst = f"{worth[0].what[0].lower()}{worth[0].what[1:]}" if worth[0].what else worth[0].kind
        yield Task(
            f"Judge {counted(len(worth), 'thing')} that the review found, and undo what none of you did.",
            f"The worst: {worst}.",
            "The section on what was done has each with its command.",
            f"respond review {run} --all",
        )
    if seen.unread:
        yield Task(
            "Look where the review could not.",
            f"Not read: {'; '.join(seen.unread)}.",
            command=f"respond review {run}",
        )
