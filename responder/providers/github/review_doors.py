"""What lets somebody in without a token of yours, or carries out what is pushed."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from responder.providers.github.review_read import Json, Repository, moment
from responder.providers.github.review_who import Who
from responder.trace import Severity, Trace

REMOVE_KEY: Final = "github.remove_deploy_key"
REMOVE_WEBHOOK: Final = "github.remove_webhook"
REMOVE_INVITATION: Final = "github.withdraw_invitation"
TAKE_ACCESS: Final = "github.take_access"


def doors(there: Repository, who: Who) -> Iterator[Trace]:
    for key in there.keys:
        if moment(key["created_at"]) >= who.since:
            yield _key(there.name, key, who)
    for hook in there.hooks:
        if moment(hook["updated_at"]) >= who.since:
            yield hook_trace(there.name, hook, who)
    for invitation in there.invitations:
        if moment(invitation["created_at"]) >= who.since:
            yield _invitation(there.name, invitation, who)
    for person in there.collaborators:
        yield _collaborator(there.name, person)
    for team in there.teams:
        yield _team(there.name, team)


def _key(repository: str, key: Json, who: Who) -> Trace:
    by = str(key.get("added_by") or "")
    writes = not key["read_only"]
    severity: Severity = "critical" if writes or by in who.leaked else "high"
    may = "read and push" if writes else "read"
    return Trace(
        provider="github",
        kind="github.deploy-key-added",
        subject=str(key["id"]),
        of=repository,
        what=f"A deploy key was added to {repository}: {key['title'] or 'without a title'}",
        at=moment(key["created_at"]),
        by=by,
        severity=severity,
        because=f"Whoever has its other half may {may}, with no token that could be revoked.",
        evidence=f"GET /repos/{repository}/keys: {key['key'].partition(' ')[0]}, "
        f"last used {key.get('last_used') or 'never, as far as GitHub tells'}",
        undo=f"gh repo deploy-key delete {key['id']} --repo {repository}",
        remove_with=REMOVE_KEY,
    )


def host_of(hook: Json) -> str:
    """Never the whole address: what is sent there is often let in by a token in it."""
    return urlsplit(str(hook["config"].get("url", ""))).hostname or "an address that is none"


def hook_trace(owner: str, hook: Json, who: Who) -> Trace:
    """Of a repository or of an organisation."""
    made = moment(hook["created_at"]) >= who.since
    path = f"repos/{owner}" if "/" in owner else f"orgs/{owner}"
    host = host_of(hook)
    events = ", ".join(hook["events"]) or "nothing"
    return Trace(
        provider="github",
        kind="github.webhook-added" if made else "github.webhook-changed",
        subject=str(hook["id"]),
        of=owner,
        what=f"A webhook of {owner} to {host} was {'added' if made else 'changed'}",
        at=moment(hook["updated_at"]),
        severity="high" if made else "medium",
        because=f"It tells {host} of every {events}.",
        evidence=f"GET /{path}/hooks: {'active' if hook['active'] else 'inactive'}, of {events}",
        undo=f"gh api -X DELETE {path}/hooks/{hook['id']}",
        remove_with=REMOVE_WEBHOOK,
        mark=hook["updated_at"],
    )


def _invitation(repository: str, invitation: Json, who: Who) -> Trace:
    by = str((invitation["inviter"] or {}).get("login", ""))
    invited = str((invitation["invitee"] or {}).get("login", "")) or "somebody without an account"
    return Trace(
        provider="github",
        kind="github.collaborator-invited",
        subject=str(invitation["id"]),
        of=repository,
        what=f"{invited} was invited to {repository}, to {invitation['permissions']}",
        at=moment(invitation["created_at"]),
        by=by,
        severity="critical" if by in who.leaked else "high",
        because="Who accepts it is in with an account of their own.",
        evidence=f"GET /repos/{repository}/invitations: not accepted yet",
        undo=f"gh api -X DELETE repos/{repository}/invitations/{invitation['id']}",
        remove_with=REMOVE_INVITATION,
    )


def _collaborator(repository: str, person: Json) -> Trace:
    """Only told: GitHub does not say since when. One who is new shows as new at a later look."""
    return Trace(
        provider="github",
        kind="github.collaborator",
        subject=str(person["login"]),
        of=repository,
        what=f"{person['login']} has {person['role_name']} in {repository}",
        severity="info",
        if_new="high",
        because="GitHub does not tell since when; whether they should, only you know.",
        evidence=f"GET /repos/{repository}/collaborators: {person['role_name']}",
        undo=f"gh api -X DELETE repos/{repository}/collaborators/{person['login']}",
        remove_with=TAKE_ACCESS,
        mark=str(person["role_name"]),
    )


def _team(repository: str, team: Json) -> Trace:
    """Only told, as a collaborator is."""
    organization = repository.partition("/")[0]
    return Trace(
        provider="github",
        kind="github.team",
        subject=str(team["slug"]),
        of=repository,
        what=f"The team {team['name']} may {team['permission']} in {repository}",
        severity="info",
        if_new="high",
        because="GitHub does not tell since when; whether it should, only you know.",
        evidence=f"GET /repos/{repository}/teams: {team['permission']}",
        undo=f"gh api -X DELETE orgs/{organization}/teams/{team['slug']}/repos/{repository}",
        mark=str(team["permission"]),
    )
