"""Which secret belongs to which identifier, where a text holds the two halves of credentials apart."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from responder.secret import Secret


@dataclass(frozen=True, eq=False)
class Half:
    """One half of a credential, at its place in a text: it has an identifier or a secret, never both."""

    start: int  # offset
    line: int  # from 1
    block: int  # counts the sections of an INI file and the paragraphs of any other
    stem: str  # what the names of both halves share: `dev` for DEV_TOKEN_ID and DEV_TOKEN_SECRET
    identifier: str = ""
    secret: Secret | None = None
    named: bool = True  # its name, or its own form, says what it is


@dataclass(frozen=True)
class Pairs:
    """Identifiers with their secrets, and who is left."""

    of: dict[Half, Half] = field(default_factory=dict)  # identifier -> secret

    def taken(self) -> set[Half]:
        return {*self.of.keys(), *self.of.values()}


def pair(halves: Sequence[Half], reach: int, pairs: Pairs) -> Pairs:
    """`pairs` with those added that lie at most `reach` lines apart. Takes time linear in the halves.

    The surest first: of one paragraph and one name, of one paragraph, of one name, any neighbours. Within
    each, neighbours go together, whichever of the two comes first; of a row of identifiers and a row of as
    many secrets the first goes with the first. What is paired already parts its neighbours.
    """
    alike: tuple[Callable[[Half], Hashable], ...] = (
        lambda half: (half.block, half.stem),
        lambda half: half.block,
        lambda half: half.stem,
        lambda _half: 0,
    )
    of = dict(pairs.of)
    for key in alike:
        taken = Pairs(of).taken()
        groups: dict[Hashable, list[Half]] = {}
        for half in sorted(halves, key=lambda half: half.start):
            groups.setdefault(key(half), []).append(half)
        for group in groups.values():
            _pair_neighbours(group, reach, taken, of)
    return Pairs(of)


def _pair_neighbours(group: Sequence[Half], reach: int, taken: set[Half], of: dict[Half, Half]) -> None:
    def sort(half: Half) -> str:
        return "taken" if half in taken else "identifier" if half.identifier else "secret"

    runs = [(name, list(members)) for name, members in groupby(group, key=sort)]
    for (left_sort, left), (right_sort, right) in pairwise(runs):
        if "taken" in {left_sort, right_sort}:
            continue
        count = len(left) if len(left) == len(right) else 1
        paired = set()
        for one, other in zip(left[-count:], right[:count], strict=False):  # `left` may have been used up
            if abs(one.line - other.line) <= reach:
                identifier, secret = (one, other) if one.identifier else (other, one)
                of[identifier] = secret
                paired.add(other)
        right[:] = [half for half in right if half not in paired]
