"""Volume-weighted prices of one session.  Rule: sums run strictly in order, so that no cut of the input shows.

A bar counts with its own vwap, or with its typical price (high + low + close) / 3 where that is unknown.  Sums are of
prices less the session's first one: exact under a mirror, and no digits are lost in the deviation.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from operators.bars.columns import Bars, Floats
from operators.scan.features.positive import above_zero


class SessionSums:
    """Running sums of volume times price (less `origin`, dollars), of its square, and of volume."""

    __slots__ = ("origin", "sums")

    def __init__(self, origin: float) -> None:
        self.origin = origin
        self.sums: Floats = np.zeros((3, 1))

    def extend(self, bars: Bars) -> Floats:
        """Return the sums before the first new bar and after each, shape (3, bars + 1)."""
        off = average_price(bars) - self.origin
        moved = off * bars.volume
        added = np.concatenate((moved, moved * off, bars.volume)).reshape(3, -1)
        running: Floats = np.concatenate((self.sums, added), axis=1).cumsum(axis=1)
        self.sums = running[:, -1:]
        return running

    def vwap(self, running: Floats) -> Floats:
        """Return the session's VWAP after each bar, dollars; NaN while nothing has traded."""
        return share(running[0, 1:], running[2, 1:]) + self.origin

    def deviation(self, running: Floats) -> Floats:
        """Return the volume-weighted standard deviation around the VWAP after each bar, dollars; NaN where it is 0."""
        mean, square = share(running[:2, 1:], running[2, 1:])
        return above_zero(np.sqrt(np.maximum(square - mean * mean, 0.0)))

    def to_plain(self) -> tuple[float, ...]:
        """Write the state."""
        return self.origin, *self.sums[:, 0].tolist()

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls(plain[0])
        own.sums = np.array(plain[1:], dtype=np.float64).reshape(3, 1)
        return own


def average_price(bars: Bars) -> Floats:
    """Return each bar's vwap, or its typical price where that is unknown, dollars."""
    unknown = np.isnan(bars.vwap)
    if unknown.any():
        return np.where(unknown, (bars.high + bars.low + bars.close) / 3, bars.vwap)
    return bars.vwap


def share(part: Floats, whole: Floats) -> Floats:
    """Return part over whole, NaN where the whole is not above zero; the part may have rows, the whole has one."""
    if not whole.size or not whole.min() > 0:
        whole = np.where(whole > 0, whole, np.nan)
    quotient: Floats = part / whole
    return quotient
