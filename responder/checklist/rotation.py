"""Nothing grows old, and no person's token does a machine's work."""

from collections.abc import Iterator
from datetime import datetime

from responder.checklist.point import Facts, Look, Point, cannot_tell, fail, passes
from responder.duration import in_words
from responder.exposure import Kind, Workload, base_of
from responder.inventory import Credential
from responder.places import Read

_AGE = 'Say how old it may grow: max_age = "90d" in respond.toml'


def ages(facts: Facts) -> Iterator[Look]:
    yield from facts.unread(Read.IAM_USERS, "The IAM users")
    yield from facts.unread(Read.SERVICE_USERS, "The service users")
    for credential in facts.inventory.credentials.values():
        if credential.kind not in (Kind.AWS_ACCESS_KEY, Kind.MODAL_SERVICE_USER):
            continue
        if credential.max_age is None:
            yield fail(f"{credential.name} may grow as old as it likes.", _AGE)
            continue
        yield from _aged(facts, credential)


def _aged(facts: Facts, credential: Credential) -> Iterator[Look]:
    allowed = credential.max_age
    known = list(_made(facts, credential))
    if not known:
        yield facts.missing(credential.name)
    for name, made in known:
        if made is None:
            yield cannot_tell(f"When {name} was made is not told.", "respond doctor")
        elif allowed is not None and facts.now - made > allowed:
            yield fail(
                f"{credential.name}: {name} is {(facts.now - made).days} days old, of {in_words(allowed)}.",
                f"respond rotate {credential.name}",
            )
        else:
            yield passes(f"{credential.name}: {name} is {(facts.now - made).days} days old.")


def _made(facts: Facts, credential: Credential) -> Iterator[tuple[str, datetime | None]]:
    if credential.kind is Kind.AWS_ACCESS_KEY:
        for user in facts.discovered.iam_users:
            if user.name == credential.user:
                yield from ((key.access_key_id, key.created_at) for key in user.active)
        return
    for service_user in facts.discovered.service_users:
        if base_of(service_user.name) == credential.service_user:
            yield service_user.name, service_user.created_at


def personal_tokens(facts: Facts) -> Iterator[Look]:
    """Who deployed last tells whose token CI holds, which nobody can read."""
    if unread := list(facts.unread(Read.SERVICE_USERS, "The service users")):
        yield from unread
        return
    for workload in facts.inventory.workloads:
        yield from facts.unread(Read.modal_apps(workload.environment), f"The apps of {workload.environment}")
        yield _deployed(facts, workload)


def _deployed(facts: Facts, workload: Workload) -> Look:
    where = f"{workload.app} in {workload.environment}"
    apps = [
        app
        for app in facts.discovered.modal_apps
        if (app.name, app.environment) == (workload.app, workload.environment)
    ]
    if not apps:
        return facts.missing(where)
    by = apps[0].deployed_by
    if by is None:
        return cannot_tell(f"Who deployed {where} is not told.", "respond doctor")
    if by in {one.name for one in facts.discovered.service_users}:
        return passes(f"Service user {by} deployed {where}.")
    return fail(
        f"{where} was deployed by {by or 'nobody'}, which is no service user.",
        "Deploy it by its workflow, with a service user's token: `respond run setup`.",
    )


def static_keys(facts: Facts) -> Iterator[Look]:
    """A key that does not exist cannot leak: Modal and GitHub sign tokens that AWS takes in its place.

    https://modal.com/docs/guide/oidc-integration
    """
    held = [one for one in facts.inventory.credentials.values() if one.kind is Kind.AWS_ACCESS_KEY]
    for one in held:
        placed = [*(p.label for p in one.modal_secrets), *(p.label for p in one.github_environments)]
        places = ", ".join(placed)
        where = f"in {places}" if places else "that respond.toml gives no place"
        yield passes(
            f"{one.name} is a static key {where}. A role that trusts OIDC tokens would need none: "
            "https://modal.com/docs/guide/oidc-integration"
        )
    if not held:
        yield passes("respond.toml names no static AWS key.")


POINTS = (
    Point("ages", "Nothing is older than its policy allows", ages, fix="rotate"),
    Point("personal-tokens", "CI deploys with service users, not with people's tokens", personal_tokens),
    Point("static-keys", "Static AWS keys that OIDC could replace are known", static_keys),
)
