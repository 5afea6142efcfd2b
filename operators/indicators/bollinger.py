"""Bollinger bands.  Rule: the plain average of the last `period` closes, plus and minus `width` standard deviations.

The convention of TA-Lib's BBANDS (and of John Bollinger): the population's deviation, so squares over `period`;
available from the `period`-th bar on.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from operators.indicators.values import Floats, at_least
from operators.indicators.windows import empty_tail, moments, tail_from_plain, tail_to_plain


class BollingerColumns(NamedTuple):
    """One value per bar, in dollars."""

    middle: Floats
    upper: Floats
    lower: Floats


class Bollinger:
    """Bands `width` population standard deviations around the average of `period` closes, 2 or more."""

    __slots__ = ("_period", "_tail", "_width")

    def __init__(self, period: int = 20, width: float = 2.0) -> None:
        self._period, self._width = at_least("period", period, 2), width
        self._tail = empty_tail(period)

    def extend(self, close: Floats) -> BollingerColumns:
        """Return middle, upper and lower band at each new bar."""
        self._tail, (mean, squares) = moments(self._tail, close)
        reach = np.sqrt(squares / self._period) * self._width
        return BollingerColumns(mean, mean + reach, mean - reach)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state as plain nested tuples."""
        return self._period, self._width, tail_to_plain(self._tail)

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`; lists do as well as tuples."""
        bands = cls(*plain[:2])
        bands._tail = tail_from_plain(plain[2], bands._period)
        return bands
