"""What happens is written down, where whoever did it cannot unwrite it."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from responder.checklist.point import Facts, Look, Point, asked, cannot_tell, fail, passes
from responder.errors import NotFoundError

if TYPE_CHECKING:
    from responder.providers.aws.trail_state import TrailState

# Log files come about every five minutes where anything is done, and this very look is something.
_SILENT = timedelta(days=1)


def logs_are_on(facts: Facts) -> Iterator[Look]:
    yield from asked(partial(_trails, facts), "AWS CloudTrail")


def anchored(facts: Facts) -> Iterator[Look]:
    """Whether there is a place for checkpoints, and one that keeps them. `respond doctor` tries more."""
    audit = facts.inventory.audit
    if audit.s3_bucket:
        yield from asked(partial(_in_bucket, facts, audit.s3_bucket), f"Bucket {audit.s3_bucket}")
    if audit.github_issue:
        where = f"issue {audit.github_issue} of {audit.github_repository}"
        yield from asked(partial(_on_issue, facts, where), where.capitalize())
    if not audit.s3_bucket and not audit.github_issue:
        yield fail(
            "The journal's checkpoints are nowhere but beside the journal.",
            "Name an S3 bucket with Object Lock or a GitHub issue: [audit] in respond.toml",
        )


def _in_bucket(facts: Facts, bucket: str) -> Iterator[Look]:
    from responder.providers.aws.anchor import is_locked  # noqa: PLC0415  # SDKs only when needed

    try:
        locked = is_locked(facts.connections, bucket)
    except NotFoundError:
        yield fail(f"The journal is anchored in bucket {bucket}, and there is none.", "respond doctor")
        return
    if locked:
        yield passes(f"The journal is anchored in bucket {bucket}, where Object Lock is on.")
    else:
        yield fail(f"The journal is anchored in bucket {bucket}, where Object Lock is off.", "respond doctor")


def _on_issue(facts: Facts, where: str) -> Iterator[Look]:
    from responder.providers.github.anchor import examine  # noqa: PLC0415  # SDKs only when needed

    audit = facts.inventory.audit
    for found in examine(facts.connections, audit.github_repository or "", audit.github_issue or 0):
        if found.level == "ok":
            yield passes(f"The journal is anchored on {where}.")
        else:
            yield fail(found.what, found.mend)


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
