"""From a leaked key to all that was done with it, and with whatever was got or made with it, and so on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from responder.providers.aws.history import CHANGES, GLOBAL, Attribute, Event, History

MOST_KEYS: Final = 20  # that are asked for one by one

_FIRST: Final = ("Username", "ResourceName", "AccessKeyId")  # a user lives longest, a session shortest

SESSIONS: Final = frozenset(
    {"GetSessionToken", "GetFederationToken", "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}
)
_BROADLY: Final[Sequence[Attribute]] = (CHANGES, *(("EventName", name) for name in sorted(SESSIONS)))


@dataclass
class Followed:
    """What belongs to the intruder, for all that CloudTrail says."""

    keys: set[str]
    ours: frozenset[str]  # what runs made, and the names of their requests
    users: set[str] = field(default_factory=set)  # that were made with what leaked
    roles: set[str] = field(default_factory=set)  # likewise
    opened: set[str] = field(default_factory=set)  # roles of before, whose trust it changed
    asked: set[Attribute] = field(default_factory=set)

    def made(self, holder: tuple[str, str]) -> bool:
        """Whether that user or role is the intruder's own; see `holder_of`."""
        kind, name = holder
        return name in {"user": self.users, "role": self.roles}.get(kind, ())

    def has(self, event: Event) -> bool:
        """Whether what leaked, or what was got with it, did this."""
        if not self.ours.isdisjoint((event.key_id, issued(event), event.request_id)):
            return False
        return event.key_id in self.keys or event.who in self.users or self.assumed(event)

    def assumed(self, event: Event) -> bool:
        """Somebody took on a role that the intruder made, or from elsewhere one that it opened."""
        role = name_in(str(event.asked.get("roleArn", "")))
        return event.action in SESSIONS and (role in self.roles or (event.elsewhere and role in self.opened))


def follow(history: History, keys: Iterable[str], user: str, ours: Iterable[str]) -> Followed:
    """Fill the history, identity by identity, until there is nothing new.

    Of many keys it is asked once what changed anything and which sessions were got, whoever did it, as every
    key is a question to every region; likewise where there is more of one than is read, which somebody may
    have seen to. Of the leaked key's user those sessions are followed whose beginning nobody saw: its other
    keys may be in honest hands.
    """
    followed = Followed(set(keys), frozenset(ours))
    wanted: list[Attribute] = [("AccessKeyId", key) for key in followed.keys]
    if len(wanted) > MOST_KEYS:
        wanted = [*_BROADLY]
    wanted += [("Username", user)] if user else []
    _go_on(history, followed, user, wanted)
    if history.cut(followed.asked):
        _go_on(history, followed, user, [one for one in _BROADLY if one not in followed.asked])
    return followed


def follow_made(history: History, followed: Followed, user: str, made: Iterable[Attribute]) -> None:
    """Ask who made what IAM shows as made, and go on where it was the intruder."""
    history.look_up(made, (GLOBAL,))
    _go_on(history, followed, user, _next(history, followed))


def _go_on(history: History, followed: Followed, user: str, wanted: Sequence[Attribute]) -> None:
    while wanted:
        followed.asked.update(wanted)
        new = history.look_up(wanted)
        sessions = {one.key_id for one in new if _is_session_of(one, user)} - followed.ours
        followed.keys |= sessions - {issued(one) for one in history.events() if not followed.has(one)}
        wanted = _next(history, followed)


def _next(history: History, followed: Followed) -> list[Attribute]:
    got = {one for event in history.events() for one in _got(event, followed)}
    return sorted(got - followed.asked, key=_urgency)


def _urgency(attribute: Attribute) -> tuple[int, bool, str]:
    kind, name = attribute
    return _FIRST.index(kind), name.startswith("ASIA"), name


def issued(event: Event) -> str:
    """The access key id that the answer handed out; empty where it did not."""
    for name in ("credentials", "accessKey"):
        found = event.answer.get(name)
        if isinstance(found, dict):
            return str(found.get("accessKeyId", ""))
    return ""


def session_of(event: Event) -> tuple[str, str]:
    """The user or role whose rights a session has that was got here, as `holder_of` names them.

    A role of another account is `elsewhere`, by its ARN: one of the same name here is none of its.
    """
    if role := str(event.asked.get("roleArn") or ""):
        here = account_in(role) in ("", event.home)
        return ("role", name_in(role)) if here else ("elsewhere", role)
    return ("user", event.who) if ":user/" in event.arn else ("", "")


def policy_made(event: Event) -> str:
    """The ARN of the managed policy that the answer tells of; empty where it tells of none."""
    made = event.answer.get("policy")
    return str(made.get("arn", "")) if isinstance(made, dict) else ""


def holder_of(event: Event) -> tuple[str, str]:
    """The user, role or group that something was done to: what it is, and its name."""
    for kind in ("user", "role", "group"):
        if name := event.asked.get(f"{kind}Name"):
            return kind, str(name)
    return "", ""


def name_in(arn: str) -> str:
    return arn.rpartition("/")[2]


def account_in(arn: str) -> str:
    """Empty where it has none."""
    return arn.split(":")[4] if arn.startswith("arn:") and arn.count(":") > 4 else ""  # noqa: PLR2004


def _is_session_of(event: Event, user: str) -> bool:
    return bool(user) and event.who == user and event.key_id.startswith("ASIA")


def _got(event: Event, followed: Followed) -> Iterator[Attribute]:
    """What an event of the intruder's leads to."""
    if event.error or not followed.has(event):
        return
    if key := issued(event):
        followed.keys.add(key)
        yield ("AccessKeyId", key)
    if event.action == "CreateUser":
        name = str(event.asked.get("userName", ""))
        followed.users.add(name)
        yield ("Username", name)
    if event.action in ("CreateRole", "UpdateAssumeRolePolicy"):
        name = str(event.asked.get("roleName", ""))
        (followed.roles if event.action == "CreateRole" else followed.opened).add(name)
        yield ("ResourceName", _arn_of_role(event, name))


def _arn_of_role(event: Event, name: str) -> str:
    """By which alone CloudTrail lists who took on the role; it is in the answer to its making."""
    made = event.answer.get("role")
    arn = str(made.get("arn", "")) if isinstance(made, dict) else ""
    return arn or f"arn:aws:iam::{event.home}:role/{name}"
