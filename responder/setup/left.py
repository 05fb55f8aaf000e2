"""What is not as respond.toml describes it, and no step of a setup makes so."""

import shlex
from collections.abc import Iterable, Iterator

from responder.exposure import base_of
from responder.found import Kind
from responder.inventory import Credential, Inventory
from responder.places import Discovered, ModalServiceUser
from responder.setup.project import Files

__all__ = ["left_to_people", "users_of"]


def left_to_people(
    inventory: Inventory, discovered: Discovered, files: Files, elsewhere: Iterable[str]
) -> Iterator[str]:
    """One item each; commands in it are lines of their own.

    Args:
        inventory: what should be.
        discovered: what is.
        files: of the project.
        elsewhere: credentials that live, and that some place lacks.
    """
    yield from _open_environments(inventory, discovered)
    for name in elsewhere:
        yield f"{name} lives, and not every place that respond.toml names has it:\nrespond rotate {name}"
    for credential in inventory.credentials.values():
        for user in users_of(discovered, credential):
            if not user.roles:
                yield (
                    f"Service user {user.name} has no role anywhere, and opens nothing:\n"
                    f"modal workspace service-users delete {user.name}"
                )
    yield from _identities(inventory, discovered, files)
    yield from files.by_hand()
    yield from _deployments(inventory, discovered)


def users_of(discovered: Discovered, credential: Credential) -> Iterator[ModalServiceUser]:
    if credential.kind is Kind.MODAL_SERVICE_USER:
        for user in discovered.service_users:
            if base_of(user.name) == credential.service_user:
                yield user


def _open_environments(inventory: Inventory, discovered: Discovered) -> Iterator[str]:
    for one in discovered.modal_environments:
        if one.name in inventory.guarded_environments and not one.restricted:
            yield (
                f"Modal environment {one.name} is there and open to every member. Restrict it at "
                f"modal.com, Settings > Environments > {one.name}: Modal's client and command line can "
                "restrict an environment only while they make it."
            )


def _identities(inventory: Inventory, discovered: Discovered, files: Files) -> Iterator[str]:
    for environment, names in files.identities().items():
        there = {
            one.name
            for one in discovered.github_secrets
            if (one.repository, one.environment) == (inventory.repository, environment)
        }
        if lacking := [name for name in names if name not in there]:
            yield (
                f"GitHub environment {environment} still lacks {', '.join(lacking)}, without which its "
                "workflow can do nothing: `respond runbook setup` says what each is."
            )


def _deployments(inventory: Inventory, discovered: Discovered) -> Iterator[str]:
    there = {(one.environment, one.name) for one in discovered.modal_apps if one.deployed_by != ""}
    for workload in inventory.workloads:
        flow = workload.workflow
        if flow and (workload.environment, workload.app) not in there:
            words = ["gh", "workflow", "run", flow.file, "--repo", flow.repository, "--ref", flow.ref]
            inputs = [word for name, value in flow.inputs.items() for word in ("-f", f"{name}={value}")]
            yield (
                f"Deploy {workload.app} to {workload.environment} for the first time, once its workflow is "
                f"pushed:\n{shlex.join([*words, *inputs])}"
            )
