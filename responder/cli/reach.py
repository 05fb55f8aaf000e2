"""The small graph in a terminal: credential → where it is kept → what runs with it."""

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text
    from rich.tree import Tree

    from responder.report.reach import Node, Reach


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


def short_tree(reach: "Reach", node: "Node") -> "Tree":
    """What hangs on a credential that is named above it already, without the details that fill a line."""
    from rich.tree import Tree  # noqa: PLC0415

    tree = Tree("", hide_root=True)
    _grow(tree, node, reach, (), short=True)
    return tree


def _grow(
    tree: "Tree", node: "Node", reach: "Reach", unknown: "Collection[Node]", *, short: bool = False
) -> None:
    for edge in reach.of(node):
        said = _said(edge.target, edge.how, edge.target in unknown, short=short)
        _grow(tree.add(said), edge.target, reach, unknown, short=short)


def _said(node: "Node", how: str, is_unknown: bool, *, short: bool = False) -> "Text":  # noqa: FBT001
    from rich.text import Text  # noqa: PLC0415

    mark = ("! ", "bold yellow") if is_unknown else ""
    way = (f"{how} ", "dim") if how else ""
    detail = (f"  {node.detail}", "dim") if node.detail and not short else ""
    return Text.assemble(mark, way, (node.label, "" if how else "bold"), detail)
