"""The trail that keeps events beyond CloudTrail's own 90 days: one, of every region.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html
"""

import json
from dataclasses import dataclass
from typing import Any

from responder.sandbox.aws.errors import ServiceError
from responder.sandbox.aws.wire import Request

_NAME, _HOME = "management-events", "us-east-1"


@dataclass(frozen=True)
class Keeping:
    """How well the trail does."""

    on: bool = True
    error: str = ""  # S3's, to the last log file; empty where that got into the bucket
    silent: float | None = 300.0  # seconds since a log file got there; None for never
    reads_only: bool = False  # it leaves out what changes something


class Kept:
    def __init__(self, account: str) -> None:
        self._arn = f"arn:aws:cloudtrail:{_HOME}:{account}:trail/{_NAME}"
        self.how = Keeping()

    def described(self) -> dict[str, Any]:
        return {
            "trailList": [
                {
                    "Name": _NAME,
                    "S3BucketName": "rentagpu-audit",
                    "IncludeGlobalServiceEvents": True,
                    "IsMultiRegionTrail": True,
                    "HomeRegion": _HOME,
                    "TrailARN": self._arn,
                    "LogFileValidationEnabled": True,
                    "HasCustomEventSelectors": self.how.reads_only,
                    "HasInsightSelectors": False,
                    "IsOrganizationTrail": False,
                }
            ]
        }

    def status(self, request: Request, now: float) -> dict[str, Any]:
        """Of the trail that is asked for, by its name or its ARN.

        Raises:
            ServiceError: there is no such trail.
        """
        self._check(json.loads(request.body or b"{}").get("Name", ""))
        delivered = {} if self.how.silent is None else {"LatestDeliveryTime": now - self.how.silent}
        failed = {"LatestDeliveryError": self.how.error} if self.how.error else {}
        return {"IsLogging": self.how.on, **delivered, **failed}

    def selectors(self, request: Request) -> dict[str, Any]:
        """As `status`."""
        self._check(json.loads(request.body or b"{}").get("TrailName", ""))
        fields = [{"Field": "eventCategory", "Equals": ["Management"]}]
        if self.how.reads_only:
            fields.append({"Field": "readOnly", "Equals": ["true"]})
        selected = {"Name": "Management events selector", "FieldSelectors": fields}
        return {"TrailARN": self._arn, "AdvancedEventSelectors": [selected]}

    def _check(self, name: str) -> None:
        if name not in (_NAME, self._arn):
            raise ServiceError("TrailNotFoundException", f"Unknown trail: {name}", 400)
