"""What was done with a leaked Modal token: what the workspace has that is new, and its audit log."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from shlex import quote
from typing import Final

from responder.action import Call
from responder.providers.modal import workspace
from responder.providers.modal.connection import ModalConnection
from responder.providers.modal.review_apps import App, Version
from responder.providers.modal.review_audit import activity, origin
from responder.providers.modal.review_made import made
from responder.providers.modal.review_read import Workspace, read
from responder.providers.modal.review_who import Who
from responder.trace import LookBack, Review, Reviewed, Severity, Trace

STOP_APP: Final = "modal.stop_app"


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
        there = read(call.connections.get(ModalConnection), since, now, questions, given.known)
        who = Who.of(given, there, since, call.run)
        left = [*_apps(there, who), *made(there, who)]
        told = [one.model_copy(update=origin(one, there)) for one in left]
        traces = (*told, *activity(there, who, left))
        return Reviewed(traces=traces, unread=questions.unread, limited=questions.limited)


def _apps(there: Workspace, who: Who) -> Iterator[Trace]:
    unknown: dict[str, list[App]] = defaultdict(list)
    for app in there.apps:
        if app.name in who.known:
            yield from _version_of_ours(app, who)
        elif app.came_since(who.since):
            yield _foreign_app(app, there, who)
        elif app.containers:
            unknown[app.environment].append(app)
    for environment, apps in unknown.items():
        yield _run_since_before(environment, apps)
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
        undo=f"modal app rollback {app.app_id} v{honest.number} -e {quote(app.environment)}"
        if honest and runs
        else "",
        mark=f"v{newest.number}{'' if runs else ' replaced'}",
    )


def _foreign_app(app: App, there: Workspace, who: Who) -> Trace:
    newest = app.versions[0] if app.versions else None
    by = newest.by if newest else app.created_by
    severity, because = _of_app(app, by, who)
    did = "deployed" if newest else "started"
    runs = f", and {_containers(app.containers)}" if app.containers else ""
    now = runs if app.lives else f"; it is {app.state}"
    given, read_by_it = _given(app, there)
    return Trace(
        provider="modal",
        kind="modal.app-deployed",
        subject=app.app_id,
        of=app.environment,
        what=f"App {app.name}, unknown to the inventory, was {did} in {app.environment}{given}{now}",
        at=newest.at if newest else app.created_at,
        by=by,
        severity=severity,
        because=because + read_by_it,
        evidence=f"AppDeploymentHistory: {_history(app.versions)}" if newest else f"AppList: {app.state}",
        undo=f"modal app stop {app.app_id} -e {quote(app.environment)} --yes" if app.lives else "",
        remove_with=STOP_APP if app.lives else "",
        mark=f"v{newest.number if newest else 0}{'' if app.lives else ' stopped'}",
    )


def _run_since_before(environment: str, apps: Sequence[App]) -> Trace:
    """Only told: they were there before, and an inventory need not name all that runs."""
    each = ", ".join(
        sorted(f"{one.name} by {one.versions[0].by if one.versions else one.created_by}" for one in apps)
    )
    return Trace(
        provider="modal",
        kind="modal.apps-running",
        subject=environment,
        what=f"Unknown to the inventory, containers run in {environment} of {each}",
        severity="info",
        because="They were deployed before the exposure; whether they are yours only you can tell.",
        evidence=f"TaskList, AppList: {', '.join(f'{one.app_id} {one.containers}' for one in apps)}",
        mark=each,
    )


def _given(app: App, there: Workspace) -> tuple[str, str]:
    """Which Secrets it is given, as half a sentence, and what that means."""
    if app.given is None:
        return (
            "",
            " Which Secrets it is given Modal did not tell: take every one of its environment for read.",
        )
    named = {one.secret_id: one for one in there.secrets}
    secrets = [named[one] for one in app.given if one in named]
    others = len(app.given) - len(secrets)
    names = [one.name for one in secrets] + ([f"{others} without a name"] if others else [])
    if not names:
        return "", ""
    keys = sorted({key for one in secrets for key in one.keys})
    held = f": {', '.join(keys)}" if keys else ""
    return f" with {' and '.join(names)}", f" Take what it is given for read, and replace it{held}."


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


def _containers(count: int) -> str:
    return f"{count} containers run" if count > 1 else "1 container runs"


def _history(versions: tuple[Version, ...]) -> str:
    newest = (f"v{one.number} by {one.by} at {one.at:%Y-%m-%d %H:%M:%S} UTC" for one in versions[:3])
    return ", ".join(newest)


ACTIONS = (ReviewModal(),)
