"""Environments that share nothing: a leak in one must not open the other."""

import itertools
import secrets
from collections.abc import Iterator, Mapping
from functools import partial

from responder.checklist.point import Facts, Look, Point, asked, cannot_tell, fail, fail_by_hand, passes
from responder.exposure import Workload
from responder.places import Read, names_a_secret

_TELL = "Add the function `digests` of gpu_app/app.py to your app, and deploy it"
_OWN_CREDENTIAL = "Give each its own credential in respond.toml, then: respond run setup"
_OWN_VALUE = "Give one of them a value of its own, at modal.com, Secrets; then deploy it again"


def no_shared_values(facts: Facts) -> Iterator[Look]:
    """No value can be read. So workloads say a keyed digest of theirs, under a key that is new each time."""
    shared = [*_shared_by_inventory(facts), *_deployers(facts)]
    yield from shared
    told: dict[str, Mapping[str, str]] = {}
    key = secrets.token_hex(32)
    for workload in facts.inventory.workloads:
        yield from asked(partial(_told, facts, workload, key, told), _named(workload), _TELL)
    telling = [workload for workload in facts.inventory.workloads if workload.name in told]
    pairs = [
        (one, other)
        for one, other in itertools.combinations(telling, 2)
        if one.environment != other.environment
    ]
    for one, other in pairs:
        yield _compared(_named(one), told[one.name], _named(other), told[other.name])
    if not pairs and not shared:
        yield cannot_tell(
            "No workloads of two environments could tell what they hold.", "respond inventory discover"
        )


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
            # Modal's client and command line restrict one only while they make it.
            yield fail_by_hand(
                f"Every member of the workspace may change Modal environment {environment.name}.",
                f"Restrict it by hand, at modal.com, Settings > Environments > {environment.name}.",
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
            yield fail(
                f"respond.toml: {credential.name} is in {' and '.join(environments)}.", _OWN_CREDENTIAL
            )


def _named(workload: Workload) -> str:
    return f"{workload.app} in {workload.environment}"


def _compared(one: str, of_one: Mapping[str, str], other: str, of_other: Mapping[str, str]) -> Look:
    """By value: two that are the same may have two names."""
    same = [
        name if name == there else f"{name} (there {there})"
        for name, digest in sorted(of_one.items())
        for there, digest_there in sorted(of_other.items())
        if digest == digest_there and (names_a_secret(name) or names_a_secret(there))
    ]
    if same:
        return fail(f"{one} and {other} run with the same {', '.join(same)}.", _OWN_VALUE)
    harmless = [name for name, digest in sorted(of_one.items()) if of_other.get(name) == digest]
    also = f" (the same, and no secrets by their names: {', '.join(harmless)})" if harmless else ""
    return passes(f"{one} and {other} share none of {', '.join(sorted(of_one))}{also}.")


def _deployers(facts: Facts) -> Iterator[Look]:
    """What CI deploys with is in no Secret: who deployed last tells whose token CI holds for it."""
    by: dict[str, set[str]] = {}
    wanted = {(workload.app, workload.environment) for workload in facts.inventory.workloads}
    for app in facts.discovered.modal_apps:
        if app.deployed_by and (app.name, app.environment) in wanted:
            by.setdefault(app.deployed_by, set()).add(app.environment)
    for who, environments in sorted(by.items()):
        if len(environments) > 1:
            yield fail(f"{' and '.join(sorted(environments))} were both deployed by {who}.", _OWN_CREDENTIAL)


def _told(facts: Facts, workload: Workload, key: str, told: dict[str, Mapping[str, str]]) -> Iterator[Look]:
    """Into `told`, where it holds anything that a Secret of its environment has."""
    from responder.providers.modal.posture import digests  # noqa: PLC0415  # SDKs only when needed

    where = f"The Secrets of {workload.environment}"
    yield from facts.unread(Read.modal_secrets(workload.environment), where)
    names = {
        name
        for secret in facts.discovered.modal_secrets
        if secret.environment == workload.environment
        for name in secret.keys
    }
    found = digests(facts.connections, workload.app, workload.environment, key, sorted(names))
    if found:
        told[workload.name] = found
    else:
        yield cannot_tell(f"{_named(workload)} holds nothing of a Secret of its environment.", _TELL)


POINTS = (
    Point("isolation", "No two environments share a secret", no_shared_values),
    Point("restricted", "Guarded Modal environments are restricted", restricted, fix="setup"),
)
