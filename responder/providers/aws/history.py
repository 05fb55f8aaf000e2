"""CloudTrail's event history: who asked what of AWS in the last 90 days, by key, by user, by resource.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from responder.errors import ProviderError, TransientError, UnreachableError
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import ask
from responder.questions import Questions

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail.type_defs import EventTypeDef

GLOBAL: Final = "us-east-1"  # where what has no region is written down
KEPT: Final = timedelta(days=90)
LATE: Final = timedelta(minutes=15)  # that an event may take until it is shown

_MOST_PAGES: Final = 20  # of 50 events
_PATIENCE: Final = 20.0  # seconds, of one region that is busy
_REQUEST: Final = re.compile(r" \(request [^)]*\)")
_LONGEST: Final = 120
_LONGEST_ARN: Final = 2048
_LONGEST_AGENT: Final = 400  # who made a request comes last
_REGIONS_NAMED: Final = 6
_NAMED: Final = 20  # names of what could not be looked for

Attribute: TypeAlias = tuple[Literal["AccessKeyId", "Username", "ResourceName", "EventName", "ReadOnly"], str]
CHANGES: Final[Attribute] = ("ReadOnly", "false")


@dataclass(frozen=True)
class Event:
    """One request that AWS answered or refused."""

    id: str
    request_id: str
    at: datetime
    service: str  # iam, sts, s3
    action: str  # CreateUser
    region: str
    key_id: str
    who: str  # as the record names them
    arn: str  # theirs
    account: str  # theirs; empty where the record does not say
    home: str  # the account this happened in
    address: str
    agent: str
    error: str
    read_only: bool
    asked: Mapping[str, Any] = field(repr=False)  # the record's requestParameters
    answer: Mapping[str, Any] = field(repr=False)  # its responseElements; a session's token is among them

    @property
    def by(self) -> str:
        key = f"{self.who} with {self.key_id}" if self.key_id else self.who
        return f"{key} from {self.address}, {self.agent.split(' ')[0]}"

    @property
    def evidence(self) -> str:
        said = f", answered {self.error}" if self.error else ""
        return f"CloudTrail in {self.region}, event {self.id}: {self.service}:{self.action}{said}"

    @property
    def elsewhere(self) -> bool:
        """They are of another account."""
        return bool(self.account and self.home) and self.account != self.home


def regions(aws: AwsConnection) -> list[str]:
    """Those that are on in the account."""
    answer = ask("ec2:DescribeRegions", aws.ec2.describe_regions)
    return sorted(str(one["RegionName"]) for one in answer["Regions"])


class History:
    """The event history of many regions, asked at once.

    What could not be read in the time is told by name and number, never left out.

    Args:
        aws: the operator's clients.
        where: the regions.
        since: how far back; CloudTrail keeps `KEPT`, and what was before that is told as not read.
        now: the time.
        questions: keeps the time, and what could not be read.
    """

    def __init__(
        self, aws: AwsConnection, where: Iterable[str], since: datetime, now: datetime, questions: Questions
    ) -> None:
        self._aws, self._since, self._questions = aws, max(since, now - KEPT), questions
        if self._since > since:
            why = "CloudTrail shows no more; the bucket of a trail of yours may have it"
            self._questions.not_read(f"what was done more than {KEPT.days} days ago", why, limited=True)
        self._where = sorted(where, key=lambda region: (region != GLOBAL, region))
        self._failed: dict[str, set[str]] = {}
        self._silent: set[str] = set()  # regions that are not asked again
        self._missed: dict[Attribute, set[str]] = defaultdict(set)  # regions that had no time
        self._cut: set[Attribute] = set()  # of which some region has more than was read
        self._seen: dict[str, Event] = {}

    @property
    def reaches(self) -> datetime:
        """How far back it goes."""
        return self._since

    def events(self) -> list[Event]:
        """All that were found, the oldest first."""
        return sorted(self._seen.values(), key=lambda one: one.at)

    def look_up(self, attributes: Iterable[Attribute], where: Iterable[str] = ()) -> list[Event]:
        """What is new of these, in all regions or in those of `where`.

        One attribute after the other, as a region answers twice a second; what came by the deadline counts.
        """
        asked = [
            (one, region, self._questions.ask(f"CloudTrail in {region}", self._of_region, region, one))
            for one in attributes
            for region in tuple(where) or self._where
        ]
        found: dict[str, Event] = {}
        for attribute, region, answer in asked:
            if answer.came():
                found |= {event.id: event for event in answer.get() or ()}
            else:
                self._missed[attribute].add(region)
        new = [event for event in found.values() if event.id not in self._seen]
        self._seen |= found
        return new

    def missed(self, attribute: Attribute) -> bool:
        """Whether some region had no time to say what it has of this."""
        return attribute in self._missed

    def cut(self, attributes: Iterable[Attribute]) -> bool:
        """Whether some region has more of one of these than was read."""
        return not self._cut.isdisjoint(attributes)

    def tell_unread(self) -> None:
        """Once for all regions that failed alike, and for all that there was no time for."""
        for why, where in tuple(self._failed.items()):  # who answers late adds to it meanwhile
            self._questions.not_read(f"CloudTrail in {self._worded_regions(where)}", why)
        if not self._missed:
            return
        names = list(dict.fromkeys(map(_worded, self._missed)))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        named = self._worded_regions(set[str]().union(*self._missed.values()))
        what = f"{len(names)} name{'' if len(names) == 1 else 's'} in CloudTrail"
        self._questions.not_read(
            what, f"no time was left to look for {', '.join(names[:_NAMED])}{more} in {named}"
        )

    def _worded_regions(self, regions: Collection[str]) -> str:
        if len(regions) == len(self._where) > 1:
            return f"all {len(regions)} regions"
        more = f" and {len(regions) - _REGIONS_NAMED} more" if len(regions) > _REGIONS_NAMED else ""
        return ", ".join(sorted(regions)[:_REGIONS_NAMED]) + more

    def _of_region(self, region: str, attribute: Attribute) -> list[Event]:
        if region in self._silent:
            return []
        found: list[Event] = []
        try:
            found.extend(self._pages(region, attribute))
        except ProviderError as error:
            why = _REQUEST.sub("", f"{error.what} {error.next_step}".strip())
            self._failed.setdefault(why, set()).add(region)
            self._silent.add(region)
        return found

    def _pages(self, region: str, attribute: Attribute) -> Iterator[Event]:
        retrying = Retrying(
            retry=retry_if_exception(_is_busy),
            wait=wait_random_exponential(multiplier=0.5, max=4),
            stop=stop_after_delay(min(_PATIENCE, self._questions.left)),
            reraise=True,
        )
        client = self._aws.cloudtrail_in(region)
        key, value = attribute
        given: dict[str, Any] = {
            "LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}],
            "StartTime": self._since,
            "MaxResults": 50,
        }
        for _ in range(_MOST_PAGES):
            answer: Any = retrying(ask, "cloudtrail:LookupEvents", client.lookup_events, **given)
            yield from map(_event, answer["Events"])
            if not answer.get("NextToken"):
                return
            given["NextToken"] = answer["NextToken"]
        self._cut.add(attribute)
        why = f"only the newest {_MOST_PAGES * 50} events of {_worded(attribute)} were read"
        self._failed.setdefault(why, set()).add(region)


def _worded(attribute: Attribute) -> str:
    return "all that changed anything" if attribute == CHANGES else plain(attribute[1])


def _is_busy(error: BaseException) -> bool:
    """Who does not answer at all is not waited for: a review has many to ask."""
    return isinstance(error, TransientError) and not isinstance(error, UnreachableError)


def plain(text: object, longest: int = _LONGEST) -> str:
    """What an attacker may have written, as one short line without anything that moves a cursor."""
    shown = "".join(one if one.isprintable() else "?" for one in str(text))
    return shown if len(shown) <= longest else shown[:longest] + "…"


def _event(listed: "EventTypeDef") -> Event:
    record: dict[str, Any] = json.loads(listed["CloudTrailEvent"])
    identity: Mapping[str, Any] = record.get("userIdentity") or {}
    return Event(
        id=str(record["eventID"]),
        request_id=str(record.get("requestID") or ""),
        at=listed["EventTime"].astimezone(UTC),
        service=str(record["eventSource"]).partition(".")[0],
        action=str(record["eventName"]),
        region=str(record["awsRegion"]),
        key_id=plain(identity.get("accessKeyId") or ""),
        who=plain(identity.get("userName") or identity.get("arn") or identity.get("accountId") or "?"),
        arn=plain(identity.get("arn") or "", _LONGEST_ARN),
        account=plain(identity.get("accountId") or ""),
        home=plain(record.get("recipientAccountId") or ""),
        address=plain(record.get("sourceIPAddress") or "?"),
        agent=plain(str(record.get("userAgent") or "?").strip("[]"), _LONGEST_AGENT),
        error=plain(record.get("errorCode") or ""),
        read_only=str(record.get("readOnly")).lower() == "true",
        asked=record.get("requestParameters") or {},
        answer=record.get("responseElements") or {},
    )
