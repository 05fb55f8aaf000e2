"""How code gets to production: by whose leave, from where, to which environment."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from responder.checklist.point import (
    Facts,
    Look,
    Point,
    asked,
    cannot_tell,
    fail,
    fail_by_hand,
    passes,
    unread,
)
from responder.places import Read, names_a_secret

if TYPE_CHECKING:
    from responder.providers.github.posture import Protection

_PLAN = "Its page: Settings > Environments; or `respond run setup`."


def protection(facts: Facts) -> Iterator[Look]:
    """Each guarded environment at GitHub has reviewers, and takes only the default branch."""
    guarded = {
        (place.repository, place.environment)
        for place in facts.inventory.github_environments
        if place.environment in facts.inventory.guarded_environments
    }
    for repository, environment in sorted(guarded):
        yield from asked(partial(_protected, facts, repository, environment), environment)
        yield from _beside(facts, repository, environment)
    if not guarded:
        yield cannot_tell(
            "respond.toml names no guarded environment at GitHub.", "respond inventory discover"
        )


def explicit_environment(facts: Facts) -> Iterator[Look]:
    """What deploys says to where: without it Modal takes the default of whoever's profile it finds."""
    for repository in facts.repositories:
        yield from asked(partial(_explicit, facts, repository), repository)


def _protected(facts: Facts, repository: str, environment: str) -> Iterator[Look]:
    from responder.providers.github.posture import protection_of  # noqa: PLC0415  # SDKs only when needed

    found = protection_of(facts.connections, repository, environment)
    where = f"environment {environment} of {repository}"
    yield _approval(found, where)
    others = sorted(set(found.branches or ()) - {found.default_branch})
    if found.branches is None:
        yield fail(f"Every branch may deploy to {where}.", _PLAN)
    elif not found.branches:
        yield fail(f"No branch may deploy to {where}.", _PLAN)
    elif others:
        yield fail(f"{', '.join(others)} may deploy to {where} too.", _PLAN)
    else:
        yield passes(f"Only {found.default_branch} may deploy to {where}.")


def _approval(found: "Protection", where: str) -> Look:
    must = " or ".join(found.required)
    if not found.required:
        return fail(f"Nobody has to approve what is deployed to {where}.", _PLAN)
    if not found.able:
        return fail(
            f"{must} must approve what is deployed to {where}, and nobody of them can any more.",
            "Name others at its page: Settings > Environments.",
        )
    if found.self_review and len(found.able) > 1:
        return fail_by_hand(
            f"Whoever of {', '.join(found.able)} deploys to {where} may approve it themselves.",
            "At its page, Settings > Environments: Prevent self-review.",
        )
    notes = [
        f"{' and '.join(found.lost)} cannot any more" if found.lost else "",
        f"{found.able[0]} is the only one, and may approve what they deploy themselves"
        if found.self_review
        else "",
        "administrators may go past it" if found.bypass else "",
    ]
    said = "; ".join(filter(None, notes))
    return passes(f"{must} must approve what is deployed to {where}{f' ({said})' if said else ''}.")


def _beside(facts: Facts, repository: str, environment: str) -> Iterator[Look]:
    """What the repository's own secrets have, a workflow of every branch is given, past all protection."""
    yield from facts.unread(Read.github_secrets(repository, ""), f"The secrets of {repository}")
    guarded = {
        name.upper()
        for place in facts.inventory.github_environments
        if (place.repository, place.environment) == (repository, environment)
        for name in (place.identifier_key, place.secret_key)
        if names_a_secret(name)
    }
    for secret in facts.discovered.github_secrets:
        if secret.repository == repository and not secret.environment and secret.name.upper() in guarded:
            yield fail_by_hand(
                f"{secret.name} is a secret of the {secret.holder}, too: a workflow of every branch of "
                f"{repository} may use it, past what guards {environment}.",
                f"gh secret delete {secret.name} --repo {repository}; then replace what it held.",
            )


def _explicit(facts: Facts, repository: str) -> Iterator[Look]:
    from responder.providers.github.workflow_posture import workflows  # noqa: PLC0415

    found = workflows(facts.connections, repository)
    for file in found:
        if file.unread:
            yield unread(repository, file.path, file.unread)
        elif file.implicit:
            yield fail(
                f"{repository}: {file.path} takes whatever environment is the default: "
                f"{'; '.join(file.implicit)}.",
                "Set MODAL_ENVIRONMENT in it, or `modal deploy -e NAME`.",
                file.path,
            )
        elif file.deploys:
            yield passes(f"{repository}: {file.path} names the Modal environment that it deploys to.")
    if not any(file.deploys or file.unread for file in found):
        yield cannot_tell(f"No workflow of {repository} deploys with `modal deploy`.", "respond run setup")


POINTS = (
    Point("protection", "Production has reviewers and takes only the main branch", protection, fix="setup"),
    Point("explicit-environment", "Workflows name the environment that they deploy to", explicit_environment),
)
