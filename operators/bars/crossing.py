"""Crossing ex-dates.  Rule: what looks back over a split looks back on bars told in the shares of its own day.

Splits that are due after the first session are known beforehand and wait here; a piece of bars that reaches over an
ex-date is cut there, since what is found before it was found in the old shares.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np

from operators.bars.columns import Bars, Interval
from operators.bars.splits import Split
from operators.sessions import new_york_day_ns

ENDLESS: Final = np.iinfo(np.int64).max

Piece = Mapping[Interval, Bars]


class Part(NamedTuple):
    """A piece's bars between two ex-dates.  `crossed`: the splits that apply to all that came before it.

    `until_ns`: the ex-date that ends it, ns UTC; what is known by then belongs to this part.
    """

    crossed: tuple[Split, ...]
    bars: Piece
    until_ns: int


class Crossings:
    """One symbol's splits to come, oldest first."""

    def __init__(self, splits: Sequence[Split] = ()) -> None:
        self._ahead = tuple((new_york_day_ns(each.ex_date)[0], each) for each in splits)

    def __bool__(self) -> bool:
        return bool(self._ahead)

    def parts(self, piece: Piece) -> Iterator[Part]:
        """Cut the next piece where it crosses ex-dates; one part, the piece itself, when it crosses none."""
        crossed: tuple[Split, ...] = ()
        while self._ahead:
            ex_ns, split = self._ahead[0]
            if not any(len(bars) and bars.start_ns[-1] >= ex_ns for bars in piece.values()):
                break
            before, piece = _cut(piece, ex_ns)
            self._ahead = self._ahead[1:]
            if before:
                yield Part(crossed, before, ex_ns)
                crossed = ()
            crossed = (*crossed, split)
        yield Part(crossed, piece, ENDLESS)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the splits to come as plain values."""
        return tuple((each.symbol, each.ex_date.isoformat(), each.before, each.after) for _, each in self._ahead)

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> "Crossings":
        """Undo `to_plain`."""
        return cls([Split(symbol, date.fromisoformat(day), *ratio) for symbol, day, *ratio in plain])


def _cut(piece: Piece, at_ns: int) -> tuple[Piece, Piece]:
    """Return the bars that start before an instant, and the others; intervals without any are left out."""
    sides: tuple[dict[Interval, Bars], dict[Interval, Bars]] = {}, {}
    for interval, bars in piece.items():
        place = int(np.searchsorted(bars.start_ns, at_ns))
        for side, part in zip(sides, (slice(place), slice(place, None)), strict=True):
            taken = bars.take(part)
            if len(taken):
                side[interval] = taken
    return sides
