"""Who is who in a review: the intruder by what leaked, us by identifier, and everybody else."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, Self

from responder.exposure import base_of, successor
from responder.providers.modal.review_read import Workspace
from responder.trace import Severity

if TYPE_CHECKING:
    from responder.providers.modal.review import ModalLookBack


class _Made(Protocol):
    @property
    def created_at(self) -> datetime: ...


@dataclass(frozen=True)
class Who:
    since: datetime
    us: str
    ours: frozenset[str]  # token ids and other identifiers that runs made, and whatever else they put out
    makers: frozenset[str]  # names of service users that runs made
    known: frozenset[str]  # names of the inventory
    leaked: frozenset[str]  # names under which what leaked is shown, and service users that were made with it
    leaked_ids: frozenset[str]

    @classmethod
    def of(cls, given: "ModalLookBack", there: Workspace, since: datetime, run: str) -> Self:
        """The successors that the run itself makes are known by its id in their names.

        Of others that runs made a name counts where their token is listed under it, or, as they are gone,
        nobody's is: anybody may take a name.
        """
        ids = frozenset(given.leaked)
        names = {one.name for one in there.service_users if one.token_id in ids}
        names |= {one.username for one in there.member_tokens if one.token_id in ids}
        mine = {one.token_id for one in there.service_users if one.name == successor(base_of(one.name), run)}
        ours = frozenset({*filter(None, given.ours), *mine})
        listed = {one.name: one.token_id in ours for one in there.service_users}
        gone = {name for name in ours if name not in listed and base_of(name) != name}
        leaked = {*given.principals, *names}
        new = [one for one in there.service_users if one.created_at >= since and one.token_id not in ours]
        while more := {one.name for one in new if one.created_by in leaked} - leaked:
            leaked |= more
        return cls(
            since=since,
            us=there.us,
            ours=ours,
            makers=frozenset({*gone, *(name for name, is_ours in listed.items() if is_ours)}),
            known=frozenset(given.known),
            leaked=frozenset(leaked),
            leaked_ids=ids,
        )

    def finds_new(self, thing: "_Made", *names: str) -> bool:
        """Made since, and none of its names is known as leaked or ours."""
        return thing.created_at >= self.since and not {*names} & (self.ours | self.leaked_ids)

    def is_ours(self, name: str) -> bool:
        """The operator, or whom a run made; not where their own token leaked."""
        return bool(name) and name not in self.leaked and (name == self.us or name in self.makers)

    def made(self, by: str, otherwise: Severity) -> tuple[Severity, str]:
        """How severe it is that `by` made something, and why."""
        if by in self.leaked:
            return "critical", "It was made with what leaked, and lives on when that is dead."
        if self.is_ours(by):
            return "low", f"{by} made it, under whose name you are signed in: was it you?"
        return (
            otherwise,
            f"{by or 'Nobody that Modal names'} made it; no token of theirs is known to have leaked.",
        )
