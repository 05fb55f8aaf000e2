"""CloudTrail: who asked what, from where, and how it was answered, in the record's own shape.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from responder.sandbox.aws.errors import ServiceError
from responder.sandbox.aws.kept_trail import Kept
from responder.sandbox.aws.principal import Principal
from responder.sandbox.aws.wire import Reply, Request

_PAGE = 50
_RESOURCES = {
    "userName": "AWS::IAM::User",
    "roleName": "AWS::IAM::Role",
    "accessKeyId": "AWS::IAM::AccessKey",
    "roleArn": "AWS::IAM::Role",
    "bucketName": "AWS::S3::Bucket",
}
_READS = ("Get", "List", "Describe", "Lookup", "Simulate", "Head", "AssumeRole")
_SESSIONS = ("GetSessionToken", "GetFederationToken", "AssumeRole")
# What happens to objects is no management event: the event history does not have it.
_OF_OBJECTS = {"ListBucket", "ListBucketVersions", "GetObject", "PutObject", "DeleteObject"}
_NAMES = {"ListAllMyBuckets": "ListBuckets"}
_KEPT_SECRET = ("SecretAccessKey", "ServicePassword")
_NEVER = {"action", "version", "password", "newPassword", "oldPassword"}
_ATTRIBUTES: Mapping[str, Callable[["Event"], Iterable[str]]] = {
    "EventId": lambda event: [event.id],
    "EventName": lambda event: [event.name],
    "ReadOnly": lambda event: [event.read_only],
    "Username": lambda event: [event.username],
    "EventSource": lambda event: [event.source],
    "AccessKeyId": lambda event: [event.key_id],
    "ResourceType": lambda event: [kind for kind, _ in event.resources],
    "ResourceName": lambda event: [name for _, name in event.resources],
}


@dataclass(frozen=True)
class Event:
    at: float  # Unix seconds
    record: Mapping[str, Any] = field(repr=False)

    @property
    def id(self) -> str:
        return str(self.record["eventID"])

    @property
    def name(self) -> str:
        return str(self.record["eventName"])

    @property
    def source(self) -> str:
        return str(self.record["eventSource"])

    @property
    def region(self) -> str:
        return str(self.record["awsRegion"])

    @property
    def read_only(self) -> str:
        return str(self.record["readOnly"]).lower()

    @property
    def key_id(self) -> str:
        return str(self.record["userIdentity"]["accessKeyId"])

    @property
    def username(self) -> str:
        who = self.record["userIdentity"]
        return str(who.get("userName") or who["arn"].rpartition("/")[2])

    @property
    def resources(self) -> list[tuple[str, str]]:
        asked = {**(self.record["responseElements"] or {}), **(self.record["requestParameters"] or {})}
        return [(_RESOURCES[name], str(value)) for name, value in asked.items() if name in _RESOURCES]

    def listed(self) -> dict[str, Any]:
        return {
            "EventId": self.id,
            "EventName": self.name,
            "ReadOnly": self.read_only,
            "AccessKeyId": self.key_id,
            "EventTime": int(self.at),
            "EventSource": self.source,
            "Username": self.username,
            "Resources": [{"ResourceType": kind, "ResourceName": name} for kind, name in self.resources],
            "CloudTrailEvent": json.dumps(self.record),
        }


@dataclass(frozen=True)
class Asked:
    """One request of somebody who was authenticated."""

    caller: Principal
    action: str  # iam:CreateUser
    request: Request
    region: str
    address: str
    at: float
    request_id: str  # where the answer names none


class Trail:
    """Every management event there was, the oldest first. Real ones come minutes late; these at once."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._events: list[Event] = []
        self.kept = Kept(account)

    def all(self) -> list[Event]:
        return list(self._events)

    def replace(self, events: Iterable[Event]) -> None:
        self._events = list(events)

    def answered(self, asked: Asked, reply: Reply) -> None:
        body = None if asked.action.startswith("s3:") else _xml(reply.body)
        if reply.status >= 400:  # noqa: PLR2004  # HTTP's refusals begin there
            found = _xml(reply.body)
            code = str(_find(found, "Code") or "Unknown")
            self._add(asked, ServiceError(code, str(_find(found, "Message") or ""), reply.status), body)
        else:
            self._add(asked, None, body)

    def refused(self, asked: Asked, error: ServiceError) -> None:
        self._add(asked, error, None)

    def answer(self, name: str, asked: Asked) -> dict[str, Any]:
        """What CloudTrail answers.

        Raises:
            ServiceError: as the service refuses what it cannot take.
        """
        match name:
            case "DescribeTrails":
                return self.kept.described()
            case "GetTrailStatus":
                return self.kept.status(asked.request, asked.at)
            case "GetEventSelectors":
                return self.kept.selectors(asked.request)
        return self._lookup(asked.request, asked.region)

    def _lookup(self, request: Request, region: str) -> dict[str, Any]:
        """LookupEvents: the newest first.

        Raises:
            ServiceError: as the service refuses what it cannot take.
        """
        given = json.loads(request.body or b"{}")
        attributes = given.get("LookupAttributes", [])
        if len(attributes) > 1 or any(one["AttributeKey"] not in _ATTRIBUTES for one in attributes):
            raise ServiceError("InvalidLookupAttributesException", "You can use only one attribute.", 400)
        most, start = given.get("MaxResults", _PAGE), int(given.get("NextToken", "0"))
        if not 1 <= most <= _PAGE:
            raise ServiceError("InvalidMaxResultsException", "A page has 1 to 50 events.", 400)
        since, until = given.get("StartTime", 0), given.get("EndTime", float("inf"))
        if since > until:
            raise ServiceError("InvalidTimeRangeException", "The start is after the end.", 400)
        found = [
            event
            for event in reversed(self._events)
            if event.region == region
            and since <= event.at <= until
            and all(one["AttributeValue"] in _ATTRIBUTES[one["AttributeKey"]](event) for one in attributes)
        ]
        page = {"Events": [event.listed() for event in found[start : start + most]]}
        return {**page, "NextToken": str(start + most)} if len(found) > start + most else page

    def _add(self, asked: Asked, error: ServiceError | None, body: ET.Element | None) -> None:
        service, _, name = asked.action.partition(":")
        if service == "s3" and name in _OF_OBJECTS:
            return
        name = _NAMES.get(name, name)
        read_only = name.startswith(_READS) or name in _SESSIONS
        answer = None if body is None or error or (read_only and name not in _SESSIONS) else _result(body)
        record = {
            "eventVersion": "1.11",
            "userIdentity": identity(asked.caller, self._account),
            "eventTime": f"{datetime.fromtimestamp(asked.at, UTC):%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": "us-east-1" if service == "iam" else asked.region,
            "sourceIPAddress": asked.address,
            "userAgent": f"[{asked.request.headers.get('user-agent', '')}]",
            "requestParameters": _parameters(service, asked.request),
            "responseElements": answer,
            "requestID": _find(body, "RequestId") or asked.request_id,
            "eventID": str(uuid4()),
            "readOnly": read_only,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": self._account,
            "eventCategory": "Management",
        }
        if error:
            record["errorCode"] = error.code
            record["errorMessage"] = error.message
        self._events.append(Event(asked.at, record))


