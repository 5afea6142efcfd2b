"""Volume by price.  Rule: a bar's volume is spread evenly over every tick of its range, low and high included.

A bar says where it traded, not how much where; put at its average it would make peaks at prices that never printed,
and spread it costs about a microsecond.  Bins are an odd number of ticks wide (a power of three), centred on ticks
counted from the first open, so that no price on the tick lies on an edge.  They are the finest that cover the range
with at most `MAX_BINS`: a width that comes from tick and range alone is the same for mirrored and for scaled prices,
and, because ticks are spread before they are binned, the same whenever the bins became too many.
"""

from math import floor
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

MAX_BINS: Final = 128
"""With more, three become one: between 43 and 128 bins over a range that is wide enough."""

WIDENING: Final = 3


class VolumeProfile:
    """Shares per bin.  `tick` in dollars; empty until a bar with volume comes."""

    __slots__ = ("_anchor", "_high", "_low", "_shares", "_tick", "_width")

    def __init__(self, tick: float) -> None:
        self._tick = tick
        self._anchor: float | None = None
        self._width = 1
        self._low = self._high = 0
        self._shares: npt.NDArray[np.float64] = np.zeros(2 * MAX_BINS + 1)  # the anchor's bin in the middle

    def add(self, opened: float, low: float, high: float, volume: float) -> None:
        """Take one bar in: dollars and shares; bars come in time order."""
        if volume <= 0:
            return
        if self._anchor is None:
            self._anchor = opened
        bottom = floor((low - self._anchor) / self._tick + 0.5)
        top = floor((high - self._anchor) / self._tick + 0.5)
        self._reach(bottom, top)
        self._spread(bottom, top, volume)

    def _reach(self, bottom: int, top: int) -> None:
        """Make room for a range of ticks, in wider bins when there are too many."""
        low, high = min(self._low, self._bin(bottom)), max(self._high, self._bin(top))
        while high - low >= MAX_BINS:
            self._widen()
            low, high = min(self._low, self._bin(bottom)), max(self._high, self._bin(top))
        self._low, self._high = low, high

    def _bin(self, tick: int) -> int:
        return (tick + self._width // 2) // self._width

    def _widen(self) -> None:
        """Make one bin of three.  The outer two are added first, so that a mirrored profile adds the same numbers."""
        low, high = ((edge + 1) // WIDENING for edge in (self._low, self._high))
        old, new = self._shares, np.zeros_like(self._shares)
        start, stop = WIDENING * low - 1 + MAX_BINS, WIDENING * high + 2 + MAX_BINS
        left, middle, right = (old[start + offset : stop : WIDENING] for offset in range(WIDENING))
        new[low + MAX_BINS : high + 1 + MAX_BINS] = (left + right) + middle
        self._low, self._high, self._shares = low, high, new
        self._width *= WIDENING

    def _spread(self, bottom: int, top: int, volume: float) -> None:
        first, last = self._bin(bottom), self._bin(top)
        if first == last:
            self._shares[first + MAX_BINS] += volume
            return
        each, width = volume / (top - bottom + 1), self._width
        half = width // 2
        self._shares[first + MAX_BINS] += each * (first * width + half - bottom + 1)
        self._shares[last + MAX_BINS] += each * (top - (last * width - half) + 1)
        if last - first > 1:
            self._shares[first + 1 + MAX_BINS : last + MAX_BINS] += each * width

    def shares(self) -> list[float]:
        """Return the shares of each bin from the lowest price up; empty before any volume."""
        if self._anchor is None:
            return []
        bins: list[float] = self._shares[self._low + MAX_BINS : self._high + 1 + MAX_BINS].tolist()
        return bins

    def price(self, position: float) -> float:
        """Return the price in dollars at the middle of a bin of `shares`; half-way positions lie on an edge."""
        return (self._anchor or 0.0) + (self._low + position) * self._width * self._tick

    def copy(self) -> Self:
        """Return an independent copy."""
        return self.from_plain(self.to_plain())

    def to_plain(self) -> tuple[Any, ...]:
        """Write the profile as plain numbers."""
        return self._tick, self._anchor, self._width, self._low, self._high, tuple(self.shares())

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Self:
        """Undo `to_plain`."""
        tick, anchor, width, low, high, shares = plain
        profile = cls(tick)
        profile._anchor, profile._width, profile._low, profile._high = anchor, width, low, high
        profile._shares[low + MAX_BINS : low + MAX_BINS + len(shares)] = shares
        return profile
