"""The trail that keeps events beyond CloudTrail's own 90 days: one, of every region, that is on or off.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
"""

import json
from typing import Any

from responder.sandbox.aws.errors import ServiceError
from responder.sandbox.aws.wire import Request

_NAME, _HOME = "management-events", "us-east-1"


class Kept:
    def __init__(self, account: str) -> None:
        self._arn = f"arn:aws:cloudtrail:{_HOME}:{account}:trail/{_NAME}"
        self.logging = True

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
                    "HasCustomEventSelectors": False,
                    "HasInsightSelectors": False,
                    "IsOrganizationTrail": False,
                }
            ]
        }

    def status(self, request: Request) -> dict[str, Any]:
        """Of the trail that is asked for, by its name or its ARN.

        Raises:
            ServiceError: there is no such trail.
        """
        name = json.loads(request.body or b"{}").get("Name", "")
        if name not in (_NAME, self._arn):
            raise ServiceError("TrailNotFoundException", f"Unknown trail: {name}", 400)
        return {"IsLogging": self.logging}
