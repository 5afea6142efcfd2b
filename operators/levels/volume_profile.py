"""Volume by price.  Rule: a bar's volume is spread evenly over every tick of its range, low and high included.

A bar says where it traded, not how much where; put at its average it would make peaks at prices that never printed,
and spreading is as cheap.  Bins are an odd number of ticks wide (a power of three), centred on ticks counted from the
first open, or from the tick nearest to it, so that no price on the tick lies on an edge.  They are the finest that
cover the range with at most `MAX_BINS`: a width that comes from tick and range alone is the same for mirrored and for
scaled prices, and, because ticks are spread before they are binned, the volumes do not depend on when the bins became
too many.  A first open half-way between two ticks counts as the tick above, which has no mirror image.
"""

from collections.abc import Sequence
from math import ceil, floor
from typing import Any, Final, Self

import numpy as np

from operators.bars.columns import Bars, Floats, Ints

MAX_BINS: Final = 128
"""With more, three become one: between 43 and 128 bins over a range that is wide enough."""

WIDENING: Final = 3

FEW: Final = 16
"""Fewer bars than this are spread one by one, which is faster and comes to the same sums."""

NOISE_TICKS: Final = 1e-6
_HALF: Final = 0.5 + NOISE_TICKS
"""Half a tick and the noise of decimals.  A low half-way between ticks goes down and such a high up: one rounding for
both would have no mirror image, and prints between bid and ask, at half a cent, are everyday."""

ProfileRow = tuple[float, float, float, float]
"""A bar's open, low and high in dollars, and its shares, above 0."""

_SIZE: Final = 2 * MAX_BINS + 1
_EVERY_BIN: Final = np.arange(_SIZE)


class VolumeProfile:
    """Shares per bin.  `tick` in dollars; empty until a bar with volume comes."""

    __slots__ = ("_anchor", "_high", "_low", "_shares", "_tick", "_width")

    def __init__(self, tick: float) -> None:
        self._tick = tick
        self._anchor: float | None = None
        self._width = 1
        self._low = self._high = 0
        self._shares: Floats = np.zeros(_SIZE)  # the anchor's bin in the middle

    def extend(self, rows: Floats | Sequence[ProfileRow]) -> None:
        """Take bars in, in time order; all of them must have volume."""
        if not len(rows):
            return
        matrix = np.asarray(rows)
        if self._anchor is None:
            self._anchor = _on_tick(matrix.item(0, 0), self._tick)
        if len(rows) < FEW:
            for _, low, high, volume in matrix.tolist():
                bottom, top = (low - self._anchor) / self._tick, (high - self._anchor) / self._tick
                self._add(ceil(bottom - _HALF), floor(top + _HALF), volume)
        else:
            _, low, high, volume = matrix.T
            bottoms = np.ceil((low - self._anchor) / self._tick - _HALF).astype(np.int64)
            self._add_many(bottoms, np.floor((high - self._anchor) / self._tick + _HALF).astype(np.int64), volume)

    def _add(self, bottom: int, top: int, volume: float) -> None:
        """Spread one bar: to the last bit what `_add_many` does with it."""
        half, each = self._width // 2, volume / (top - bottom + 1)
        first, last = (bottom + half) // self._width, (top + half) // self._width
        while max(self._high, last) - min(self._low, first) >= MAX_BINS:
            self._widen()
            half = self._width // 2
            first, last = (bottom + half) // self._width, (top + half) // self._width
        self._low, self._high = min(self._low, first), max(self._high, last)
        shares, below, above = self._shares, first * self._width - half, last * self._width + half
        shares[first + MAX_BINS] += each * (min(top, below + self._width - 1) - bottom + 1)
        if last > first:
            shares[first + 1 + MAX_BINS : last + MAX_BINS] += each * self._width
            shares[last + MAX_BINS] += each * (top - (above - self._width + 1) + 1)

    def _add_many(self, bottom: Ints, top: Ints, volume: Floats) -> None:
        each, start = volume / (top - bottom + 1), 0
        while start < len(each):
            rest = slice(start, None)
            count = self._spread_while_they_fit(bottom[rest], top[rest], each[rest])
            start += count
            if not count:
                self._widen()

    def _spread_while_they_fit(self, bottom: Ints, top: Ints, each: Floats) -> int:
        """Spread the bars before the first that needs more bins than there may be; return how many those are."""
        half = self._width // 2
        first, last = (bottom + half) // self._width, (top + half) // self._width
        low, high = min(self._low, int(first.min())), max(self._high, int(last.max()))
        count = len(each)
        if high - low >= MAX_BINS:
            lows = np.minimum(np.minimum.accumulate(first), self._low)
            highs = np.maximum(np.maximum.accumulate(last), self._high)
            count = int(np.count_nonzero(highs - lows < MAX_BINS))
            if not count:
                return 0
            low, high = int(lows[count - 1]), int(highs[count - 1])
        self._low, self._high = low, high
        self._spread(bottom[:count], top[:count], first[:count], last[:count], each[:count])
        return count

    def _spread(self, bottom: Ints, top: Ints, first: Ints, last: Ints, each: Floats) -> None:
        """Add each bar's ticks to its bins, bar by bar; what is there comes first, so that no cut changes a sum."""
        bins_of_bar = last - first + 1
        ends = np.cumsum(bins_of_bar)
        bar = np.repeat(np.arange(len(each)), bins_of_bar)
        bins = np.arange(len(bar)) + (first + bins_of_bar - ends)[bar]
        lowest = bins * self._width - self._width // 2
        ticks = np.minimum(top[bar], lowest + self._width - 1) - np.maximum(bottom[bar], lowest) + 1
        where = np.concatenate((_EVERY_BIN, bins + MAX_BINS))
        added = np.concatenate((self._shares, each[bar] * ticks))
        self._shares = np.asarray(np.bincount(where, added, _SIZE), dtype=np.float64)

    def _widen(self) -> None:
        """Make one bin of three.  The outer two are added first, so that a mirrored profile adds the same numbers."""
        low, high = ((edge + 1) // WIDENING for edge in (self._low, self._high))
        old, new = self._shares, np.zeros(_SIZE)
        start, stop = WIDENING * low - 1 + MAX_BINS, WIDENING * high + 2 + MAX_BINS
        left, middle, right = (old[start + offset : stop : WIDENING] for offset in range(WIDENING))
        new[low + MAX_BINS : high + 1 + MAX_BINS] = (left + right) + middle
        self._low, self._high, self._shares = low, high, new
        self._width *= WIDENING

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


def _on_tick(price: float, tick: float) -> float:
    """Return the price itself if it is on the tick, else the nearest that is; half-way the one above."""
    ticks = price / tick
    nearest = floor(ticks + 0.5)
    return price if abs(ticks - nearest) <= NOISE_TICKS else nearest * tick


def profile_rows(bars: Bars) -> Floats:
    """Return what the profile needs of bars, a `ProfileRow` each: shape (bars, 4)."""
    return np.stack((bars.open, bars.low, bars.high, bars.volume), axis=1)
