"""What happens is written down, where whoever did it cannot unwrite it."""

from collections.abc import Iterator
from functools import partial

from responder.checklist.point import Facts, Look, Point, asked, fail, passes


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
    from responder.providers.aws.posture import trails  # noqa: PLC0415  # SDKs only when needed

    found = trails(facts.connections)
    on = [one for one in found if one.logging and one.every_region]
    if on:
        yield passes(f"CloudTrail writes {', '.join(one.name for one in on)}, of every region.")
    else:
        what = ", ".join(f"{one.name} is {one.wanting}" for one in found) or "there is no trail"
        yield fail(
            f"CloudTrail keeps nothing beyond its 90 days of events: {what}.",
            "aws cloudtrail create-trail --name audit --s3-bucket-name BUCKET --is-multi-region-trail "
            "--enable-log-file-validation && aws cloudtrail start-logging --name audit",
        )


POINTS = (
    Point("logs", "AWS keeps a trail of what is done", logs_are_on),
    Point("anchors", "The journal is anchored out of its owner's reach", anchored),
)
