"""What a person sees of credentials that leaked: a block each, the worst of it first."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from responder.cli.reach import tree_below
from responder.found import Kind
from responder.profile import Power, Profile, Strayed
from responder.report.occasion import seen_in

if TYPE_CHECKING:
    from responder.beyond import Widened

_LIFE = {"live": ("LIVE", "bold red"), "dead": ("dead", "green"), "unknown": ("unknown", "yellow")}
_REACH = {"admin": ("EVERYTHING  ", "bold red"), "wildcard": ("WIDE  ", "bold yellow"), "": ("", "")}
_MOST_POWERS = 8
_BY_ITSELF = (
    Kind.MODAL_PROXY_TOKEN,
    Kind.GITHUB_TOKEN,
)  # the inventory names them by what they are, not whose


def profiles_screen(
    found: Sequence[Profile], left: Sequence[Strayed], source: str, widened: "Widened"
) -> RenderableType:
    """All that was found, what each may do, and what hangs on it, for who has never seen it."""
    parts: list[RenderableType] = [Text(f"Exposed{seen_in(source)}", style="bold")]
    for one in found:
        word, style = _LIFE[one.life]
        parts += [Text(), Text.assemble((f"{one.what}  ", "bold"), one.identifier, "  ", (word, style))]
        parts.append(Padding(_table(one, widened), (0, 0, 0, 2)))
    if left:
        parts += [Text(), Text("Not whole, so nobody could be asked", style="bold")]
        parts += [Padding(Text(f"{one.where}: {one.what}", style="yellow"), (0, 0, 0, 2)) for one in left]
    return Group(*parts)


def _table(one: Profile, widened: "Widened") -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _rows(one, widened):
        table.add_row(name, Text(value) if isinstance(value, str) else value)  # a path may have [brackets]
    return table


def _rows(one: Profile, widened: "Widened") -> Iterator[tuple[str, RenderableType]]:
    yield "seen", f"{one.where}, {'with' if one.secret_seen else 'without'} its secret"
    yield "owner", one.owner or "not known"
    yield "inventory", one.credential or ("not in it" if one.owner or one.kind in _BY_ITSELF else "not known")
    yield "lives", f"{_LIFE[one.life][0].lower()}" + (f": {one.life_by}" if one.life_by else "")
    if one.created:
        yield "created", _moment(one.created)
    if one.expires:
        yield "ends", _moment(one.expires)
    if one.never_used:
        yield "last used", "never"
    elif one.last_used:
        yield (
            "last used",
            f"{_moment(one.last_used)}" + (f", {one.last_used_where}" if one.last_used_where else ""),
        )
    if one.powers:
        yield "may", _powers(one.powers)
    yield from _hanging(one, widened)
    if one.note:
        yield "note", Text(one.note, style="yellow")
    if one.untold:
        yield "not told", Text("\n".join(one.untold), style="dim")


def _hanging(one: Profile, widened: "Widened") -> Iterator[tuple[str, RenderableType]]:
    """Where it is kept and what runs with it; of one that is dead, by which nothing is reached, two lists."""
    if one.life != "dead":
        node = widened.reach.credential(one.identifier)
        if widened.reach.of(node):
            yield "reaches", tree_below(widened.reach, node, widened.unknown)
        elif one.credential:
            yield "reaches", "nothing that the inventory knows"
        return
    if one.placements:
        yield "kept in", Text("\n".join(one.placements))
    if one.workloads:
        yield "used by", Text("\n".join(one.workloads))


def _powers(powers: Sequence[Power]) -> Text:
    lines = []
    for power in powers[:_MOST_POWERS]:
        word, style = ("not ", "green") if power.denied else _REACH[power.reach]
        lines.append(Text.assemble((word, style), power.what, (f"  ({power.by})" if power.by else "", "dim")))
    if len(powers) > _MOST_POWERS:
        lines.append(Text(f"and {len(powers) - _MOST_POWERS} more (--json lists them)", style="dim"))
    return Text("\n").join(lines)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
