"""What was done with a leaked Modal token: what the workspace has that is new, and its audit log."""

from collections.abc import Iterator
from typing import Final

from responder.action import Call
from responder.exposure import base_of
from responder.providers.modal import workspace
from responder.providers.modal.connection import ModalConnection
from responder.providers.modal.review_audit import activity, origin
from responder.providers.modal.review_read import App, Version, Workspace, read
from responder.providers.modal.review_who import Who
from responder.trace import LookBack, Review, Reviewed, Severity, Trace

STOP_APP: Final = "modal.stop_app"
DELETE_TOKEN: Final = "modal.delete_foreign_token"  # noqa: S105  # an action's name


class ModalLookBack(LookBack):
    principals: tuple[str, ...] = ()  # whose tokens leaked: names of service users and of members


class ReviewModal(Review[ModalLookBack]):
    name = "modal.review"
    permissions = (workspace.MANAGER,)  # others' tokens are shown to nobody else
    looks_at = "Modal's apps, containers, tokens, Secrets and audit log"

    def look(self, call: Call, given: ModalLookBack) -> Reviewed:
        questions = self.questions(call)
        now = call.clock()
        since = given.start(now)
        there = read(call.connections.get(ModalConnection), since, now, questions)
        who = Who.of(given, there, since, call.run)
        left = [*_apps(there, who), *_tokens(there, who), *_secrets(there, who)]
        told = [one.model_copy(update=origin(one, there)) for one in left]
        return Reviewed(traces=(*told, *activity(there, who, left)), unread=questions.unread)


def _apps(there: Workspace, who: Who) -> Iterator[Trace]:
    for app in there.apps:
        if app.name in who.known:
            yield from _version_of_ours(app, who)
        elif app.created_at >= who.since or any(one.at >= who.since for one in app.versions):
            yield _foreign_app(app, who)
    for app_id, count in there.strays.items():
        yield Trace(
            provider="modal",
            kind="modal.container-running",
            subject=app_id,
            what=f"{_containers(count)} of {app_id}, which no list of apps has",
            severity="high",
            because="Whatever it is, it runs, and the list of apps does not show it.",
            evidence=f"TaskList: {count}; AppList: none with that id",
            undo=f"modal app stop {app_id} --yes",
        )


def _version_of_ours(app: App, who: Who) -> Iterator[Trace]:
    """What leaked may have put its own code under a name that everybody knows."""
    suspect = [one for one in app.versions if one.at >= who.since and one.by in who.leaked]
    if not suspect:
        return
    newest, runs = suspect[0], suspect[0] is app.versions[0]
    honest = next((one for one in app.versions if one.number < suspect[-1].number), None)
    yield Trace(
        provider="modal",
        kind="modal.app-redeployed",
        subject=app.app_id,
        of=app.environment,
        what=f"Version {newest.number} of {app.name} was deployed in {app.environment} with what leaked",
        at=newest.at,
        by=newest.by,
        severity="high" if runs else "medium",
        because="It is what runs now, and whether it is your code only you can tell."
        if runs
        else f"It ran until version {app.versions[0].number} took its place.",
        evidence=f"AppDeploymentHistory: {_history(app.versions)}",
        undo=f"modal app rollback {app.app_id} v{honest.number} -e {app.environment}"
        if honest and runs
        else "",
        mark=f"v{newest.number}{'' if runs else ' replaced'}",
    )


def _foreign_app(app: App, who: Who) -> Trace:
    newest = app.versions[0] if app.versions else None
    by = newest.by if newest else app.created_by
    severity, because = _of_app(app, by, who)
    did = "deployed" if newest else "started"
    runs = f", and {_containers(app.containers)}" if app.containers else ""
    now = runs if app.lives else f"; it is {app.state}"
    return Trace(
        provider="modal",
        kind="modal.app-deployed",
        subject=app.app_id,
        of=app.environment,
        what=f"App {app.name}, unknown to the inventory, was {did} in {app.environment}{now}",
        at=newest.at if newest else app.created_at,
        by=by,
        severity=severity,
        because=because,
        evidence=f"AppDeploymentHistory: {_history(app.versions)}" if newest else f"AppList: {app.state}",
        undo=f"modal app stop {app.app_id} -e {app.environment} --yes" if app.lives else "",
        remove_with=STOP_APP if app.lives else "",
        mark=f"v{newest.number if newest else 0}{'' if app.lives else ' stopped'}",
    )


