"""The small graph in a terminal: credential → where it is kept → what runs with it."""

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text
    from rich.tree import Tree

    from responder.report.reach import Node, Reach


_MOST = 8  # of what hangs on one thing


def reach_trees(reach: "Reach", unknown: "Collection[Node]" = ()) -> "Group":
    """A tree for each credential; `unknown` nodes are marked with `!`."""
    from rich.console import Group  # noqa: PLC0415  # not for --help
    from rich.tree import Tree  # noqa: PLC0415

    trees = []
    for credential in reach.credentials:
        tree = Tree(_said(credential, "", credential in unknown))
        _grow(tree, credential, reach, unknown)
        trees.append(tree)
    return Group(*trees)


def tree_below(
    reach: "Reach", node: "Node", unknown: "Collection[Node]" = (), *, short: bool = False
) -> "Tree":
    """What hangs on a credential that is named above it already; `short` leaves details out."""
    from rich.tree import Tree  # noqa: PLC0415

    tree = Tree("", hide_root=True)
    _grow(tree, node, reach, unknown, short=short, most=_MOST)
    return tree


def _grow(
    tree: "Tree",
    node: "Node",
    reach: "Reach",
    unknown: "Collection[Node]",
    *,
    short: bool = False,
    most: int | None = None,
) -> None:
    edges = reach.of(node)
    for edge in edges[:most]:
        said = _said(edge.target, edge.how, edge.target in unknown, short=short)
        _grow(tree.add(said), edge.target, reach, unknown, short=short, most=most)
    if left := len(edges[most:]) if most else 0:
        tree.add(f"and {left} more: respond inventory graph")


def _said(node: "Node", how: str, is_unknown: bool, *, short: bool = False) -> "Text":  # noqa: FBT001
    from rich.text import Text  # noqa: PLC0415

    mark = ("! ", "bold yellow") if is_unknown else ""
    way = (f"{how} ", "dim") if how else ""
    detail = (f"  {node.detail}", "dim") if node.detail and not short else ""
    return Text.assemble(mark, way, (node.label, "" if how else "bold"), detail)
