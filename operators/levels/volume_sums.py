"""Volume-weighted averages from bars, as of any bar's end.  Rule: sums are taken bar by bar, in order, and never again.

VWAP = sum(v p) / sum(v); variance = sum(v p^2) / sum(v) - VWAP^2 (Berkowitz, Logue and Noser 1988 for the measure;
the bands are its volume-weighted standard deviation).  p is the bar's own VWAP where known, else its typical price
(high + low + close) / 3.  Prices enter as distances from the first one, so that a 4-digit price keeps its variance.
"""

from bisect import bisect_right
from math import sqrt
from typing import Any, NamedTuple, Self

import numpy as np

from operators.bars.columns import Bars, Floats


class Sums(NamedTuple):
    """Sums over bars: volume, volume x distance and volume x distance^2, distance in dollars from `origin`."""

    origin: float
    volume: float
    first: float
    second: float
    available_at_ns: int

    @property
    def vwap(self) -> float:
        """The average price in dollars."""
        return self.origin + self.first / self.volume

    @property
    def deviation(self) -> float:
        """The volume-weighted standard deviation in dollars."""
        mean = self.first / self.volume
        return sqrt(max(0.0, self.second / self.volume - mean * mean))

    def joined(self, later: "Sums") -> float:
        """The VWAP in dollars of these bars and later ones together."""
        moved = later.first + (later.origin - self.origin) * later.volume
        return self.origin + (self.first + moved) / (self.volume + later.volume)


class VolumeSums:
    """The sums after each bar that traded."""

    __slots__ = ("_carried", "_columns", "_known_ns", "_origin")

    def __init__(self) -> None:
        self._origin = 0.0
        self._carried = np.zeros(3)
        self._columns: tuple[list[float], ...] = ([], [], [])
        self._known_ns: list[int] = []

    def extend(self, bars: Bars) -> None:
        """Take bars in, in time order; all of them must have volume."""
        if not len(bars):
            return
        average = average_prices(bars)
        if not self._known_ns:
            self._origin = float(average[0])
        running = np.empty((3, len(bars) + 1))
        running[:, 0], running[0, 1:] = self._carried, bars.volume
        distance = average - self._origin
        np.multiply(bars.volume, distance, out=running[1, 1:])
        np.multiply(running[1, 1:], distance, out=running[2, 1:])
        running.cumsum(axis=1, out=running)
        self._carried = running[:, -1]
        for column, values in zip(self._columns, running[:, 1:].tolist(), strict=True):
            column.extend(values)
        self._known_ns.extend(bars.end_ns.tolist())

    def at(self, as_of_ns: int) -> Sums | None:
        """Return the sums over the bars that ended at or before an instant; None when none traded."""
        last = bisect_right(self._known_ns, as_of_ns) - 1
        if last < 0:
            return None
        volume, first, second = (column[last] for column in self._columns)
        return Sums(self._origin, volume, first, second, self._known_ns[last])

    def to_plain(self) -> tuple[Any, ...]:
        """Write the last sums; earlier ones are forgotten."""
        last = self.at(self._known_ns[-1]) if self._known_ns else None
        return () if last is None else tuple(last)

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Self:
        """Undo `to_plain`."""
        sums = cls()
        if plain:
            sums._origin, *carried, known_ns = plain
            sums._carried = np.array(carried)
            sums._columns = tuple([value] for value in carried)
            sums._known_ns = [known_ns]
        return sums


def average_prices(bars: Bars) -> Floats:
    """Return each bar's average price in dollars: its VWAP, or its typical price where that is NaN."""
    unknown = np.isnan(bars.vwap)
    typical: Floats = (bars.high + bars.low + bars.close) / 3
    return typical if unknown.all() else np.where(unknown, typical, bars.vwap)
