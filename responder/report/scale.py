"""From times to places on a line: to one scale throughout, with the line cut where nothing happened."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from responder.report.words import elapsed

__all__ = ["Cut", "Scale", "Tick"]

LEFT: Final = 6.0  # per cent of the width; left of it is what was before
RIGHT: Final = 98.0
_CUT: Final = 7.0  # per cent that a cut takes
# What a silence must be of all that is drawn to be cut out: the first cut, the second, the third.
_WORTH_CUTTING: Final = (0.5, 0.5, 0.75)
_MOST_TICKS: Final = 6
_CHARACTER: Final = 2.1  # per cent that one takes on a telephone: so far apart are the labels
_STEPS: Final = (
    *(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800),
)


@dataclass(frozen=True)
class Cut:
    """A stretch in which nothing happened and that is not drawn; `x` is its middle."""

    x: float
    seconds: float
    begin: float
    end: float


@dataclass(frozen=True)
class Tick:
    """A label at `x`; around it, or ending there where it would not fit."""

    x: float
    label: str

    @property
    def width(self) -> float:
        return _CHARACTER * (len(self.label) + 1)

    @property
    def at_the_end(self) -> bool:
        return self.x + self.width / 2 > RIGHT

    @property
    def begin(self) -> float:
        return self.x - (self.width if self.at_the_end else self.width / 2)

    @property
    def end(self) -> float:
        return self.begin + self.width


@dataclass(frozen=True)
class Scale:
    """`pieces` are the stretches that are drawn, all to the same scale."""

    zero: datetime
    pieces: tuple[tuple[datetime, datetime], ...]

    @classmethod
    def over(cls, times: Iterable[datetime], zero: datetime) -> "Scale":
        """A scale on which all of `times` have a place, as few and as long cuts in it as make it readable."""
        marked = sorted(set(times))
        pieces = [(marked[0], marked[-1])]
        gaps = sorted(pairwise(marked), key=_length, reverse=True)
        for gap, share in zip(gaps[:-1], _WORTH_CUTTING, strict=False):
            if _length(gap) < share * sum(map(_length, pieces)):
                break
            pieces = [part for piece in pieces for part in _without(piece, gap)]
        return cls(zero, tuple(pieces))

    @property
    def per_second(self) -> float:
        """Per cent of the width that a second takes."""
        drawn = sum(map(_length, self.pieces))
        return (RIGHT - LEFT - _CUT * (len(self.pieces) - 1)) / drawn if drawn else 0.0

    def x(self, at: datetime) -> float:
        """The place of a time, in per cent of the width."""
        place = LEFT
        for begin, end in self.pieces:
            if at <= end:
                inside = max(0.0, (at - begin).total_seconds())
                return round(place + inside * self.per_second, 3)
            place += _length((begin, end)) * self.per_second + _CUT
        return RIGHT

    def cuts(self) -> tuple[Cut, ...]:
        found = []
        for (_, begin), (end, _) in pairwise(self.pieces):
            left = self.x(begin)
            found.append(Cut(left + _CUT / 2, (end - begin).total_seconds(), left, left + _CUT))
        return tuple(found)

    def ticks(self) -> tuple[Tick, ...]:
        """Round times from `zero`, far enough from one another to be read."""
        drawn = sum(map(_length, self.pieces))
        step = next((one for one in _STEPS if drawn / one <= _MOST_TICKS), _STEPS[-1])
        kept: list[Tick] = []
        for tick in self._all_ticks(step):
            if not kept or tick.begin >= kept[-1].end:
                kept.append(tick)
        return tuple(kept)

    def _all_ticks(self, step: float) -> Iterator[Tick]:
        for begin, end in self.pieces:
            number = -int((self.zero - begin).total_seconds() // step)
            while (at := self.zero + timedelta(seconds=number * step)) <= end:
                if at >= begin:
                    yield Tick(self.x(at), _label(number * step))
                number += 1


def _length(piece: tuple[datetime, datetime]) -> float:
    return (piece[1] - piece[0]).total_seconds()


def _without(
    piece: tuple[datetime, datetime], gap: tuple[datetime, datetime]
) -> Sequence[tuple[datetime, datetime]]:
    if piece[0] <= gap[0] and gap[1] <= piece[1]:
        return (piece[0], gap[0]), (gap[1], piece[1])
    return (piece,)


def _label(seconds: float) -> str:
    text = f"{seconds:g} s" if abs(seconds) < 60 else elapsed(seconds)  # noqa: PLR2004  # a minute
    text = text.replace("-", "\N{MINUS SIGN}")
    return "0" if not seconds else text if seconds < 0 else f"+{text}"
