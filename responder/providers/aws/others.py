"""What IAM shows as made since, and CloudTrail does not tie to the leak: by whom it was made, if it tells.

A name says nothing of who made what bears it: anybody may take one that the inventory has, or that a run put
out. It is CloudTrail that says so, by the request or the identity; else it is told with why it may be yours.
"""

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from responder.providers.aws.following import issued, policy_made
from responder.providers.aws.hanging import deletion
from responder.providers.aws.history import LATE, Attribute, Event, History
from responder.providers.aws.made import Iam, Made, What
from responder.providers.aws.telling_iam import DELETE_KEY, DELETE_ROLE, DELETE_USER
from responder.trace import Severity, Trace


@dataclass(frozen=True)
class _Kind:
    kind: str
    what: str
    undo: str  # empty for a user or role, which has to be emptied first
    remove_with: str
    actions: tuple[str, ...]  # what CloudTrail calls its making


KINDS: Final[Mapping[What, _Kind]] = {
    "user": _Kind(
        "aws.user-created",
        "IAM user {name} was made",
        "",
        DELETE_USER,
        ("CreateUser",),
    ),
    "key": _Kind(
        "aws.key-created",
        "An access key of {of} was made",
        "aws iam delete-access-key --user-name {of} --access-key-id {name}",
        DELETE_KEY,
        ("CreateAccessKey",),
    ),
    "password": _Kind(
        "aws.password-set",
        "A password for the console was set for {name}",
        "aws iam delete-login-profile --user-name {name}",
        "",
        ("CreateLoginProfile",),
    ),
    "role": _Kind(
        "aws.role-created",
        "Role {name} was made",
        "",
        DELETE_ROLE,
        ("CreateRole",),
    ),
    "policy": _Kind(
        "aws.policy-changed",
        "The managed policy {name} was made or changed",
        "aws iam list-policy-versions --policy-arn {name}",
        "",
        ("CreatePolicy", "CreatePolicyVersion"),
    ),
}


@dataclass(frozen=True)
class Others:
    """Tells of each thing who made it and how much that matters.

    `operator` is the ARN of who runs this; `user` is the leaked key's; `known` are the inventory's names;
    `ours` are identifiers of what runs made and names of their requests, and whatever else they put out.
    """

    history: History
    iam: Iam
    operator: str
    user: str
    known: Collection[str]
    ours: Collection[str]
    now: datetime

    def traces(self, made: Iterable[Made]) -> Iterator[Trace]:
        """Of what is not ours."""
        newest_first = self.history.events()[::-1]
        for one in made:
            maker = next((event for event in newest_first if makes(event, one)), None)
            if maker is None or maker.request_id not in self.ours:
                yield self._trace(one, maker)

    def _trace(self, made: Made, maker: Event | None) -> Trace:
        kind = KINDS[made.what]
        severity, because = self._severity(made, maker)
        trusts = f", and lets in {', '.join(made.trusts)}" if made.trusts else ""
        quoted = {"name": shlex.quote(made.name), "of": shlex.quote(made.of)}
        return Trace(
            provider="aws",
            kind=kind.kind,
            subject=made.name,
            of=made.of,
            what=kind.what.format(name=made.name, of=made.of) + trusts,
            at=made.at,
            by=maker.by if maker else "",
            severity=severity,
            because=because,
            evidence=f"{made.evidence}; {maker.evidence}" if maker else made.evidence,
            undo=kind.undo.format(**quoted) or deletion(made.what, made.name, self.iam),
            remove_with=kind.remove_with,
        )

    def _severity(self, made: Made, maker: Event | None) -> tuple[Severity, str]:
        if maker and maker.arn == self.operator:
            return "info", "Whoever runs this made it."
        if self.user and self.user in (made.of, made.name):
            return "high", "It opens what the leaked key opens, and nothing says that one of you made it."
        if maker is None:
            return self._of_nobody(made)
        if made.name in self.known:
            return "info", "The inventory knows it."
        if made.trusts:
            return "medium", "It lets in somebody of another account; it was not made with what leaked."
        return "low", "It was made since the exposure, though not with what leaked."

    def _of_nobody(self, made: Made) -> tuple[Severity, str]:
        why = self._why_untold(made)
        if made.name in self.known or made.name in self.ours:
            return "low", f"Its name is known here, and {why}: anybody may have taken that name."
        return "medium", f"It was made since the exposure, and {why}."

    def _why_untold(self, made: Made) -> str:
        if self.history.missed(named(made)):
            return "there was no time to ask by whom"
        late = f", which it may take {LATE.seconds // 60} minutes to" if made.at > self.now - LATE else ""
        return f"CloudTrail does not say by whom{late}"


def named(made: Made) -> Attribute:
    return ("ResourceName", made.of or made.name)


def makes(event: Event, made: Made) -> bool:
    """Whether this event made it, or changed it last."""
    if event.error or event.action not in KINDS[made.what].actions:
        return False
    match made.what:
        case "key":
            return issued(event) == made.name
        case "policy":
            return made.name in (policy_made(event), event.asked.get("policyArn"))
        case "role":
            return event.asked.get("roleName") == made.name
    return event.asked.get("userName") == made.name
