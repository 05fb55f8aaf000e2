"""What hangs on what leaked: credential → what it opens, and where it is held → what runs with it.

One small graph for the screen before the confirmation, from an `Exposure`, and for the report months later,
from what the journal has of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from responder.exposure import Exposure
from responder.report.summary import KINDS

__all__ = ["Edge", "Node", "Reach", "place_node", "reach_of", "workload_node"]


@dataclass(frozen=True)
class Node:
    """`key` tells it from all others; `label` is for people, `detail` what a person needs to go there."""

    kind: Literal["credential", "environment", "placement", "workload"]
    key: str
    label: str
    detail: str = ""


@dataclass(frozen=True)
class Edge:
    """From `source` to `target`; `how` stands between them: "is held in", "runs with it"."""

    source: Node
    how: str
    target: Node


@dataclass(frozen=True)
class Reach:
    """`credentials` are where to begin, in the order of the exposure; no edge leads back."""

    credentials: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def of(self, node: Node) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if edge.source == node)

    def credential(self, identifier: str) -> Node:
        return next(node for node in self.credentials if node.key == identifier)


def reach_of(exposure: Exposure | Mapping[str, Any]) -> Reach:
    """The graph of an exposure, or of one as run.started has it; only what is public is read of either."""
    known = exposure.model_dump() if isinstance(exposure, Exposure) else exposure
    nodes: list[Node] = []
    edges: list[Edge] = []
    for kind, words in KINDS.items():
        for leaked in known.get(kind, ()):
            name = leaked["identifier"] if leaked.get("spare") else leaked["credential"]
            node = Node("credential", leaked["identifier"], name, words)
            nodes.append(node)
            edges += _opened(node, leaked)
            edges += _held(node, leaked["credential"], known)
    return Reach(tuple(nodes), tuple(dict.fromkeys(edges)))  # two values of one credential share a placement


def _opened(node: Node, leaked: Mapping[str, Any]) -> Iterator[Edge]:
    for environment, role in leaked.get("roles", {}).items():
        opened = Node("environment", f"modal {environment}", f"Modal environment {environment}", role)
        yield Edge(node, "opens", opened)


def _held(node: Node, name: str, known: Mapping[str, Any]) -> Iterator[Edge]:
    """A workload that no placement leads to hangs on the credential itself."""
    placed: set[tuple[str, str]] = set()
    for place, key in _placements(name, known):
        yield Edge(node, "is held in", place)
        for workload, how in _workloads(name, known):
            if key == _feeding(workload, how):
                placed.add((workload["name"], how))
                yield Edge(place, how, workload_node(workload))
    for workload, how in _workloads(name, known):
        if (workload["name"], how) not in placed:
            yield Edge(node, how, workload_node(workload))


def place_node(place: Mapping[str, Any]) -> Node:
    """Of a placement as an exposure or the journal has it."""
    if "secret" in place:
        label = f"Modal Secret {place['secret']} in {place['environment']}"
    elif place["environment"]:
        label = f"GitHub {place['repository']}, environment {place['environment']}"
    else:
        label = f"GitHub {place['repository']}, secrets of the repository"
    keys = f"{place['identifier_key']} and {place['secret_key']}"
    return Node("placement", f"{label}: {keys}", label, keys)


def _placements(name: str, known: Mapping[str, Any]) -> Iterator[tuple[Node, tuple[str, str]]]:
    """Each with what tells which workloads it is for."""
    for place in known["modal_secrets"]:
        if place["credential"] == name:
            yield place_node(place), ("modal", place["environment"])
    for place in known["github_environments"]:
        if place["credential"] == name:
            yield place_node(place), (place["repository"], place["environment"])


_RUNS, _DEPLOYED = "is read by", "deploys"


def _workloads(name: str, known: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    for workload in known["workloads"]:
        if name in workload["runs_with"]:
            yield workload, _RUNS
        if name in workload["deployed_with"]:
            yield workload, _DEPLOYED


def _feeding(workload: Mapping[str, Any], how: str) -> tuple[str, str]:
    if how == _RUNS:
        return "modal", workload["environment"]
    return (workload["workflow"] or {}).get("repository", ""), workload["environment"]


def workload_node(workload: Mapping[str, Any]) -> Node:
    """Of a workload as an exposure or the journal has it."""
    label = f"Modal app {workload['app']} in {workload['environment']}"
    return Node("workload", workload["name"], label, workload["name"])
