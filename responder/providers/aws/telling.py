"""How one event of the intruder's is told: what it means, how grave it is, and what would undo it."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from responder.providers.aws.following import holder_of, session_of
from responder.providers.aws.history import Event, plain
from responder.providers.aws.made import foreign_principals
from responder.providers.aws.policy_text import parsed
from responder.trace import Severity, Trace

OUTLIVES: Final = "It lives on when the leaked key is dead."

_LONGEST_SUBJECT: Final = 1000  # the ids of all instances that were started at once
_TRUST: Final = ("CreateRole", "UpdateAssumeRolePolicy")
_LIKE_OURS: Final = (
    " It calls itself respond, which gets one of 15 minutes before it asks for a confirmation: was it one of "
    "you, on another machine?"
)

Part = Callable[[Event], str]


@dataclass(frozen=True)
class Telling:
    """How one action is told.

    In `what` and `undo`, {subject} and {of} are what it was done to, {region} is where; in `undo` {back} is
    the other status of a key, and {holder} whose rights a session has.
    """

    kind: str
    what: str
    severity: Severity
    because: str
    subject: Part
    of: Part = lambda _: ""
    undo: str = ""
    remove_with: str = ""
    part: str = ""  # what it is of a user or role that the intruder made: no trace of its own
    several: bool = False  # the subject is identifiers of AWS's own, one after another
    hangs: bool = False  # and keeps that user or role from being deleted

    def trace(self, event: Event) -> Trace:
        subject, of = plain(self.subject(event), _LONGEST_SUBJECT), plain(self.of(event))
        names = {"subject": subject, "of": of, "region": event.region}
        return Trace(
            provider="aws",
            kind=self.kind,
            subject=subject,
            of=of,
            what=self.what.format(**names, trusts=_trusted(event)),
            at=event.at,
            mark=event.at.isoformat(),
            by=event.by,
            severity=self.severity,
            because=self.because + (_LIKE_OURS if _like_ours(event) else ""),
            evidence=event.evidence,
            undo=self.undo_of(event),
            remove_with=self.remove_with,
        )

    def undo_of(self, event: Event) -> str:
        """A command to paste, with every name quoted that an intruder chose; empty where there is none."""
        names = {"subject": self.subject(event), "of": self.of(event), "region": event.region}
        if "{holder}" in self.undo:
            kind, names["holder"] = session_of(event)
            if kind not in ("user", "role"):  # root, whose sessions nothing denies
                return ""
        quoted = {name: shlex.quote(one) for name, one in names.items()}
        if self.several:
            quoted["subject"] = shlex.join(names["subject"].split())
        quoted["back"] = "Active" if event.asked.get("status") == "Inactive" else "Inactive"
        return self.undo.format(**quoted)


def asked(parameter: str) -> Part:
    return lambda event: str(event.asked.get(parameter) or "")


def answered(*path: str) -> Part:
    return lambda event: str(_at(event, path) or "")


def each_answered(name: str, *path: str) -> Part:
    """The `name` of all items, one after another."""

    def found(event: Event) -> str:
        items = _at(event, (*path, "items"))
        return " ".join(str(one.get(name, "")) for one in items or ())

    return found


def holder_name(event: Event) -> str:
    return holder_of(event)[1]


def _at(event: Event, path: tuple[str, ...]) -> Any:  # noqa: ANN401  # of the answer, which is JSON
    value: Any = event.answer
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _trusted(event: Event) -> str:
    """Whom of elsewhere the role of the event lets in, as a half-sentence."""
    document = event.asked.get("assumeRolePolicyDocument") or event.asked.get("policyDocument")
    named = foreign_principals(parsed(document), event.home) if event.action in _TRUST else ()
    return f", and lets in {plain(', '.join(named))}" if named else ""


def _like_ours(event: Event) -> bool:
    """Whoever made it says so, and may be lying: it stays as grave as any."""
    return event.action == "GetSessionToken" and "respond" in event.agent.split()
