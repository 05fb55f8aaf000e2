"""What an examination before the incident found, and how to mend it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

from responder.duration import in_words
from responder.errors import RespondError

Level = Literal["ok", "warning", "failed"]

TOLERATED_SKEW = 60.0  # seconds; AWS refuses requests that are signed 5 minutes off
_AGAIN = "Type `respond doctor` again; if it stays so, look at the service's status page."


@dataclass(frozen=True)
class Finding:
    """`mend` is what to type or do; only what is fine goes without."""

    level: Level
    what: str  # one sentence or two
    mend: str = ""

    def __post_init__(self) -> None:
        if self.level != "ok" and not self.mend:
            raise ValueError(f"How is this mended? {self.what}")


def ok(what: str) -> Finding:
    return Finding("ok", what)


def warning(what: str, mend: str) -> Finding:
    return Finding("warning", what, mend)


def failed(what: str, mend: str) -> Finding:
    return Finding("failed", what, mend)


def refused(error: RespondError) -> Finding:
    """A question that got no answer, or not the one that it needs."""
    return failed(error.what, error.next_step or _AGAIN)


def clock(service: str, date: str, now: datetime) -> Finding:
    """How far this machine's clock is from a service's `Date` header, which is to the second."""
    off = (now - parsedate_to_datetime(date)).total_seconds()
    if abs(off) <= TOLERATED_SKEW:
        return ok(f"This machine's clock agrees with {service}'s.")
    return warning(
        f"This machine's clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} {service}'s; "
        "AWS refuses requests that are signed 300 s off.",
        "sudo timedatectl set-ntp true",
    )


def age(what: str, made: datetime, now: datetime, max_age: timedelta | None) -> Finding:
    """How old something is, and how much longer the inventory lets it be."""
    days = (now - made).days
    if max_age is None:
        return ok(f"{what} is {days} days old.")
    left = max_age - timedelta(days=days)
    due = f"due in {in_words(left)}" if left > timedelta(0) else "due to be replaced"
    return ok(f"{what} is {days} days old, of {in_words(max_age)}: {due}.")
