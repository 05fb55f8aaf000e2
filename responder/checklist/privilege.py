"""Nobody may more than the work takes: service users, IAM users, workflows."""

from collections.abc import Iterator
from functools import partial

from responder.checklist.point import Facts, Look, Point, asked, fail, passes, unread
from responder.exposure import base_of
from responder.found import Kind
from responder.places import Read

_SAY = "Put `permissions: {}` at its top, and what a job needs at the job."


def roles(facts: Facts) -> Iterator[Look]:
    """A service user of the inventory has a role where its token is placed or deploys, and nowhere else."""
    yield from facts.unread(Read.SERVICE_USERS, "The service users")
    for credential in facts.inventory.credentials.values():
        if credential.kind is not Kind.MODAL_SERVICE_USER:
            continue
        needed = {place.environment for place in credential.github_environments}
        needed |= {w.environment for w in facts.inventory.workloads if credential.name in w.deployed_with}
        users = [u for u in facts.discovered.service_users if base_of(u.name) == credential.service_user]
        if not users:
            yield facts.missing(f"service user {credential.service_user}")
        for user in users:
            for environment in sorted(user.roles.keys() - needed):
                yield fail(
                    f"{user.name} is {user.roles[environment]} in {environment}, where nothing needs it.",
                    f"modal workspace service-users set-role {user.name} {environment} no-access",
                )
            held = ", ".join(f"{role} in {name}" for name, role in user.roles.items()) or "nothing"
            if not user.roles.keys() - needed:
                yield passes(f"{user.name}: {held}.")
    yield from _strangers(facts)


def _strangers(facts: Facts) -> Iterator[Look]:
    """What the inventory does not know, nothing that it names needs."""
    known = {one.service_user for one in facts.inventory.credentials.values()}
    for user in facts.discovered.service_users:
        into = sorted(set(facts.inventory.guarded_environments) & user.roles.keys())
        if into and base_of(user.name) not in known:
            yield fail(
                f"{user.name} is {user.roles[into[0]]} in {into[0]}, and respond.toml does not know it.",
                f"Add it to respond.toml, or: modal workspace service-users delete {user.name}",
            )


def policies(facts: Facts) -> Iterator[Look]:
    """No IAM user of the inventory has an Allow for all of a service, or on everything."""
    for credential in facts.inventory.credentials.values():
        if credential.kind is Kind.AWS_ACCESS_KEY:
            yield from asked(partial(_wide, facts, credential.user), credential.user)


def workflow_permissions(facts: Facts) -> Iterator[Look]:
    for repository in facts.repositories:
        yield from asked(partial(_permissions, facts, repository), repository)


def _wide(facts: Facts, user: str) -> Iterator[Look]:
    from responder.providers.aws.posture import wide_statements  # noqa: PLC0415  # SDKs only when needed

    wide = wide_statements(facts.connections, user)
    for policy, statement in wide:
        yield fail(
            f"IAM user {user}, policy {policy} allows {statement}.",
            f"aws iam list-user-policies --user-name {user}; name the actions and the ARNs that it needs.",
        )
    if not wide:
        yield passes(f"No policy of {user} has a wildcard for actions, or for everything.")


def _permissions(facts: Facts, repository: str) -> Iterator[Look]:
    from responder.providers.github.workflow_posture import workflows  # noqa: PLC0415

    for file in workflows(facts.connections, repository):
        if file.unread:
            yield unread(repository, file.path, file.unread)
        elif file.permissions is None:
            yield fail(
                f"{repository}: {file.path} says no `permissions:`: its token has what the repository gives.",
                _SAY,
                file.path,
            )
        elif file.permissions:
            yield fail(f"{repository}: {file.path} gives its jobs {file.permissions}.", _SAY, file.path)
        else:
            yield passes(f"{repository}: {file.path} lets its token write nothing but what a job names.")


POINTS = (
    Point("roles", "Service users have a role only where they deploy", roles),
    Point("policies", "IAM users are allowed what they need, without wildcards", policies),
    Point("workflow-permissions", "Workflows say what their token may do", workflow_permissions),
)
