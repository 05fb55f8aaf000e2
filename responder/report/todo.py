"""What is left for people when a run has come to its end, or has stopped. Who does it is theirs to say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from responder.report.occasion import NO_PLACES
from responder.report.steps import StepReading
from responder.report.stories import CredentialStory
from responder.report.summary import Open
from responder.report.words import day_and_time, listing, sentence

__all__ = ["Task", "tasks", "to_do_by_hand"]

# GetSessionToken gives at most 36 hours, and the denial's cut-off is a minute after the intent:
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
_SESSIONS_LIVE: Final = timedelta(hours=36, minutes=1)
_DENIAL: Final = "aws.deny_sessions"


@dataclass(frozen=True)
class Task:
    what: str
    why: str
    how: str = ""
    command: str = ""


def tasks(
    exposure: dict[str, Any],
    steps: Sequence[StepReading],
    credentials: Sequence[CredentialStory],
    still_open: Sequence[Open],
    *,
    leaked: bool,
) -> tuple[Task, ...]:
    """The most urgent first: what is not contained or not done, then what no run can do.

    `leaked`: values were seen somewhere, from where they are to be taken.
    """
    undone = [Task(sentence(one.what), sentence(one.why), sentence(one.next_step)) for one in still_open]
    if exposure.get("scheduled", False):
        return tuple(undone)
    return (
        *undone,
        *_fights(credentials),
        *_denials(steps, credentials),
        *_reviews(steps, credentials),
        *(_lessons(exposure["source"]) if leaked else ()),
    )


def to_do_by_hand(left: Sequence[str]) -> Iterator[Task]:
    """What no program may do, as the run was started with: a sentence or two each."""
    for one in left:
        what, _, why = one.partition(". ")
        yield Task(sentence(what), sentence(why))


def _fights(credentials: Sequence[CredentialStory]) -> Iterator[Task]:
    for one in credentials:
        if one.undone:
            yield Task(
                f"Find out who undid the containment of {one.name}, and with what.",
                f"It was found undone at {day_and_time(one.undone[-1])}: somebody else can change it, with a "
                "credential that this run does not know.",
                "Look for the change in the provider's audit log, and contain what it was made with.",
            )


def _denials(steps: Sequence[StepReading], credentials: Sequence[CredentialStory]) -> Iterator[Task]:
    for one in credentials:
        denials = [s for s in steps if s.action == _DENIAL and s.credential == one.label and s.proven]
        put = [s.last_applied_at for s in denials if s.last_applied_at]
        found = [s.finished_at for s in denials if s.finished_at]
        if found:
            yield _denial(one, max(put) if put else min(found))


def _denial(one: CredentialStory, since: datetime) -> Task:
    return Task(
        f"Remove the policy respond-deny-sessions from {one.owner}.",
        f"It was put there to stop sessions got with {one.identifier}. The last of them has expired by "
        f"{day_and_time(since + _SESSIONS_LIVE)}, 36 hours after they were denied; before that it must stay.",
        command=f"aws iam delete-user-policy --user-name {one.owner} --policy-name respond-deny-sessions",
    )


def _reviews(steps: Sequence[StepReading], credentials: Sequence[CredentialStory]) -> Iterator[Task]:
    reviewed = {s.credential for s in steps if s.active and s.phase == "review" and s.proven}
    unreviewed = [one.name for one in credentials if one.label not in reviewed]
    if unreviewed and "" not in reviewed:
        yield Task(
            f"Find out whether anybody used {listing(unreviewed)} before the containment, and for what.",
            "This run did not look into the providers' logs.",
            "Search the providers' audit logs for their identifiers.",
        )


def _lessons(source: str) -> Iterator[Task]:
    seen = "where it was seen, of which the run was not told" if source in NO_PLACES else source
    yield Task(
        f"Take what leaked out of {seen}.",
        "It is worthless only as far as it is proven dead here; copies and history keep it.",
        "Rewrite the history or delete the copy, and close the alert that reported it.",
    )
    yield Task("Write down how it came to be exposed, and what will prevent it.", "No run can know that.")