def identity(caller: Principal, account: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html."""
    kinds = {"User": "IAMUser", "AssumedRole": "AssumedRole", "FederatedUser": "FederatedUser"}
    who: dict[str, Any] = {
        "type": kinds[caller.type],
        "principalId": caller.user_id,
        "arn": caller.arn,
        "accountId": account,
        "accessKeyId": caller.key_id,
    }
    if caller.type == "User":
        who["userName"] = caller.user_name
    if caller.session:
        issued = datetime.fromtimestamp(caller.session.issued_at, UTC)
        who["sessionContext"] = {
            "attributes": {"creationDate": f"{issued:%Y-%m-%dT%H:%M:%SZ}", "mfaAuthenticated": "false"}
        }
        if caller.type == "AssumedRole":
            who["sessionContext"]["sessionIssuer"] = {
                "type": "Role",
                "principalId": caller.session.owner_id,
                "arn": f"arn:aws:iam::{account}:role/{caller.session.owner}",
                "accountId": account,
                "userName": caller.session.owner,
            }
    return who


def _parameters(service: str, request: Request) -> dict[str, Any] | None:
    if service == "s3":
        bucket = request.path.lstrip("/").partition("/")[0]
        return {"bucketName": bucket} if bucket else None
    if service == "cloudtrail":
        given: dict[str, Any] = json.loads(request.body or b"{}")
        return {_lower(name): value for name, value in given.items()}
    given = {_lower(name): value for name, value in request.parameters.items()}
    return {name: value for name, value in given.items() if name not in _NEVER} or None


def _xml(body: bytes) -> ET.Element | None:
    try:
        return ET.fromstring(body)  # noqa: S314  # our own answers
    except ET.ParseError:
        return None


def _find(found: ET.Element | None, name: str) -> str | None:
    if found is None:
        return None
    return next((one.text for one in found.iter() if _bare(one) == name), None)


def _result(body: ET.Element) -> Any:  # noqa: ANN401 - JSON
    result = next((one for one in body if _bare(one).endswith("Result")), None)
    return None if result is None else _json(result) or None


def _json(element: ET.Element) -> Any:  # noqa: ANN401 - JSON
    if not len(element):
        return (element.text or "").strip()
    if all(_bare(child) == "member" for child in element):
        return [_json(child) for child in element]
    return {_lower(_bare(child)): _json(child) for child in element if _bare(child) not in _KEPT_SECRET}


def _bare(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
