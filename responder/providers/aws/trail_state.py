"""Whether CloudTrail keeps what is done, beyond its own 90 days of events; read only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from responder.action import Connections
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import ask

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail import CloudTrailClient


@dataclass(frozen=True)
class TrailState:
    """Of one trail; `error` is S3's word for why the last log file did not get into the bucket.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
    """

    name: str
    bucket: str
    logging: bool
    every_region: bool
    writes: bool  # whether it has what changes something: the management events that are no reads
    error: str
    delivered_at: datetime | None

    @property
    def wanting(self) -> str:
        """What is wrong with it for certain, in words to be put after its name; empty where nothing is."""
        if not self.logging:
            return "is off"
        if not self.every_region:
            return "is of one region only"
        if not self.writes:
            return "leaves out the management events that change something"
        if self.error:
            return f"fails to write to bucket {self.bucket}: {self.error}"
        return ""


def trails(connections: Connections) -> list[TrailState]:
    """Every trail that the operator's region shows.

    Raises:
        ProviderError: CloudTrail could not be asked.
    """
    client = connections.get(AwsConnection).cloudtrail
    listed = ask("cloudtrail:DescribeTrails", client.describe_trails)["trailList"]
    return [_state(client, cast("Mapping[str, Any]", one)) for one in listed]


def _state(client: "CloudTrailClient", trail: Mapping[str, Any]) -> TrailState:
    told = ask("cloudtrail:GetTrailStatus", client.get_trail_status, Name=trail["TrailARN"])
    return TrailState(
        name=trail["Name"],
        bucket=trail["S3BucketName"],
        logging=told["IsLogging"],
        every_region=trail.get("IsMultiRegionTrail", False),
        writes=not trail.get("HasCustomEventSelectors") or _has_writes(client, trail["TrailARN"]),
        error=told.get("LatestDeliveryError", ""),
        delivered_at=told.get("LatestDeliveryTime"),
    )


def _has_writes(client: "CloudTrailClient", arn: str) -> bool:
    """https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html."""
    asked = ask("cloudtrail:GetEventSelectors", client.get_event_selectors, TrailName=arn)
    told = cast("Mapping[str, Any]", asked)
    return any(
        one.get("IncludeManagementEvents") and one.get("ReadWriteType") in ("All", "WriteOnly")
        for one in told.get("EventSelectors", ())
    ) or any(_selects_writes(one["FieldSelectors"]) for one in told.get("AdvancedEventSelectors", ()))


def _selects_writes(fields: list[Mapping[str, Any]]) -> bool:
    wanted = {one["Field"]: one.get("Equals", []) for one in fields}
    return "Management" in wanted.get("eventCategory", ()) and "true" not in wanted.get("readOnly", ())
