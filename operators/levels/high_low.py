"""The highest and lowest price so far, as of any instant.  Rule: a bar's price is known at the bar's end."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Self

import numpy as np

from operators.bars.columns import Bars
from operators.levels.level import LevelKind, Mark

SIGNS: Final = (1.0, -1.0)
"""Lows are the highs of negated prices."""


class Extreme(NamedTuple):
    """`price` in dollars, reached in the bar that starts at `since_ns`, known at `available_at_ns`."""

    price: float
    since_ns: int
    available_at_ns: int


class HighLow:
    """Each high and each low that went beyond all before it; of equal prices the first made the extreme."""

    __slots__ = ("_best", "_known_ns", "_records")

    def __init__(self) -> None:
        self._best = np.full(2, -np.inf)
        self._records: tuple[list[Extreme], list[Extreme]] = ([], [])
        self._known_ns: tuple[list[int], list[int]] = ([], [])

    def extend(self, bars: Bars) -> None:
        """Take bars in, in time order."""
        if not len(bars):
            return
        best = np.empty((2, len(bars) + 1))
        best[:, 0], best[0, 1:] = self._best, bars.high
        np.negative(bars.low, out=best[1, 1:])
        np.maximum.accumulate(best, axis=1, out=best)
        self._best = best[:, -1]
        for side, index in zip(*(found.tolist() for found in (best[:, 1:] > best[:, :-1]).nonzero()), strict=True):
            extreme = Extreme(
                SIGNS[side] * float(best[side, index + 1]), int(bars.start_ns[index]), int(bars.end_ns[index])
            )
            self._records[side].append(extreme)
            self._known_ns[side].append(extreme.available_at_ns)

    def high(self, as_of_ns: int) -> Extreme | None:
        """Return the highest price of the bars that ended at or before an instant; None without any."""
        return self._at(0, as_of_ns)

    def low(self, as_of_ns: int) -> Extreme | None:
        """Return the lowest price of the bars that ended at or before an instant; None without any."""
        return self._at(1, as_of_ns)

    def _at(self, side: int, as_of_ns: int) -> Extreme | None:
        known = bisect_right(self._known_ns[side], as_of_ns)
        return self._records[side][known - 1] if known else None

    def marks(self, high: LevelKind, low: LevelKind, as_of_ns: int) -> Iterator[Mark]:
        """Return the extremes as of an instant under the kinds given."""
        for extreme, kind in ((self.high(as_of_ns), high), (self.low(as_of_ns), low)):
            if extreme is not None:
                yield extreme.price, kind, extreme.since_ns, extreme.available_at_ns

    def to_plain(self) -> tuple[Any, ...]:
        """Write both sides as plain tuples."""
        return tuple(tuple(tuple(record) for record in side) for side in self._records)

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Self:
        """Undo `to_plain`."""
        extremes = cls()
        for side, (sign, records) in enumerate(zip(SIGNS, plain, strict=True)):
            extremes._records[side].extend(Extreme(*record) for record in records)
            extremes._known_ns[side].extend(record[2] for record in records)
            if records:
                extremes._best[side] = sign * records[-1][0]
        return extremes
