"""Environments that share nothing: a leak in one must not open the other."""

import itertools
import re
import secrets
from collections.abc import Iterator, Mapping
from functools import partial

from responder.checklist.point import Facts, Look, Point, asked, cannot_tell, fail, passes
from responder.exposure import Workload
from responder.places import Read

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL")
_TELL = "Add the function `digests` of gpu_app/app.py to your app, and deploy it"
_HOW = "Give each environment its own: `respond run setup`, or another credential in respond.toml"


def no_shared_values(facts: Facts) -> Iterator[Look]:
    """No value can be read. So workloads say a keyed digest of theirs, under a key that is new each time."""
    shared = list(_shared_by_inventory(facts))
    yield from shared
    told: dict[str, Mapping[str, str]] = {}
    key = secrets.token_hex(32)
    for workload in facts.inventory.workloads:
        yield from asked(partial(_told, facts, workload, key, told), _named(workload), _TELL)
    for (one, of_one), (other, of_other) in itertools.combinations(sorted(told.items()), 2):
        same = sorted(name for name, digest in of_one.items() if of_other.get(name) == digest)
        secret = [name for name in same if _SECRET_NAME.search(name)]
        if secret:
            yield fail(f"{one} and {other} run with the same {', '.join(secret)}.", _HOW)
        elif of_one and of_other:
            also = f" (the same, and no secrets by their names: {', '.join(same)})" if same else ""
            yield passes(f"{one} and {other} share none of {', '.join(sorted(of_one))}{also}.")
    if not told and not shared:
        yield cannot_tell("respond.toml names no workload that could tell.", "respond inventory discover")


def restricted(facts: Facts) -> Iterator[Look]:
    """Only who was given a role may enter a guarded environment."""
    yield from facts.unread(Read.MODAL_ENVIRONMENTS, "The Modal environments")
    guarded = set(facts.inventory.guarded_environments)
    for environment in facts.discovered.modal_environments:
        if environment.name not in guarded:
            continue
        if environment.restricted:
            yield passes(f"Modal environment {environment.name} is restricted.")
        else:
            yield fail(
                f"Every member of the workspace may change Modal environment {environment.name}.",
                f"Restrict it at modal.com, Settings > Environments > {environment.name}.",
            )
    missing = guarded - {one.name for one in facts.discovered.modal_environments}
    if missing and Read.MODAL_ENVIRONMENTS in facts.discovered.read:
        yield fail(f"There is no Modal environment {', '.join(sorted(missing))}.", "respond run setup")


def _shared_by_inventory(facts: Facts) -> Iterator[Look]:
    for credential in facts.inventory.credentials.values():
        environments = sorted(
            {place.environment for place in credential.modal_secrets}
            | {place.environment for place in credential.github_environments}
        )
        if len(environments) > 1:
            yield fail(f"respond.toml: {credential.name} is in {' and '.join(environments)}.", _HOW)


def _named(workload: Workload) -> str:
    return f"{workload.app} in {workload.environment}"


def _told(facts: Facts, workload: Workload, key: str, told: dict[str, Mapping[str, str]]) -> Iterator[Look]:
    from responder.providers.modal.posture import digests  # noqa: PLC0415  # SDKs only when needed

    names = {
        name
        for secret in facts.discovered.modal_secrets
        if secret.environment == workload.environment
        for name in secret.keys
    }
    told[_named(workload)] = digests(
        facts.connections, workload.app, workload.environment, key, sorted(names)
    )
    yield from ()


POINTS = (
    Point("isolation", "No two environments share a secret", no_shared_values, fix="setup"),
    Point("restricted", "Guarded Modal environments are restricted", restricted, fix="setup"),
)
