"""The recursion under EMA, ATR, RSI and ADX.  Rule: a plain average seeds it, then mean += weight * (value - mean).

weight 2 / (period + 1) is the exponential mean, 1 / period Wilder's (New Concepts in Technical Trading Systems, 1978).
"""

from collections.abc import Sequence
from typing import Any, Self

from operators.indicators.values import NOT_AVAILABLE, at_least


class SeededMean:
    """A recursive mean of plain numbers, available from the `period`-th value on.

    The seed is the sum of the first `seeds` values over `period`.  `seeds` = `period` makes it their average;
    `period` - 1 is how TA-Lib starts directional movement: one value short, so that only ratios of two are usable.
    """

    __slots__ = ("_mean", "_period", "_seeds", "_seen", "_weight")

    def __init__(self, period: int, weight: float, seeds: int | None = None) -> None:
        self._period = at_least("period", period, 1)
        self._weight = weight
        self._seeds = period if seeds is None else seeds
        self._seen = 0
        self._mean = 0.0

    @classmethod
    def wilder(cls, period: int, seeds: int | None = None) -> Self:
        """Return Wilder's mean."""
        return cls(period, 1.0 / at_least("period", period, 1), seeds)

    @classmethod
    def exponential(cls, period: int) -> Self:
        """Return the exponential mean."""
        return cls(period, 2.0 / (period + 1))

    @property
    def available(self) -> bool:
        """Whether the last value had a mean."""
        return self._seen >= self._period

    @property
    def last(self) -> float:
        """The mean at the last value, NaN when not available."""
        return self._mean if self.available else NOT_AVAILABLE

    def extend(self, values: list[float]) -> list[float]:
        """Return the mean at each of the next values, NaN before the `period`-th."""
        means: list[float] = []
        for index, value in enumerate(values):
            if self.available:
                return means + self._follow(values[index:])
            means.append(self._warm_up(value))
        return means

    def to_plain(self) -> tuple[int, float, int, int, float]:
        """Write the state."""
        return self._period, self._weight, self._seeds, self._seen, self._mean

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        mean = cls(*plain[:3])
        mean._seen, mean._mean = plain[3:]
        return mean

    def _warm_up(self, value: float) -> float:
        """Take one value; until the seed is complete, `_mean` is its sum."""
        self._seen += 1
        if self._seen > self._seeds:
            self._mean += self._weight * (value - self._mean)
        else:
            self._mean += value
            if self._seen == self._seeds:
                self._mean /= self._period
        return self.last

    def _follow(self, values: list[float]) -> list[float]:
        mean, weight = self._mean, self._weight
        means = [mean := mean + weight * (value - mean) for value in values]
        self._mean = mean
        return means
