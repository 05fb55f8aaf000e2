"""What IAM shows as made since, and CloudTrail does not tie to the leak: by whom it was made, if it tells."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from responder.providers.aws.following import issued
from responder.providers.aws.history import GLOBAL, Attribute, Event, History
from responder.providers.aws.made import Made, What
from responder.providers.aws.telling import DELETE_KEY, DELETE_ROLE, DELETE_USER
from responder.trace import Severity, Trace


@dataclass(frozen=True)
class _Kind:
    kind: str
    what: str
    undo: str
    remove_with: str
    action: str  # what CloudTrail calls its making


KINDS: Final[Mapping[What, _Kind]] = {
    "user": _Kind(
        "aws.user-created",
        "IAM user {name} was made",
        "aws iam delete-user --user-name {name}  # first what hangs on it: runbooks/evict.md",
        DELETE_USER,
        "CreateUser",
    ),
    "key": _Kind(
        "aws.key-created",
        "An access key of {of} was made",
        "aws iam delete-access-key --user-name {of} --access-key-id {name}",
        DELETE_KEY,
        "CreateAccessKey",
    ),
    "password": _Kind(
        "aws.password-set",
        "A password for the console was set for {name}",
        "aws iam delete-login-profile --user-name {name}",
        "",
        "CreateLoginProfile",
    ),
    "role": _Kind(
        "aws.role-created",
        "Role {name} was made",
        "aws iam delete-role --role-name {name}  # first what hangs on it: runbooks/evict.md",
        DELETE_ROLE,
        "CreateRole",
    ),
    "policy": _Kind(
        "aws.policy-changed",
        "The managed policy {name} was made or changed",
        "aws iam list-entities-for-policy --policy-arn {name}",
        "",
        "CreatePolicy",
    ),
}


@dataclass(frozen=True)
class Others:
    """Tells of each thing who made it and how much that matters.

    `operator` is the ARN of who runs this; `user` is the leaked key's; `known` are the inventory's names.
    """

    history: History
    operator: str
    user: str
    known: Sequence[str]

    def traces(self, made: Sequence[Made]) -> list[Trace]:
        self.history.look_up(dict.fromkeys(map(_named, made)), (GLOBAL,))
        return [self._trace(one) for one in made]

    def _trace(self, made: Made) -> Trace:
        kind = KINDS[made.what]
        maker = next((one for one in self.history.events() if _makes(one, made)), None)
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
            undo=kind.undo.format(**quoted),
            remove_with=kind.remove_with,
        )

    def _severity(self, made: Made, maker: Event | None) -> tuple[Severity, str]:
        if maker and self.operator.endswith(f"/{maker.who}"):
            return "info", "Whoever runs this made it."
        if self.user and self.user in (made.of, made.name):
            return "high", "It opens what the leaked key opens, and nothing says that one of you made it."
        if made.name in self.known:
            return "info", "The inventory knows it."
        if maker is None:
            no_time = self.history.missed(_named(made))
            why = "there was no time to ask by whom" if no_time else "CloudTrail does not say by whom"
            return "medium", f"It was made since the exposure, and {why}."
        if made.trusts:
            return "medium", "It lets in somebody of another account; it was not made with what leaked."
        return "low", "It was made since the exposure, though not with what leaked."


def _named(made: Made) -> Attribute:
    return ("ResourceName", made.of or made.name)


def _makes(event: Event, made: Made) -> bool:
    if event.error or event.action != KINDS[made.what].action:
        return False
    if made.what == "key":
        return issued(event) == made.name
    name = made.name.rpartition("/")[2] if made.what == "policy" else made.name
    return name in (event.asked.get("userName"), event.asked.get("roleName"), event.asked.get("policyName"))
