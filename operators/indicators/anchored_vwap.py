"""Anchored volume-weighted average price.  Rule: all notional since the anchor over all volume since the anchor.

The deviation around it is West's weighted recurrence (Communications of the ACM 22, 1979): what sums of volume,
notional and price squared times volume would give, without their cancellation.  Each bar counts with all its volume at
its own average price, so the scatter inside a bar is not in it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from operators.indicators.values import NOT_AVAILABLE, Floats


class VwapColumns(NamedTuple):
    """One value per bar, in dollars: the average, and the volume-weighted standard deviation of price around it."""

    vwap: Floats
    deviation: Floats

    def band(self, width: float) -> Floats:
        """Return the band `width` deviations above the average; below it for a negative width."""
        return self.vwap + width * self.deviation


class AnchoredVwap:
    """The average price since its first bar, the anchor."""

    __slots__ = ("_notional", "_squares", "_volume")

    def __init__(self) -> None:
        self._volume = self._notional = self._squares = 0.0

    def extend(self, volume: Floats, notional: Floats) -> VwapColumns:
        """Return average and deviation at each new bar.  `volume`: shares, 0 or more; `notional`: price times shares.

        NaN until there is volume.  A notional of NaN (a bar whose average is unknown) makes all that follow NaN.
        """
        averages: list[float] = []
        variances: list[float] = []
        total, paid, squares = self._volume, self._notional, self._squares
        vwap, variance = (paid / total, squares / total) if total else (0.0, NOT_AVAILABLE)
        for shares, dollars in zip(volume.tolist(), notional.tolist(), strict=True):
            if shares > 0.0:
                apart = dollars / shares - vwap
                squares += shares * (total / (total + shares)) * apart * apart
                total += shares
                paid += dollars
                vwap = paid / total
                variance = squares / total
            averages.append(vwap if total else NOT_AVAILABLE)
            variances.append(variance)
        self._volume, self._notional, self._squares = total, paid, squares
        return VwapColumns(np.array(averages, dtype=np.float64), np.sqrt(np.array(variances, dtype=np.float64)))

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state as a plain tuple."""
        return self._volume, self._notional, self._squares

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`; a list does as well as a tuple."""
        vwap = cls()
        vwap._volume, vwap._notional, vwap._squares = plain
        return vwap
