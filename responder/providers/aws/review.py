"""What was done with a leaked AWS key: by CloudTrail in all regions, and by what IAM shows as made since."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Final

from responder.action import Call
from responder.providers.aws.activity import activity
from responder.providers.aws.connection import AwsConnection, whoami
from responder.providers.aws.following import MOST_KEYS, SESSIONS, Followed, follow, follow_made, holder_of
from responder.providers.aws.hanging import deletion
from responder.providers.aws.history import GLOBAL, Event, History, regions
from responder.providers.aws.made import Iam, Made, read_iam
from responder.providers.aws.others import Others, makes, named
from responder.providers.aws.still_listed import PERMISSIONS as STILL_LISTED
from responder.providers.aws.still_listed import no_longer_listed
from responder.providers.aws.still_so import denied_by, still_so
from responder.providers.aws.telling import Telling
from responder.providers.aws.telling_iam import DELETE_ROLE, DELETE_USER, DELETED
from responder.providers.aws.tellings import telling_of
from responder.questions import Questions
from responder.trace import LookBack, Review, Reviewed, Trace

_KEYS: Final = ("AKIA", "ASIA")  # how identifiers begin that are AWS's
_AT_ONCE: Final = 20


class AwsLookBack(LookBack):
    user: str = ""  # whose the leaked key is; empty where IAM could not tell


class ReviewAws(Review[AwsLookBack]):
    name = "aws.review"
    permissions = (
        "cloudtrail:LookupEvents",
        "ec2:DescribeRegions",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetLoginProfile",
        "iam:ListAccessKeys",
        *STILL_LISTED,
        "sts:GetCallerIdentity",
    )
    looks_at = "CloudTrail, in every region, and IAM"

    def look(self, call: Call, given: AwsLookBack) -> Reviewed:
        aws = call.connections.get(AwsConnection)
        questions = self.questions(call, _AT_ONCE)
        since = given.start(call.clock())
        operator = questions.ask("who we are", partial(whoami, call.connections))
        iam = read_iam(aws, since, given.user, questions)
        history = History(aws, _regions(aws, questions), since, call.clock(), questions)
        keys = [one for one in given.leaked if one.startswith(_KEYS)]
        followed = follow(history, keys, given.user, filter(None, given.ours))
        others = _others(iam, history, followed)
        if others:
            followed.ours |= call.ours(since).difference(given.leaked)  # a run may be at work meanwhile
            follow_made(history, followed, given.user, map(named, others))
            others = _others(iam, history, followed)
        by_intruder = [event for event in history.events() if followed.has(event)]
        us = operator.get() or ""
        told = Others(history, iam, us, given.user, given.known, followed.ours, call.clock())
        traces = [
            *_as_they_stand(aws, _left(by_intruder, followed, iam), iam, call.clock(), questions),
            *told.traces(others),
            *activity(event for event in by_intruder if telling_of(event) is None),
            *_quarantine(iam, given.user),
        ]
        if len(keys) > MOST_KEYS:
            why = f"of {len(keys)} keys only what changed something, and sessions, were looked for"
            questions.not_read("what was only read at AWS", why)
        history.tell_unread()
        return Reviewed(
            traces=tuple(traces),
            unread=questions.unread,
            limited=questions.limited,
            reaches=history.reaches,
        )


def _regions(aws: AwsConnection, questions: Questions) -> list[str]:
    asked = questions.ask(f"which regions are on, so that {GLOBAL} alone was looked at", regions, aws)
    return asked.get() or [GLOBAL]


def _left(by_intruder: Iterable[Event], followed: Followed, iam: Iam) -> Iterator[tuple[Event, Trace]]:
    """What the intruder left: each thing once, as it was last; parts go with their whole."""
    found: dict[tuple[str, str, str], tuple[Event, Telling]] = {}
    parts: dict[tuple[str, str], list[tuple[Event, Telling]]] = defaultdict(list)
    for event in by_intruder:
        telling = telling_of(event)
        if telling is None or _of_its_own(event, telling, followed):
            continue
        if telling.part and followed.made(holder_of(event)):
            parts[holder_of(event)].append((event, telling))
        else:
            found[telling.trace(event).thing] = event, telling
    for event, telling in found.values():
        trace = telling.trace(event)
        if telling.remove_with in (DELETE_USER, DELETE_ROLE):
            trace = _whole(trace, holder_of(event), parts[holder_of(event)], iam)
        yield event, trace


def _as_they_stand(
    aws: AwsConnection, left: Iterable[tuple[Event, Trace]], iam: Iam, now: datetime, questions: Questions
) -> Iterator[Trace]:
    told = [(event, trace if still_so(event, iam, now) else _over(trace)) for event, trace in left]
    gone = frozenset(no_longer_listed(aws, told, questions))
    for event, trace in told:
        if trace.thing in gone:
            yield _over(trace)
        elif trace.to_look_at and event.action in SESSIONS and (policy := denied_by(event, iam)):
            yield _denied(trace, policy)
        else:
            yield trace


def _of_its_own(event: Event, telling: Telling, followed: Followed) -> bool:
    """Whether the intruder took away what was its own: that is told of as gone."""
    own = followed.made(holder_of(event)) or event.asked.get("accessKeyId") in followed.keys
    return telling.kind == DELETED and own


def _whole(trace: Trace, holder: tuple[str, str], parts: Iterable[tuple[Event, Telling]], iam: Iam) -> Trace:
    has = ", ".join(dict.fromkeys(telling.part for _, telling in parts))
    hangs = [telling.undo_of(event) for event, telling in parts if telling.hangs]
    what = f"{trace.what}, with {has}" if has else trace.what
    return trace.model_copy(update={"what": what, "undo": deletion(*holder, iam, hangs)})


def _over(trace: Trace) -> Trace:
    """What is gone, or not so any more, is only told."""
    told = {"severity": "info", "because": "It opens nothing any more.", "mark": "gone"}
    undone = {"what": f"{trace.what}; it is gone by now", "undo": "", "remove_with": ""}
    return trace.model_copy(update=told | undone)


def _denied(trace: Trace, policy: str) -> Trace:
    because = f"It is denied everything by now, by the policy {policy}; what it did until then stands here."
    return trace.model_copy(update={"severity": "low", "because": because, "undo": ""})


def _others(iam: Iam, history: History, followed: Followed) -> list[Made]:
    """What IAM shows as made, and neither the intruder nor a run of ours is known to have made.

    Of what a run made only identifiers that AWS gives out are taken for its own: anybody may take a name.
    """
    by_intruder = [event for event in history.events() if followed.has(event)]
    return [
        one
        for one in iam.made
        if not (one.what == "key" and one.name in followed.ours)
        and not (one.what == "password" and one.name in followed.users)
        and not any(makes(event, one) for event in by_intruder)
    ]


def _quarantine(iam: Iam, user: str) -> Iterable[Trace]:
    if not iam.quarantined:
        return
    name = iam.quarantined.rpartition("/")[2]
    yield Trace(
        provider="aws",
        kind="aws.quarantined",
        subject=name,
        of=user,
        what=f"AWS itself has attached {name} to {user}",
        by="AWS",
        severity="medium",
        because="AWS found the key in public, so others have found it too.",
        evidence="iam:GetAccountAuthorizationDetails: it is among the user's attached policies",
        undo=f"aws iam detach-user-policy --user-name {user} --policy-arn {iam.quarantined}",
    )


ACTIONS = (ReviewAws(),)
