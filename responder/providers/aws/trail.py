"""The newest event that CloudTrail has of a credential: who used it, when, where and from where."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from responder.errors import ProviderError
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import ask

_GLOBAL: Final = "us-east-1"  # IAM and STS are there


@dataclass(frozen=True)
class Used:
    at: datetime
    what: str  # iam:ListUsers
    region: str
    address: str  # empty where the event has none
    arn: str  # of who used it
    user: str  # the IAM user that it belongs to; empty for a role's
    role: str

    @property
    def words(self) -> str:
        """What, and where from."""
        return f"{self.what} in {self.region}" + (f" from {self.address}" if self.address else "")


def newest_use(aws: AwsConnection, access_key_id: str) -> tuple[Used | None, str]:
    """The newest of the last 90 days; where there is none, with why.

    Looked for where events without a region are, and in the operator's own: every region has its own trail.
    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
    """
    regions = sorted({_GLOBAL, aws.sts.meta.region_name})
    found = []
    for region in regions:
        try:
            answer = ask(
                "cloudtrail:LookupEvents",
                aws.cloudtrail_in(region).lookup_events,
                LookupAttributes=[{"AttributeKey": "AccessKeyId", "AttributeValue": access_key_id}],
                MaxResults=1,
            )
        except ProviderError as error:
            return None, f"CloudTrail does not say who used it from where: {error.what}."
        found += [
            _used(json.loads(event["CloudTrailEvent"]), event["EventTime"]) for event in answer["Events"]
        ]
    newest = max(found, key=lambda used: used.at, default=None)
    where = " and ".join(regions)
    return newest, "" if newest else f"CloudTrail has no event of it of the last 90 days in {where}."


def _used(record: dict[str, Any], at: datetime) -> Used:
    identity = record.get("userIdentity", {})
    issuer = identity.get("sessionContext", {}).get("sessionIssuer", {})
    service = str(record.get("eventSource", "")).partition(".")[0]
    role = str(issuer.get("userName", "")) if issuer.get("type") == "Role" else ""
    user = "" if role else str(issuer.get("userName") or identity.get("userName") or "")
    return Used(
        at=at,
        what=f"{service}:{record.get('eventName', '?')}",
        region=str(record.get("awsRegion", "?")),
        address=str(record.get("sourceIPAddress", "")),
        arn=str(identity.get("arn", "")),
        user=user,
        role=role,
    )
