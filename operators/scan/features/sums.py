"""Volume-weighted prices of one session.  Rule: sums run strictly in order, so that no cut of the input shows.

A bar counts with its own vwap, or with its typical price (high + low + close) / 3 where that is unknown.  Sums are of
prices less the session's first one: exact under a mirror, and no digits are lost in the deviation.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from operators.bars.columns import Bars, Floats
from operators.scan.features.positive import above_zero
from operators.scan.features.ragged import Ragged


class SessionSums:
    """The state of one session: sums of volume times price (less `origin`, dollars), of its square, and of volume."""

    __slots__ = ("origin", "sums")

    def __init__(self, origin: float) -> None:
        self.origin = origin
        self.sums: tuple[float, ...] = (0.0, 0.0, 0.0)

    @staticmethod
    def extend(owners: "Sequence[SessionSums]", ragged: Ragged, bars: Bars) -> Floats:
        """Return the owners' sums before their first new bars and after each, shape (3, owners, most bars + 1)."""
        off = average_price(bars) - ragged.each([own.origin for own in owners])
        moved = off * bars.volume
        added = np.concatenate((moved, moved * off, bars.volume)).reshape(3, -1)
        before = np.array([own.sums for own in owners]).T[:, :, None]
        running: Floats = ragged.padded(added, before, 0.0).cumsum(axis=2)
        for own, sums in zip(owners, ragged.after(running)[:, :, 0].T.tolist(), strict=True):
            own.sums = tuple(sums)
        return running

    def to_plain(self) -> tuple[float, ...]:
        """Write the state."""
        return self.origin, *self.sums

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls(plain[0])
        own.sums = tuple(plain[1:])
        return own


def deviation(after: Floats) -> Floats:
    """Return the volume-weighted standard deviation around the VWAP, dollars; NaN where it is 0.

    `after`: the sums after each bar, shape (3, bars).
    """
    mean, square = share(after[:2], after[2])
    return above_zero(np.sqrt(np.maximum(square - mean * mean, 0.0)))


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
