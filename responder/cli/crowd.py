"""Hundreds of steps in a few lines: one for each step of the playbook, and those that need a person's eye."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from responder.engine import PlannedStep, RunState
from responder.playbook import Instance
from responder.report.summary import CredentialReading

T = TypeVar("T")
Described: TypeAlias = Mapping[str, Any]  # a step, as the journal has it

MANY: Final = 100  # steps: what fills more than a screen is told in few lines
SHOWN: Final = 20  # of what is alike: problems, names
_OVER: Final = ("succeeded", "skipped", "undone")


def is_crowd(count: int) -> bool:
    return count > MANY


def several(alike: Sequence[T]) -> tuple[Sequence[T], int]:
    """As many as a person reads, and how many more there are."""
    return alike[:SHOWN], max(0, len(alike) - SHOWN)


def plan_crowd(steps: Sequence[PlannedStep], strategy: str, meaning: str) -> RenderableType:
    """The steps of the playbook in their order, each with how often it is done; then what is not plain."""
    by_step: dict[str, list[PlannedStep]] = {}
    for one in steps:
        by_step.setdefault(one.instance.step.id, []).append(one)
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", width=5)
    table.add_column(ratio=1, overflow="fold")
    phase = ""
    for group in sorted(by_step.values(), key=_depths(steps)):
        step = group[0].instance.step
        if step.phase != phase:
            phase = step.phase
            table.add_row("", Text(phase, style="bold cyan"))
        final = any(one.point_of_no_return for one in group)
        text = Text.assemble(step.title, (" ⊘", "red") if final else "")
        table.add_row(f"{len(group)} x", text)
    return Group(
        Text(f"Plan, {strategy}: {meaning}", style="bold"),
        table,
        *_not_plain(steps),
        Text("⊘ cannot be taken back", style="dim"),
        Text("`respond --verbose run …` shows each of these steps.", style="dim"),
    )


def _depths(steps: Sequence[PlannedStep]) -> Callable[[Sequence[PlannedStep]], tuple[bool, int, int]]:
    """A key to sort by: the longest chain of steps before any of the phase, then before any of the group."""
    depth: dict[str, int] = {}
    of_phase: dict[str, int] = {}
    for one in steps:  # each after what it needs
        needs = [depth[need] for need in one.instance.needs if need in depth]
        depth[one.instance.id] = max(needs, default=-1) + 1
        phase = one.instance.step.phase
        of_phase[phase] = max(of_phase.get(phase, 0), depth[one.instance.id])

    def deepest(group: Sequence[PlannedStep]) -> tuple[bool, int, int]:
        phase = group[0].instance.step.phase
        # Nothing waits for a review, nor it for anything: it is beside the rest.
        return phase == "review", of_phase[phase], max(depth[one.instance.id] for one in group)

    return deepest


def _not_plain(steps: Sequence[PlannedStep]) -> Iterator[RenderableType]:
    for one in (one for one in steps if one.choice):
        yield Text(
            f"{_named(one.instance)} WAITS FOR A CHOICE, with all that needs it: {one.problem} {one.choice} "
            "Everything else is done.",
            style="bold yellow",
        )
    unseen = [one for one in steps if one.plan is None and not one.choice]
    shown, more = several(unseen)
    for one in shown:
        yield Text(f"{_named(one.instance)}: could not look: {one.problem}", style="yellow")
    if more:
        yield Text(
            f"and {more} more could not be looked at; they will be tried all the same.", style="yellow"
        )


def _named(instance: Instance) -> str:
    label = getattr(instance.item, "label", "")
    return f"{instance.step.title} ({label})" if label else instance.step.title


def crowd_rows(state: RunState, steps: Sequence[Described]) -> Iterator[tuple[str, str, str]]:
    """Of each step of the playbook: its mark, its title, how many are over of how many; phases between."""
    by_title: dict[tuple[str, str], list[bool]] = {}
    for step in steps:
        is_over = state.step(step["id"]).status in _OVER
        by_title.setdefault((step["phase"], step["title"]), []).append(is_over)
    before = ""
    for (phase, title), over in by_title.items():
        if phase != before:
            yield "", phase, ""
        before = phase
        mark = "succeeded" if all(over) else "applied" if any(over) else "pending"
        yield mark, title, f"{sum(over)} of {len(over)}"


def crowd_wrong(state: RunState, steps: Sequence[Described]) -> Sequence[Described]:
    """Those that a person should look at, as many as are read; `respond show` has them all."""
    states = [(step, state.step(step["id"])) for step in steps]
    return [step for step, is_so in states if is_so.status in ("failed", "parked") or is_so.reopened][:SHOWN]


def exposed_crowd(credentials: Sequence[CredentialReading]) -> str:
    """As many as fit, by what they are."""
    by_kind: dict[str, int] = {}
    for one in credentials:
        by_kind[one.kind] = by_kind.get(one.kind, 0) + 1
    return ", ".join(f"{count} x {kind}" for kind, count in by_kind.items())


def contained_crowd(credentials: Sequence[CredentialReading]) -> str:
    """The last of them, and by name those that are not."""
    times = [one.contained_after for one in credentials if one.contained_after is not None]
    told = [f"{len(times)} of {len(credentials)}, the last in {max(times):.1f} s"] if times else []
    left, more = several([one for one in credentials if one.contained_after is None])
    told += [f"{one.name} {'GIVEN BACK' if one.given_back else 'NOT CONTAINED'}" for one in left]
    told += [f"and {more} more NOT CONTAINED"] if more else []
    return ", ".join(told)
