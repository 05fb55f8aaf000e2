"""What else was done with a leaked key, in groups: it left nothing, but shows what somebody was after."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from responder.providers.aws.history import Event
from responder.trace import Severity, Trace

_REFUSED: Final = (
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "Client.UnauthorizedOperation",
)
_GRAVE: Final = frozenset(
    {"iam", "sts", "organizations", "kms", "cloudtrail", "secretsmanager", "guardduty", "ssm", "lambda"}
)
_GIVES_OUT: Final = re.compile(  # what is a read for CloudTrail, and hands out secrets
    r"secretsmanager:(Batch)?GetSecretValue|ssm:GetParameter.*|ec2:Get(PasswordData|LaunchTemplateData)"
    r"|lambda:GetFunction.*|ecr:GetAuthorizationToken|redshift:GetClusterCredentials.*"
)


def activity(events: Iterable[Event]) -> Iterator[Trace]:
    """One trace for each service, action, region, address and error, with how often, first and last."""
    groups: dict[tuple[str, ...], list[Event]] = defaultdict(list)
    for one in events:
        groups[one.service, one.action, one.region, one.address, one.error].append(one)
    for group in groups.values():
        yield _told(group)


def _told(group: list[Event]) -> Trace:
    first, last = group[0], group[-1]
    severity, because = _severity(last)
    times = f"{len(group)} times from {first.at:%Y-%m-%d %H:%M:%S} to {last.at:%Y-%m-%d %H:%M:%S} UTC"
    when = times if len(group) > 1 else f"once, {last.at:%Y-%m-%d %H:%M:%S} UTC"
    refused = f", refused ({last.error})" if last.error else ""
    return Trace(
        provider="aws",
        kind="aws.activity",
        subject=f"{last.service}:{last.action}",
        of=" ".join(filter(None, (last.region, last.address, last.error))),
        what=f"{last.service}:{last.action} in {last.region} from {last.address}{refused}: {when}",
        at=last.at,
        by=last.by,
        severity=severity,
        because=because,
        evidence=last.evidence,
        mark=f"{len(group)} {last.at.isoformat()}",
    )


def _severity(event: Event) -> tuple[Severity, str]:
    if event.error in _REFUSED:
        return "low", "It was tried and refused; whoever uses the key honestly would not have to try."
    if event.error:
        return "info", "It changed nothing."
    if _GIVES_OUT.fullmatch(f"{event.service}:{event.action}"):
        return "high", "It gives out secrets: replace them too, unless it was your own workload that asked."
    if event.read_only:
        return "info", "It changed nothing."
    if event.service in _GRAVE:
        return "high", "It changes who may do what, or who sees it."
    return "medium", "It changed something, and whether that was your own workload only you can tell."
