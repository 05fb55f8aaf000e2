"""What the audit log adds: where from, and what left nothing that a list would show."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from responder.providers.modal.review_read import Entry, Workspace
from responder.providers.modal.review_who import Who
from responder.trace import Severity, Trace

# Who may do what, or what is gone for good: https://modal.com/docs/guide/audit-logs
_GRAVE: Final = frozenset(
    {
        "access_grant.approve",
        "environment.delete",
        "environment.update_member",
        "invite.create_for_workspace",
        "member.delete",
        "member.set_role",
        "secret.create",
        "token.delete",
    }
)


def origin(trace: Trace, there: Workspace) -> dict[str, str]:
    """The evidence, with the address that it came from where the log has it, and by whom."""
    thing = next(
        (s.secret_id for s in there.secrets if (s.name, s.environment) == (trace.subject, trace.of)), ""
    )
    for entry in reversed(there.entries):
        if entry.succeeded and {trace.subject, thing} & set(entry.targets) and not _only_looked(entry):
            said = f"{trace.evidence}; audit log: {entry.action} from {entry.address}"
            return {"evidence": said, "by": trace.by or entry.actor}
    return {}


def activity(there: Workspace, who: Who, left: Sequence[Trace]) -> Iterator[Trace]:
    """One trace for each action, actor, environment and outcome, of what no other trace tells."""
    told = {one.subject for one in left}
    told |= {s.secret_id for s in there.secrets if s.name in told and s.created_at >= who.since}
    groups: dict[tuple[str, str, str, bool], list[Entry]] = defaultdict(list)
    for one in there.entries:
        of_interest = one.actor in who.leaked or (one.action in _GRAVE and not who.is_ours(one.actor))
        if of_interest and not (one.succeeded and told & set(one.targets)):
            groups[one.action, one.actor, one.environment, one.succeeded].append(one)
    for group in groups.values():
        yield _told(group, who)


def _told(group: list[Entry], who: Who) -> Trace:
    first, last = group[0], group[-1]
    severity, because = _severity(last, who)
    times = f"{len(group)} times, last at" if len(group) > 1 else "once, at"
    where = f" in {last.environment}" if last.environment else ""
    refused = "" if last.succeeded else ", which failed"
    return Trace(
        provider="modal",
        kind="modal.activity",
        subject=last.action,
        of=" ".join(filter(None, (last.environment, last.actor, "" if last.succeeded else "failed"))),
        what=f"{last.actor} did {last.action}{where}{refused}: {times} {last.at:%Y-%m-%d %H:%M:%S} UTC",
        at=last.at,
        by=last.actor,
        severity=severity,
        because=because,
        evidence=f"audit log {first.id}: from {last.address}, {', '.join(last.targets) or 'no target'}",
        mark=f"{len(group)} {last.at.isoformat()}",
    )


def _severity(entry: Entry, who: Who) -> tuple[Severity, str]:
    if entry.actor not in who.leaked:
        return "low", f"No token of {entry.actor} is known to have leaked; ask them."
    if not entry.succeeded:
        return "low", "It was tried with what leaked, and refused."
    if _only_looked(entry):
        return "info", "It changed nothing."
    if entry.action in _GRAVE:
        return "high", "It was done with what leaked, and changes who may do what, or cannot be brought back."
    return "medium", "It was done with what leaked; whether by your own workload only you can tell."


def _only_looked(entry: Entry) -> bool:
    return entry.action.endswith(".get")
