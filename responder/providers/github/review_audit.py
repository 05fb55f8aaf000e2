"""What the organisation's audit log adds, where GitHub shows it: GitHub Enterprise Cloud, to owners."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from responder.errors import DeniedError, NotFoundError, NotShownError
from responder.providers.github.connection import GithubConnection
from responder.providers.github.review_read import Json, pages
from responder.providers.github.review_who import Who
from responder.questions import Answer, Questions
from responder.trace import Severity, Trace

_MOST: Final = 1000
_SAME: Final = timedelta(seconds=2)
# What a list of the repository tells of already.
_TOLD_BY: Final = {
    "public_key.create": "github.deploy-key-added",
    "hook.create": "github.webhook-added",
    "repository_invitation.create": "github.collaborator-invited",
    "environment.update_protection_rule": "github.environment-changed",
    "repository_ruleset.create": "github.ruleset-changed",
    "repository_ruleset.update": "github.ruleset-changed",
}
# Who may do what, and what guards it.
_GRAVE: Final = (
    "environment.remove_protection_rule",
    "integration_installation.",
    "org.add_member",
    "org.invite_member",
    "org.register_self_hosted_runner",
    "org.update_member",
    "personal_access_token.",
    "protected_branch.",
    "repo.access",
    "repo.add_member",
    "repo.register_self_hosted_runner",
    "repo.update_member",
    "repository_ruleset.destroy",
    "secret_scanning.disable",
)


def read_audit_log(
    connection: GithubConnection, questions: Questions, owner: str, since: datetime
) -> Answer[list[Json]]:
    asked = urlencode({"phrase": f"created:>={since:%Y-%m-%d}", "per_page": "100"})

    def ask() -> list[Json]:
        found: list[Json] = []
        try:
            for page in pages(connection, f"/orgs/{owner}/audit-log?{asked}"):
                found += [one for one in page if _at(one) >= since]
                if len(found) >= _MOST:
                    questions.not_read(f"the audit log of {owner}", f"only {len(found)} events were read")
                    break
        except (NotFoundError, DeniedError):
            raise NotShownError(
                "github",
                f"GET /orgs/{owner}/audit-log",
                "it is shown to owners alone, and only on GitHub Enterprise Cloud; so who changed a secret, "
                "and what was changed and is as before again, is not told.",
            ) from None
        return found

    return questions.ask(f"the audit log of {owner}", ask)


def audited(events: Sequence[Json], traces: Sequence[Trace], who: Who) -> Iterator[Trace]:
    """The traces with what the log knows of them, and what it alone knows."""
    rest = list(events)
    for trace in traces:
        known = [one for one in rest if _tells(one, trace)]
        rest = [one for one in rest if one not in known]
        yield trace.model_copy(update=_enriched(trace, known[0])) if known else trace
    groups: dict[tuple[str, str, str], list[Json]] = defaultdict(list)
    for one in rest:
        action, actor = str(one["action"]), str(one.get("actor", ""))
        if actor in who.leaked or action.startswith(_GRAVE):
            groups[action, actor, str(one.get("repo") or one.get("org", ""))].append(one)
    for (action, actor, place), group in groups.items():
        yield _told(action, actor, place, group, who)


def _tells(event: Json, trace: Trace) -> bool:
    return (
        _TOLD_BY.get(str(event["action"])) == trace.kind
        and event.get("repo") == trace.of
        and trace.at is not None
        and abs(_at(event) - trace.at) <= _SAME
    )


def _enriched(trace: Trace, event: Json) -> dict[str, Any]:
    where = _address(event)
    said = f"{trace.evidence}; audit log {event.get('_document_id', '')}: {event['action']}{where}"
    return {"evidence": said, "by": trace.by or str(event.get("actor", ""))}


def _told(action: str, actor: str, place: str, group: Sequence[Json], who: Who) -> Trace:
    last = max(group, key=_at)
    leaked = actor in who.leaked
    times = f"{len(group)} times, last at" if len(group) > 1 else "once, at"
    severity: Severity = "high" if leaked else "low"
    return Trace(
        provider="github",
        kind="github.activity",
        subject=action,
        of=" ".join(filter(None, (place, actor))),
        what=f"{actor or 'Somebody'} did {action} in {place}: {times} {_at(last):%Y-%m-%d %H:%M:%S} UTC",
        at=_at(last),
        by=actor,
        severity=severity,
        because="It was done with a token that leaked."
        if leaked
        else "It changes who may do what; no token of theirs is known to have leaked.",
        evidence=f"audit log {last.get('_document_id', '')}{_address(last)}",
        mark=f"{len(group)} {_at(last).isoformat()}",
    )


def _at(event: Json) -> datetime:
    return datetime.fromtimestamp(int(event.get("@timestamp") or event["created_at"]) / 1000, UTC)


def _address(event: Json) -> str:
    address = event.get("actor_ip")
    return f" from {address}" if address else ""
