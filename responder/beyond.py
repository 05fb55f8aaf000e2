"""What the services have of a credential that the inventory does not know: where no run will reach."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from responder.exposure import Exposure, GithubPlacement, ModalSecretPlacement
from responder.found import Kind
from responder.inventory import Inventory
from responder.inventory.drift import (
    unknown_apps,
    unknown_places,
    unknown_tokens,
    workflows_beside,
    workflows_of,
)
from responder.places import Discovered, Family, ModalApp, Place, Workflow
from responder.report.reach import Edge, Node, Reach, place_node, reach_of, workload_node

__all__ = ["Widened", "concerned", "of_found", "of_inventory", "of_named", "warnings"]

_FAMILIES = {
    Kind.AWS_ACCESS_KEY: Family.AWS,
    Kind.MODAL_SERVICE_USER: Family.MODAL,
    Kind.MODAL_MEMBER_TOKEN: Family.MODAL,
    Kind.MODAL_TOKEN: Family.MODAL,
    Kind.GITHUB_TOKEN: Family.GITHUB,
}
_OF_KIND = {
    Kind.AWS_ACCESS_KEY: "access_keys",
    Kind.MODAL_SERVICE_USER: "service_users",
    Kind.MODAL_MEMBER_TOKEN: "member_tokens",
    Kind.MODAL_PROXY_TOKEN: "proxy_tokens",
    Kind.GITHUB_TOKEN: "github_tokens",
}
_NOBODYS = {Family.AWS: "some AWS access key", Family.MODAL: "some Modal token"}


@dataclass(frozen=True)
class Widened:
    """A graph with what only the services know; `unknown` are the nodes that no inventory has."""

    reach: Reach
    unknown: frozenset[Node]


def of_found(
    kinds: Mapping[str, Kind], named: Mapping[str, str], inventory: Inventory, discovered: Discovered
) -> Widened:
    """The graph of what leaked. A secret with a telling name may hold any of the leaked of its family.

    Args:
        kinds: of each, by its identifier.
        named: the names in the inventory of those that have one, by identifier.
        inventory: may be empty.
        discovered: what the services said.
    """
    beyond = _Beyond(inventory.answered, discovered)
    reach = of_named(named, inventory)
    strangers = (Node("credential", one, one) for one in kinds if one not in named)
    credentials = (*reach.credentials, *strangers)
    edges = list(beyond.beside(_placed(inventory, named.values())))
    for node in credentials:
        if family := _FAMILIES.get(kinds[node.key]):
            edges += beyond.maybe_in(node, family)
    return beyond.widened(Reach(credentials, reach.edges), edges)


def of_inventory(inventory: Inventory, discovered: Discovered) -> Widened:
    """The graph of all that the inventory has, and beside it what the services have."""
    beyond = _Beyond(inventory, discovered)
    reach = of_named({name: name for name in inventory.credentials}, inventory)
    edges = list(beyond.beside((*inventory.modal_secrets, *inventory.at_github)))
    nobodys = []
    for family, label in _NOBODYS.items():
        node = Node("credential", f"unknown {family}", label, "which one is not known")
        if more := list(beyond.maybe_in(node, family)):
            nobodys.append(node)
            edges += more
    widened = beyond.widened(Reach((*reach.credentials, *nobodys), reach.edges), edges)
    return Widened(widened.reach, widened.unknown | set(nobodys))


def of_named(named: Mapping[str, str], inventory: Inventory) -> Reach:
    """The graph of what the inventory has, by what each is told apart by and its name there."""
    known: dict[str, Any] = {kind: [] for kind in _OF_KIND.values()}
    for identifier, name in named.items():
        kind = _OF_KIND[inventory.credentials[name].kind]
        known[kind].append({"identifier": identifier, "credential": name})
    known["modal_secrets"] = [one.model_dump() for one in inventory.modal_secrets]
    known["github_environments"] = [one.model_dump() for one in inventory.at_github]
    known["workloads"] = [one.model_dump() for one in inventory.workloads]
    return reach_of(known)


def concerned(exposure: Exposure) -> tuple[set[Kind], set[str]]:
    """Which kinds leaked, and which credentials of the inventory."""
    kinds = {kind for kind, field in _OF_KIND.items() if getattr(exposure, field)}
    return kinds | {one.kind for one in exposure.unidentified}, {one.credential for one in exposure.leaked()}


def warnings(
    kinds: Collection[Kind], credentials: Collection[str], inventory: Inventory, discovered: Discovered
) -> Iterator[str]:
    """What a person has to know before a run: where it will not reach. One sentence or two each.

    Args:
        kinds: of what leaked.
        credentials: what leaked, by its names in the inventory; others count for nothing.
        inventory: may be empty.
        discovered: what the services said.
    """
    beyond = _Beyond(inventory.answered, discovered)
    families = {_FAMILIES[kind] for kind in kinds if kind in _FAMILIES}
    for place in beyond.places:
        if place.family in families:
            since = "" if place.since is None else f" (since {place.since:%Y-%m-%d})"
            yield (
                f"May also be in {place.label}, {' and '.join(place.names)}{since}, "
                "which the inventory does not know. No service shows whose it is: look there."
            )
    edges = beyond.beside(_placed(inventory, credentials))
    for target, edge in {edge.target: edge for edge in edges}.items():
        if edge.how == _READ:
            yield (
                f"{target.label} is given {edge.source.label}, and the inventory does not know it: "
                "it keeps the old value until somebody deploys it again."
            )
        else:
            yield f"{target.label} uses {edge.source.label} too. Look at what its runs did with it."


def _placed(
    inventory: Inventory, credentials: Collection[str]
) -> tuple[ModalSecretPlacement | GithubPlacement, ...]:
    return (
        *(one for one in inventory.modal_secrets if one.credential in credentials),
        *(one for one in inventory.at_github if one.credential in credentials),
    )


_READ, _USED = "is read by", "is used by"


class _Beyond:
    def __init__(self, inventory: Inventory, discovered: Discovered) -> None:
        self._inventory = inventory
        self._discovered = discovered
        self.places = (*unknown_places(inventory, discovered), *unknown_tokens(inventory, discovered))
        self._apps = tuple(one.app for one in unknown_apps(inventory, discovered))
        self._workloads = {(one.environment, one.app): one.model_dump() for one in inventory.workloads}
        self._ids = {(one.environment, one.name): one.secret_id for one in discovered.modal_secrets}

    def widened(self, reach: Reach, edges: Iterable[Edge]) -> Widened:
        """With these edges beside those of the inventory, and what the services say of both."""
        more = tuple(dict.fromkeys(edges))
        known = {node for edge in reach.edges for node in (edge.source, edge.target)}
        known |= {*reach.credentials, *map(workload_node, self._workloads.values())}
        known |= {
            _workflow(one)
            for one in self._discovered.workflows
            if (one.repository, one.file) in workflows_of(self._inventory)
        }
        unknown = {self._told(edge.target) for edge in more if edge.target not in known}
        told = (Edge(self._told(e.source), e.how, self._told(e.target)) for e in (*reach.edges, *more))
        return Widened(Reach(reach.credentials, tuple(told)), frozenset(unknown))

    def _told(self, node: Node) -> Node:
        """With when a secret was changed, and with which functions of a workload are given one."""
        more = {"placement": self._when, "workload": self._functions}.get(node.kind, {}).get(node.key, "")
        return replace(node, detail=f"{node.detail}; {more}") if more else node

    @cached_property
    def _functions(self) -> Mapping[str, str]:
        """And by which workflow it is deployed. By the workload's name."""
        apps = {(one.environment, one.name): one for one in self._discovered.modal_apps}
        found = {}
        for workload in self._inventory.workloads:
            places = [one for one in self._inventory.modal_secrets if one.credential in workload.runs_with]
            ids = [
                self._ids.get((one.environment, one.secret), "")
                for one in places
                if one.environment == workload.environment
            ]
            app = apps.get((workload.environment, workload.app))
            functions = ", ".join(app.functions_with(ids)) if app else ""
            deployed = f"deployed by {workload.workflow.file}" if workload.workflow else ""
            found[workload.name] = "; ".join(filter(None, (functions, deployed)))
        return found

    @cached_property
    def _when(self) -> Mapping[str, str]:
        """Of Modal only when it was made: it does not tell more. By a node's key."""
        made = {(one.environment, one.name): one.created_at for one in self._discovered.modal_secrets}
        changed: dict[tuple[str, str, str], datetime] = {}
        for one in self._discovered.github_secrets:
            if one.holder != "organisation":
                changed[one.repository, one.environment, one.name] = one.updated_at
        found: dict[str, str] = {}
        for place in self._inventory.modal_secrets:
            found[place_node(place.model_dump()).key] = _day(
                "made", made.get((place.environment, place.secret))
            )
        for at in self._inventory.at_github:
            names = (at.identifier_key.upper(), at.secret_key.upper())
            times = [changed.get((at.repository, at.environment, name)) for name in names]
            newest = max(filter(None, times), default=None)
            found[place_node(at.model_dump()).key] = _day("changed", newest)
        for unknown in self.places:
            did = "made" if unknown.service == "modal" else "changed"
            found[_key(unknown)] = _day(did, unknown.since)
        return found

    def beside(self, placed: Iterable[ModalSecretPlacement | GithubPlacement]) -> Iterator[Edge]:
        """What uses these placements, and is nothing that the inventory has."""
        for place in placed:
            node = place_node(place.model_dump())
            if isinstance(place, ModalSecretPlacement):
                yield from self._read(node, place.environment, place.secret)
            else:
                yield from self._used(node, place.repository, (place.identifier_key, place.secret_key))

    def maybe_in(self, credential: Node, family: Family) -> Iterator[Edge]:
        """Where one of this family may be, and what uses it there."""
        for place in self.places:
            if place.family is family:
                node = Node("placement", _key(place), place.label, " and ".join(place.names))
                yield Edge(credential, "may be held in", node)
                yield from self._read(node, place.environment, place.secret, known_too=True)
                yield from self._used(node, place.repository, place.names, known_too=True)

    def _read(self, node: Node, environment: str, secret: str, *, known_too: bool = False) -> Iterator[Edge]:
        held = self._ids.get((environment, secret))
        for app in self._discovered.modal_apps if held else ():
            functions = app.functions_with([held or ""])
            workload = self._workloads.get((app.environment, app.name))
            if functions and workload and known_too:
                yield Edge(node, _READ, workload_node(workload))
            elif functions and self._is_unknown(app):
                label = f"Modal app {app.name} in {environment}"
                yield Edge(node, _READ, Node("workload", app.app_id, label, ", ".join(functions)))

    def _is_unknown(self, app: ModalApp) -> bool:
        return app in self._apps

    def _used(
        self, node: Node, repository: str, names: Iterable[str], *, known_too: bool = False
    ) -> Iterator[Edge]:
        besides = Inventory() if known_too else self._inventory
        for workflow in workflows_beside(besides, self._discovered, names):
            if workflow.repository == repository:
                yield Edge(node, _USED, _workflow(workflow))


def _workflow(workflow: Workflow) -> Node:
    label = f"GitHub workflow {workflow.file} of {workflow.repository}"
    detail = "it may take any secret" if workflow.any_name else ""
    return Node("workload", f"{workflow.repository} {workflow.file}", label, detail)


def _key(place: Place) -> str:
    return f"{place.label}: {' and '.join(place.names)}"


def _day(did: str, at: datetime | None) -> str:
    return f"{did} {at:%Y-%m-%d}" if at else ""
