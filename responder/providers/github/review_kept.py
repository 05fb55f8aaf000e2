"""Secrets and variables that were made or changed: of Actions, Dependabot and Codespaces."""

import shlex
from collections.abc import Iterator, Sequence

from responder.providers.github.review_read import Kept
from responder.providers.github.review_who import Who
from responder.trace import Trace


def kept(owner: str, things: Sequence[Kept], who: Who) -> Iterator[Trace]:
    """`owner` is the repository that was asked, or an organisation."""
    for one in things:
        if one.updated_at >= who.since and not who.wrote(owner, one):
            yield _told(owner, one, who)


def _told(owner: str, one: Kept, who: Who) -> Trace:
    made = one.created_at >= who.since
    what = "Variable" if one.is_variable else "Secret"
    keeper = "" if one.keeper == "actions" else f" for {one.keeper.capitalize()}"
    of_organization = one.shared or "/" not in owner
    place = one.environment or ("the organisation" if of_organization else "the repository")
    holder = f"{owner}/{one.environment}" if one.environment else owner
    return Trace(
        provider="github",
        kind="github.variable-updated" if one.is_variable else "github.secret-updated",
        subject=one.name,
        of=f"{holder} {one.keeper}" if keeper else holder,
        what=f"{what} {one.name} of {place} in {owner}{keeper} was {'made' if made else 'changed'}",
        at=one.updated_at,
        severity="low" if one.is_variable else "medium",
        because="What a workflow does with it may be another thing by now, if that was not one of you."
        if one.is_variable
        else "Whatever runs with it has somebody else's value by now, if that was not one of you.",
        evidence=f"GET {one.address}: updated_at {one.updated_at:%Y-%m-%d %H:%M:%S} UTC; "
        "GitHub does not tell by whom",
        undo=_undo(owner, one, made=made, of_organization=of_organization),
        mark=one.updated_at.isoformat(),
    )


def _undo(owner: str, one: Kept, *, made: bool, of_organization: bool) -> str:
    """What is new goes; what was there before has to be set anew, and `gh` asks for its value."""
    what = "variable" if one.is_variable else "secret"
    where = f"--org {owner.partition('/')[0]}" if of_organization else f"--repo {owner}"
    where = f"--env {shlex.quote(one.environment)} {where}" if one.environment else where
    where = where if one.keeper == "actions" else f"{where} --app {one.keeper}"
    return f"gh {what} {'delete' if made else 'set'} {one.name} {where}"
