"""From which step needs which to what CACAO can say: steps one after another, and branches side by side.

CACAO joins branches only where all of them end, so not every order can be said in it. What is made here is
never looser than the needs: no step comes before one that it needs. In places it is stricter.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Branches", "Order", "Sequel", "arrange", "leaves"]


@dataclass(frozen=True)
class Sequel:
    """One after another."""

    parts: tuple["Order", ...]


@dataclass(frozen=True)
class Branches:
    """Side by side, two or more; over when all are."""

    parts: tuple["Order", ...]


Order: TypeAlias = "str | Sequel | Branches"


def arrange(needs: Mapping[str, Collection[str]], waiting: Collection[str] = ()) -> Order:
    """Arrange steps (the keys, at least one) by what each needs; the same needs give the same order.

    Args:
        needs: without a circle; what is no key itself is nothing to wait for.
        waiting: the steps that begin with a pause: nothing that can go on meanwhile stands after them.
    """
    return _arranged(list(needs), needs, frozenset(waiting))


def leaves(order: Order) -> tuple[str, ...]:
    match order:
        case str():
            return (order,)
    return tuple(leaf for part in order.parts for leaf in leaves(part))


def _arranged(steps: Sequence[str], needs: Mapping[str, Collection[str]], waiting: frozenset[str]) -> Order:
    if len(steps) == 1:
        return steps[0]
    apart = _components(steps, needs)
    if len(apart) > 1:
        return Branches(tuple(_arranged(part, needs, waiting) for part in apart))
    ready = [step for step in steps if not set(needs[step]) & set(steps)]
    pausing = [step for step in ready if step in waiting]
    after = _after(pausing, steps, needs)
    beside = [step for step in steps if step not in after and step not in pausing]
    if pausing and beside:
        first = _side_by_side((*pausing, *_parts(Branches, _arranged(beside, needs, waiting))))
        rest = [step for step in steps if step in after]
    else:
        first = _side_by_side(tuple(ready))
        rest = [step for step in steps if step not in ready]
    return Sequel((first, *_parts(Sequel, _arranged(rest, needs, waiting))))


def _side_by_side(parts: tuple[Order, ...]) -> Order:
    return parts[0] if len(parts) == 1 else Branches(parts)


def _parts(kind: type[Sequel] | type[Branches], order: Order) -> tuple[Order, ...]:
    return order.parts if not isinstance(order, str) and isinstance(order, kind) else (order,)


def _components(steps: Sequence[str], needs: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Steps that hang together, in the order of the first of each."""
    group = {step: {step} for step in steps}
    for step in steps:
        for need in needs[step]:
            if need in group and group[need] is not group[step]:
                both = group[need] | group[step]
                group.update(dict.fromkeys(both, both))
    seen: list[set[str]] = []
    for step in steps:
        if not any(step in one for one in seen):
            seen.append(group[step])
    return [[step for step in steps if step in one] for one in seen]


def _after(some: Collection[str], steps: Sequence[str], needs: Mapping[str, Collection[str]]) -> set[str]:
    """The steps that need one of `some`, directly or through others."""
    found: set[str] = set()
    grown = True
    while grown:
        more = {s for s in steps if s not in found and set(needs[s]) & (found | set(some))}
        found |= more
        grown = bool(more)
    return found
