"""Exponential moving average.  Rule: the plain average of the first `period` closes, then each by 2 / (period + 1).

The convention of TA-Lib's EMA: available from the `period`-th bar on.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from operators.indicators.seeded_mean import SeededMean
from operators.indicators.values import Floats


class Ema:
    """The exponential average of closes over a nominal `period` of bars, in the closes' unit."""

    __slots__ = ("_mean",)

    def __init__(self, period: int) -> None:
        self._mean = SeededMean.exponential(period)

    def extend(self, close: Floats) -> Floats:
        """Return the average at each new bar."""
        return np.array(self._mean.extend(close.tolist()), dtype=np.float64)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state as plain nested tuples."""
        return self._mean.to_plain()

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`; lists do as well as tuples."""
        ema = cls(plain[0])
        ema._mean = SeededMean.from_plain(plain)
        return ema
