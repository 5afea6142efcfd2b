"""Volume-weighted averages from bars, as of any bar's end.  Rule: sums are taken bar by bar, in order, and never again.

VWAP = sum(v p) / sum(v); variance = sum(v p^2) / sum(v) - VWAP^2 (Berkowitz, Logue and Noser 1988 for the measure;
the bands are its volume-weighted standard deviation).  p is the bar's own VWAP where known, else its typical price
(high + low + close) / 3.  Prices enter as distances from the first one, so that a 4-digit price keeps its variance.
"""

from bisect import bisect_right
from collections.abc import Sequence
from math import sqrt
from typing import Any, NamedTuple, Self


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

    __slots__ = ("_known_ns", "_sums")

    def __init__(self, sums: Sequence[Sums] = ()) -> None:
        self._sums = list(sums)
        self._known_ns = [each.available_at_ns for each in self._sums]

    def add(self, price: float, volume: float, end_ns: int) -> None:
        """Take one bar in, its average price in dollars and its shares; bars come in time order."""
        if volume <= 0:
            return
        origin, total, first, second, _ = self._sums[-1] if self._sums else Sums(price, 0.0, 0.0, 0.0, end_ns)
        weighted = volume * (price - origin)
        sums = Sums(origin, total + volume, first + weighted, second + weighted * (price - origin), end_ns)
        self._sums.append(sums)
        self._known_ns.append(end_ns)

    def at(self, as_of_ns: int) -> Sums | None:
        """Return the sums over the bars that ended at or before an instant; None when none traded."""
        known = bisect_right(self._known_ns, as_of_ns)
        return self._sums[known - 1] if known else None

    def to_plain(self) -> tuple[Any, ...]:
        """Write the last sums; earlier ones are forgotten."""
        return tuple(self._sums[-1]) if self._sums else ()

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Self:
        """Undo `to_plain`."""
        return cls([Sums(*plain)] if plain else ())


def average_price(high: float, low: float, close: float, vwap: float) -> float:
    """A bar's average price in dollars: its VWAP, or its typical price where that is NaN.

    >>> average_price(12.0, 9.0, 12.0, float("nan")), average_price(12.0, 9.0, 12.0, 10.5)
    (11.0, 10.5)
    """
    return vwap if vwap == vwap else (high + low + close) / 3  # NaN alone differs from itself
