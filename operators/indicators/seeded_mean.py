"""The recursion under EMA and ATR.  Rule: a plain average seeds it, then mean += weight * (value - mean).

weight 2 / (period + 1) is the exponential mean, 1 / period Wilder's (New Concepts in Technical Trading Systems, 1978).
"""

from collections.abc import Sequence
from typing import Any, Self

from operators.indicators.values import NOT_AVAILABLE, at_least


class SeededMean:
    """A recursive mean of plain numbers, available from the `period`-th value on; the first `period` are its seed."""

    __slots__ = ("_mean", "_period", "_seen", "_weight")

    def __init__(self, period: int, weight: float) -> None:
        self._period = period
        self._weight = weight
        self._seen = 0
        self._mean = 0.0

    @classmethod
    def wilder(cls, period: int) -> Self:
        """Return Wilder's mean."""
        return cls(period, 1.0 / at_least("period", period, 1))

    @classmethod
    def exponential(cls, period: int) -> Self:
        """Return the exponential mean."""
        return cls(period, 2.0 / (at_least("period", period, 1) + 1))

    def extend(self, values: list[float]) -> list[float]:
        """Return the mean at each of the next values, NaN before the `period`-th."""
        early = min(max(self._period - self._seen, 0), len(values))
        return [self._warm_up(value) for value in values[:early]] + self._follow(values[early:])

    def to_plain(self) -> tuple[int, float, int, float]:
        """Write the state."""
        return self._period, self._weight, self._seen, self._mean

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        mean = cls(*plain[:2])
        mean._seen, mean._mean = plain[2:]
        return mean

    def _warm_up(self, value: float) -> float:
        """Take one value of the seed; until that is complete, `_mean` is its sum."""
        self._seen += 1
        self._mean += value
        if self._seen < self._period:
            return NOT_AVAILABLE
        self._mean /= self._period
        return self._mean

    def _follow(self, values: list[float]) -> list[float]:
        mean, weight = self._mean, self._weight
        means = [mean := mean + weight * (value - mean) for value in values]
        self._mean = mean
        return means
