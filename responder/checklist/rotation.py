"""Nothing grows old, and no person's token does a machine's work."""

import re
from collections.abc import Iterator
from datetime import datetime

from responder.checklist.point import Facts, Look, Point, cannot_tell, fail, passes
from responder.duration import in_words
from responder.exposure import Workload, base_of
from responder.found import Kind
from responder.inventory import Credential
from responder.places import Read

_SECRET_KEY = re.compile(r"AWS_SECRET_ACCESS_KEY", re.IGNORECASE)
_FOR_OIDC = "Let the workflow sign in by OIDC: aws-actions/configure-aws-credentials with role-to-assume."
_AGE = 'Say how old it may grow: max_age = "90d" in respond.toml'


def ages(facts: Facts) -> Iterator[Look]:
    yield from facts.unread(Read.IAM_USERS, "The IAM users")
    yield from facts.unread(Read.SERVICE_USERS, "The service users")
    for credential in facts.inventory.credentials.values():
        if credential.kind in (Kind.AWS_ACCESS_KEY, Kind.MODAL_SERVICE_USER):
            if credential.max_age is None:
                yield fail(f"{credential.name} may grow as old as it likes.", _AGE)
                continue
            yield from _aged(facts, credential)
        else:
            yield cannot_tell(
                f"{credential.name} is a {credential.kind.value}, of which nobody tells its age here.",
                "Look at its page, and replace it by hand when it is due.",
            )


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
    """A key that does not exist cannot leak. A workflow needs none: GitHub signs tokens that AWS takes.

    Modal signs such tokens too; the guide has a key for each environment in its Secret all the same.
    https://docs.github.com/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws and
    https://modal.com/docs/guide/oidc-integration
    """
    held = [one for one in facts.inventory.credentials.values() if one.kind is Kind.AWS_ACCESS_KEY]
    known = {place.label for one in held for place in one.github_environments}
    for label in sorted(known):
        yield fail(f"A static AWS key is kept at GitHub: {label}.", _FOR_OIDC)
    yield from _static_at_github(facts)
    for one in held:
        if one.github_environments:
            continue
        places = ", ".join(place.label for place in one.modal_secrets)
        where = f"in {places}" if places else "that respond.toml gives no place"
        yield passes(
            f"{one.name} is a static key {where}. A role that trusts Modal's OIDC tokens would need none: "
            "https://modal.com/docs/guide/oidc-integration"
        )
    if not held:
        yield passes("respond.toml names no static AWS key.")


def _static_at_github(facts: Facts) -> Iterator[Look]:
    """By the names that such keys are given, as nobody can read them."""
    named = {
        (place.repository, place.environment, name.upper())
        for credential in facts.inventory.credentials.values()
        for place in credential.github_environments
        for name in (place.identifier_key, place.secret_key)
    }
    for secret in facts.discovered.github_secrets:
        key = (secret.repository, secret.environment, secret.name.upper())
        if _SECRET_KEY.search(secret.name) and not secret.variable and key not in named:
            where = f"{secret.repository}/{secret.environment}" if secret.environment else secret.repository
            yield fail(f"A static AWS key is kept at GitHub: {where}/{secret.name}.", _FOR_OIDC)


POINTS = (
    Point("ages", "Nothing is older than its policy allows", ages, fix="rotate"),
    Point("personal-tokens", "CI deploys with service users, not with people's tokens", personal_tokens),
    Point("static-keys", "No static AWS key is kept where GitHub's OIDC would do", static_keys),
)
