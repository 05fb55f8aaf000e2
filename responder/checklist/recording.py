"""What happens is written down, where whoever did it cannot unwrite it."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from responder.checklist.point import Facts, Look, Point, asked, cannot_tell, fail, passes

if TYPE_CHECKING:
    from responder.providers.aws.trail_state import TrailState

# Log files come about every five minutes where anything is done, and this very look is something.
_SILENT = timedelta(days=1)


def logs_are_on(facts: Facts) -> Iterator[Look]:
    yield from asked(partial(_trails, facts), "AWS CloudTrail")


def anchored(facts: Facts) -> Iterator[Look]:
    """`respond doctor` looks whether the places will do."""
    audit = facts.inventory.audit
    places = [
        *([f"S3 bucket {audit.s3_bucket}"] if audit.s3_bucket else ()),
        *([f"issue {audit.github_issue} of {audit.github_repository}"] if audit.github_issue else ()),
    ]
    if places:
        yield passes(f"respond.toml has the journal's checkpoints anchored in {' and '.join(places)}.")
    else:
        yield fail(
            "The journal's checkpoints are nowhere but beside the journal.",
            "Name an S3 bucket with Object Lock or a GitHub issue: [audit] in respond.toml",
        )


def _trails(facts: Facts) -> Iterator[Look]:
    from responder.providers.aws.trail_state import trails  # noqa: PLC0415  # SDKs only when needed

    found = trails(facts.connections)
    whole = [one for one in found if not one.wanting]
    writing = [one for one in whole if one.delivered_at and facts.now - one.delivered_at < _SILENT]
    if writing:
        yield passes(f"CloudTrail writes {', '.join(one.name for one in writing)}, of every region.")
    elif whole:
        names = ", ".join(one.name for one in whole)
        yield cannot_tell(
            f"Trail {names} is on, and has written nothing for a day: nothing was done, or it is lost.",
            f"aws cloudtrail get-trail-status --name {whole[0].name}; look into bucket {whole[0].bucket}",
        )
    else:
        what = "; ".join(f"{one.name} {one.wanting}" for one in found) or "there is no trail"
        yield fail(f"CloudTrail keeps nothing beyond its 90 days of events: {what}.", _mend(found))


def _mend(found: "Sequence[TrailState]") -> str:
    for one in found:
        if one.error:
            return (
                f"Let cloudtrail.amazonaws.com write there: aws s3api get-bucket-policy --bucket {one.bucket}"
            )
    for one in found:
        if one.every_region and one.writes:
            return f"aws cloudtrail start-logging --name {one.name}"
    for one in found:
        if one.every_region:
            return (
                f"aws cloudtrail put-event-selectors --trail-name {one.name} --event-selectors "
                '\'[{"ReadWriteType":"All","IncludeManagementEvents":true}]\''
            )
    if found:
        return f"aws cloudtrail update-trail --name {found[0].name} --is-multi-region-trail"
    return (
        "aws cloudtrail create-trail --name audit --s3-bucket-name BUCKET --is-multi-region-trail "
        "--enable-log-file-validation && aws cloudtrail start-logging --name audit"
    )


POINTS = (
    Point("logs", "AWS keeps a trail of what is done", logs_are_on),
    Point("anchors", "The journal is anchored out of its owner's reach", anchored),
)