def _of_app(app: App, by: str, who: Who) -> tuple[Severity, str]:
    if not app.lives and who.is_ours(app.stopped_by):
        return "info", f"{app.stopped_by} has stopped it; what it did while it ran is in its logs."
    if by in who.leaked:
        if app.lives:
            return "critical", "It was made with what leaked, and no revoked token stops it."
        return "medium", "It was made with what leaked; what it did while it ran is in its logs."
    if who.is_ours(by):
        return "info", "You or a run of yours made it."
    return "low", f"{by or 'Nobody that Modal names'} made it, whose token is not known to have leaked."


def _tokens(there: Workspace, who: Who) -> Iterator[Trace]:
    for user in there.service_users:
        fresh = user.created_at >= who.since and user.name not in who.ours and user.token_id not in who.ours
        if fresh and user.token_id not in who.leaked_ids:
            successor = base_of(user.name) in who.known
            severity, because = who.made(user.created_by, "medium")
            if successor and severity != "critical":
                because = (
                    "It has the name of a credential of the inventory, and no run of this journal made it."
                )
            yield Trace(
                provider="modal",
                kind="modal.service-user-created",
                subject=user.token_id,
                of=user.name,
                what=f"Service user {user.name} was made, with token {user.token_id}",
                at=user.created_at,
                by=user.created_by,
                severity=severity,
                because=because,
                evidence=f"ServiceUserList: roles {dict(user.environment_roles)}",
                undo=f"modal workspace service-users delete {user.name}",
                remove_with="" if successor else DELETE_TOKEN,
            )
    for token in there.member_tokens:
        fresh = token.created_at >= who.since and token.token_id not in who.ours | {there.own_token}
        if fresh and token.token_id not in who.leaked_ids:
            leaked = token.username in who.leaked
            yield Trace(
                provider="modal",
                kind="modal.member-token-created",
                subject=token.token_id,
                of=token.username,
                what=f"A token of {token.username} was made: {token.token_id}",
                at=token.created_at,
                severity="high" if leaked else "low",
                because=f"Another token of {token.username} leaked, and this one lives on."
                if leaked
                else f"It takes a browser in which {token.username} is signed in; ask them.",
                evidence=f"TokensList: created {token.created_at:%Y-%m-%d %H:%M:%S} UTC",
                undo=f"modal workspace member-tokens delete {token.token_id}",
                remove_with=DELETE_TOKEN,
            )
    for proxy in there.proxy_tokens:
        fresh = proxy.created_at >= who.since and proxy.token_id not in who.ours | who.known
        if fresh and proxy.token_id not in who.leaked_ids:
            severity, because = who.made(proxy.created_by, "medium")
            named = f" {proxy.name}" if proxy.name else ""
            yield Trace(
                provider="modal",
                kind="modal.proxy-token-created",
                subject=proxy.token_id,
                what=f"Proxy token{named} was made: {proxy.token_id}",
                at=proxy.created_at,
                by=proxy.created_by,
                severity=severity,
                because=because,
                evidence="WebhookTokenList: it opens "
                + ("some environments' endpoints" if proxy.scoped else "every web endpoint of the workspace"),
                undo=f"modal workspace proxy-tokens delete {proxy.token_id}",
                remove_with=DELETE_TOKEN,
            )


def _secrets(there: Workspace, who: Who) -> Iterator[Trace]:
    for secret in there.secrets:
        if secret.created_at >= who.since:
            severity, because = who.made(secret.created_by, "low")
            yield Trace(
                provider="modal",
                kind="modal.secret-created",
                subject=secret.name,
                of=secret.environment,
                what=f"Secret {secret.name} was made in {secret.environment}",
                at=secret.created_at,
                by=secret.created_by,
                severity="high" if severity == "critical" else severity,
                because=because,
                evidence=f"SecretList: {secret.secret_id} with {', '.join(secret.keys) or 'nothing'}",
                undo=f"modal secret delete {secret.name} -e {secret.environment}",
            )


def _containers(count: int) -> str:
    return f"{count} containers run" if count > 1 else "1 container runs"


def _history(versions: tuple[Version, ...]) -> str:
    newest = (f"v{one.number} by {one.by} at {one.at:%Y-%m-%d %H:%M:%S} UTC" for one in versions[:3])
    return ", ".join(newest)


ACTIONS = (ReviewModal(),)
