"""Average true range (Wilder).  Rule: the average of the first `period` true ranges, then each by 1 / period.

The convention of TA-Lib's ATR: the first bar has no true range, so available from bar `period` + 1 on.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from operators.indicators.seeded_mean import SeededMean
from operators.indicators.true_range import true_range
from operators.indicators.values import NOT_AVAILABLE, Floats


class Atr:
    """The average true range over a nominal `period` of bars, in dollars."""

    __slots__ = ("_close", "_mean")

    def __init__(self, period: int) -> None:
        self._mean = SeededMean.wilder(period)
        self._close: float | None = None

    def extend(self, high: Floats, low: Floats, close: Floats) -> Floats:
        """Return the average true range at each new bar."""
        if not len(close):
            return np.empty(0)
        ranges = true_range(self._close, high, low, close).tolist()
        missing = [] if self._close is not None else [NOT_AVAILABLE]
        self._close = float(close[-1])
        return np.array(missing + self._mean.extend(ranges), dtype=np.float64)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state as plain nested tuples."""
        return self._mean.to_plain(), self._close

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`; lists do as well as tuples."""
        atr = cls(plain[0][0])
        atr._mean, atr._close = SeededMean.from_plain(plain[0]), plain[1]
        return atr
