"""Realised volatility.  Rule: the sample standard deviation of the last `period` close-to-close changes, annualised.

Times the square root of `per_year`, the number of bars in a year (252 daily bars, 252 * 390 one-minute bars): Hull,
Options, Futures, and Other Derivatives, "Estimating volatility from historical data".  The mean change is subtracted.
Changes are log returns (a fraction of price per year) or dollars (dollars per share per root year).  Log returns
scale with price and mirror as price -> constant / price; dollars are what mirrors as price -> constant - price.
"""

import math
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final, Self, assert_never

import numpy as np

from operators.indicators.values import NOT_AVAILABLE, Bools, Floats, at_least
from operators.indicators.windows import empty_tail, moments, tail_from_plain, tail_to_plain

TRADING_DAYS: Final = 252.0
"""Bars in a year, for daily ones."""


class Change(StrEnum):
    """What is measured from one close to the next."""

    LOG = "log"
    DOLLARS = "dollars"


class RealizedVolatility:
    """The annualised deviation of the last `period` changes, 2 or more; available from bar `period` + 1 on."""

    __slots__ = ("_change", "_close", "_factor", "_last", "_per_year", "_period", "_tail")

    def __init__(self, period: int, per_year: float = TRADING_DAYS, change: Change = Change.LOG) -> None:
        self._period, self._per_year, self._change = at_least("period", period, 2), per_year, Change(change)
        self._factor = math.sqrt(per_year / (period - 1))
        self._close: float | None = None
        self._last = NOT_AVAILABLE
        self._tail = empty_tail(period)

    def extend(self, close: Floats, fresh: Bools | None = None) -> Floats:
        """Return the volatility at each new bar.  `close`: dollars, above 0.

        `fresh` marks bars whose change from the bar before does not count (a session's first, where the night is not
        meant); they repeat the volatility of the bar before.
        """
        closes = close.tolist()
        before = closes if self._close is None else [self._close, *closes]
        changes = np.array(self._changes(before), dtype=np.float64)
        counts = np.ones(len(closes), dtype=np.bool_) if fresh is None else ~fresh
        counts[: len(closes) - len(changes)] = False
        self._close = closes[-1] if closes else self._close
        return self._deviations(changes, counts)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state as plain nested tuples."""
        last = None if math.isnan(self._last) else self._last
        settings = self._period, self._per_year, str(self._change)
        return settings, self._close, last, tail_to_plain(self._tail)

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`; lists do as well as tuples."""
        settings, close, last, tail = plain
        volatility = cls(*settings)
        volatility._close, volatility._last = close, NOT_AVAILABLE if last is None else last
        volatility._tail = tail_from_plain(tail, volatility._period)
        return volatility

    def _changes(self, closes: list[float]) -> list[float]:
        """Return changes one by one: the last bit of a vector's logarithm may depend on the place in the vector."""
        match self._change:
            case Change.LOG:
                return [math.log(after / before) for before, after in pairwise(closes)]
            case Change.DOLLARS:
                return [after - before for before, after in pairwise(closes)]
            case _:
                assert_never(self._change)

    def _deviations(self, changes: Floats, counts: Bools) -> Floats:
        """Return the volatility at each bar; where its change does not count, that of the bar before."""
        if counts.all():
            self._tail, (_, squares) = moments(self._tail, changes)
            known = np.sqrt(squares) * self._factor
        else:
            self._tail, (_, squares) = moments(self._tail, changes[counts[len(counts) - len(changes) :]])
            known = np.concatenate(((self._last,), np.sqrt(squares) * self._factor))[np.cumsum(counts)]
        if len(known):
            self._last = float(known[-1])
        return known
