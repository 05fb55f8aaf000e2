"""How long it took: each time with where it begins and ends, because "MTTR" alone says neither.

The names are those of the AWS Security Incident Response Guide:
https://docs.aws.amazon.com/whitepapers/latest/aws-security-incident-response-guide/metrics-summary.html
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from responder.report.stories import CredentialStory, WorkloadStory

__all__ = ["Clocks", "Measure", "measures"]

_UNSEEN = "The journal does not say since when it was exposed. The providers' logs may."


OF_A_ROTATION: Final = ("Time to rotate", "Time to recover", "Whole response")  # names


@dataclass(frozen=True)
class Measure:
    """`seconds` is None where one of the two ends is missing; then `why` says which, `missing` in a word."""

    name: str
    meaning: str
    seconds: float | None
    why: str = ""
    missing: str = "not known"


@dataclass(frozen=True)
class Clocks:
    """The moments that times are counted from. `exposed_since` is None unless somebody found it out.

    `recorded` tells whether the journal has that, or only this report was told. `first_action` is the first
    intent to contain anything.
    """

    exposed_since: datetime | None
    recorded: bool
    began: datetime
    confirmed: datetime
    first_action: datetime | None
    last: datetime  # event, a look after the end included
    finished: datetime | None


def measures(
    clocks: Clocks,
    credentials: Sequence[CredentialStory],
    unidentified: Sequence[str],
    workloads: Sequence[WorkloadStory],
) -> tuple[Measure, ...]:
    """Of a run. `unidentified` are those that may live and that no provider knows: nothing contained them."""
    at_large = [*(one.name for one in credentials if one.at_large), *unidentified]
    contained = _all([one.contained_at for one in credentials if not one.dead_already])
    contained = None if at_large else contained
    return (
        _since(
            "Time to detect",
            "from the exposure to the start of this response",
            clocks.exposed_since,
            clocks.began,
            _UNSEEN,
        ),
        _since(
            "Time to acknowledge",
            "from the start of the command to a person's confirmation",
            clocks.began,
            clocks.confirmed,
        ),
        _since(
            "Time to respond",
            "from the start of the command to the first containing action",
            clocks.began,
            clocks.first_action,
            "Nothing was done to contain anything.",
            "not begun",
        ),
        _since(
            "Time to contain",
            "from the confirmation to the proof that the last leaked credential is contained",
            clocks.confirmed,
            contained,
            *_missing("not contained", at_large),
        ),
        _since(
            "Time to rotate",
            "from the confirmation to the proof that the last fresh credential is alive",
            clocks.confirmed,
            _all([one.fresh_at for one in credentials if one.replaced]),
            *_missing("not replaced", [c.name for c in credentials if c.replaced and c.fresh_at is None]),
        ),
        _since(
            "Time to recover",
            "from the confirmation to the proof that the last workload runs with the fresh credential",
            clocks.confirmed,
            _all([one.live_at for one in workloads]),
            *_missing("not proven", [one.name for one in workloads if one.live_at is None]),
        ),
        _since(
            "Dwell time",
            "from the exposure to the containment of the last leaked credential",
            clocks.exposed_since,
            contained,
            _UNSEEN if clocks.exposed_since is None else "Not everything is contained.",
        ),
        _since(
            "Whole response",
            "from the start of the command to the end of the run",
            clocks.began,
            clocks.finished,
            "The run is not over.",
            "not over",
        ),
    )


def _since(
    name: str,
    meaning: str,
    begin: datetime | None,
    end: datetime | None,
    why: str = "",
    missing: str = "not known",
) -> Measure:
    if begin is None or end is None:
        return Measure(name, meaning, None, why, missing)
    return Measure(name, meaning, (end - begin).total_seconds())


def _all(times: Iterable[datetime | None]) -> datetime | None:
    """The last of them; None where one is missing or there is none."""
    listed = list(times)
    found = [at for at in listed if at]
    return max(found) if found and len(found) == len(listed) else None


def _missing(what: str, names: Sequence[str]) -> tuple[str, str]:
    if names:
        return f"{what.capitalize()}: {', '.join(names)}.", "not proven"
    return "The run had nothing to do here.", "nothing to do"
