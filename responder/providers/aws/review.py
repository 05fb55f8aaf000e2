"""What was done with a leaked AWS key: by CloudTrail in all regions, and by what IAM shows as made since."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from functools import partial
from typing import Final

from responder.action import Call
from responder.providers.aws.activity import activity
from responder.providers.aws.connection import AwsConnection, whoami
from responder.providers.aws.following import MOST_KEYS, Followed, follow
from responder.providers.aws.history import GLOBAL, Event, History, regions
from responder.providers.aws.made import Iam, Made, read_iam
from responder.providers.aws.others import KINDS, Others
from responder.providers.aws.telling import TELLINGS, Telling, holder_of
from responder.questions import Questions
from responder.trace import LookBack, Review, Reviewed, Trace

_KEYS: Final = ("AKIA", "ASIA")  # how identifiers begin that are AWS's
_AT_ONCE: Final = 20
_MAY_BE_GONE: Final = {KINDS[what].kind: what for what in ("user", "key", "role")}


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
        "sts:GetCallerIdentity",
    )
    looks_at = "CloudTrail, in every region, and IAM"

    def look(self, call: Call, given: AwsLookBack) -> Reviewed:
        aws = call.connections.get(AwsConnection)
        questions = self.questions(call, _AT_ONCE)
        since = given.start(call.clock())
        operator = questions.ask("who we are", partial(whoami, call.connections))
        iam = read_iam(aws, since, given.user, questions)
        history = History(aws, _regions(aws, questions), since, questions)
        keys = [one for one in given.leaked if one.startswith(_KEYS)]
        followed = follow(history, keys, given.user, filter(None, given.ours))
        by_intruder = [event for event in history.events() if followed.has(event)]
        left = _left(by_intruder, followed, iam)
        others = [one for one in iam.made if not _accounted_for(one, left, followed)]
        made_meanwhile = call.ours() if others else frozenset()
        others = [one for one in others if one.name not in made_meanwhile]
        traces = [
            *left,
            *Others(history, operator.get() or "", given.user, given.known).traces(others),
            *activity(event for event in by_intruder if _telling(event) is None),
            *_quarantine(iam, given.user),
        ]
        if len(keys) > MOST_KEYS:
            why = f"of {len(keys)} keys only what changed something, and sessions, were looked for"
            questions.not_read("what was only read at AWS", why)
        history.tell_unread()
        return Reviewed(traces=tuple(traces), unread=questions.unread)


def _regions(aws: AwsConnection, questions: Questions) -> list[str]:
    asked = questions.ask(f"which regions are on, so that {GLOBAL} alone was looked at", regions, aws)
    return asked.get() or [GLOBAL]


def _telling(event: Event) -> Telling | None:
    return None if event.error else TELLINGS.get(f"{event.service}:{event.action}")


def _left(by_intruder: Iterable[Event], followed: Followed, iam: Iam) -> list[Trace]:
    """What the intruder left: each thing once, as it was last; parts go with their whole."""
    found: dict[tuple[str, str, str], Trace] = {}
    parts: dict[str, dict[str, None]] = defaultdict(dict)
    for event in by_intruder:
        telling = _telling(event)
        if telling is None:
            continue
        if telling.part and holder_of(event) in followed.users | followed.roles:
            parts[holder_of(event)][telling.part] = None
            continue
        trace = telling.trace(event)
        found[trace.thing] = trace
    there = None if iam.unread else {(one.what, one.name) for one in iam.made}
    return [_as_it_stands(_whole(one, parts), there) for one in found.values()]


def _whole(trace: Trace, parts: Mapping[str, Iterable[str]]) -> Trace:
    has = list(parts.get(trace.subject, ()))
    if not has or trace.kind not in (KINDS["user"].kind, KINDS["role"].kind):
        return trace
    return trace.model_copy(update={"what": f"{trace.what}, with {', '.join(has)}"})


def _as_it_stands(trace: Trace, there: Container[tuple[str, str]] | None) -> Trace:
    """What is gone by now is only told."""
    what = _MAY_BE_GONE.get(trace.kind)
    if there is None or what is None or (what, trace.subject) in there:
        return trace
    told = {"severity": "info", "because": "It opens nothing any more.", "mark": "gone"}
    undone = {"what": f"{trace.what}; it is gone by now", "undo": "", "remove_with": ""}
    return trace.model_copy(update=told | undone)


def _accounted_for(made: Made, left: Iterable[Trace], followed: Followed) -> bool:
    told = {one.thing for one in left}
    kind = KINDS[made.what].kind
    of_the_intruder = made.what == "password" and made.name in followed.users
    return made.name in followed.ours or (kind, made.of, made.name) in told or of_the_intruder


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
