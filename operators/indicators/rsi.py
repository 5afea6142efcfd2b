"""Relative strength index (Wilder).  Rule: 100 * average gain / (average gain + average loss) of closes.

The convention of TA-Lib's RSI: available from bar `period` + 1 on.  Closes that never moved have neither gain nor
loss: 50 here, where TA-Lib answers 0; any other number would call a market that stands still oversold or overbought.
"""

from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np

from operators.indicators.values import NOT_AVAILABLE, Floats, at_least

NEUTRAL: Final = 50.0


class Rsi:
    """The relative strength index over a nominal `period` of bars, 2 or more; 0 to 100."""

    __slots__ = ("_close", "_gain", "_loss", "_period", "_seen")

    def __init__(self, period: int) -> None:
        self._period = at_least("period", period, 2)
        self._seen = 0
        self._close = self._gain = self._loss = 0.0

    def extend(self, close: Floats) -> Floats:
        """Return the index at each new bar."""
        closes = close.tolist()
        early = min(max(self._period + 1 - self._seen, 0), len(closes))
        index = [self._warm_up(each) for each in closes[:early]]
        index += self._follow(closes[early:])
        return np.array(index, dtype=np.float64)

    def to_plain(self) -> tuple[int, int, float, float, float]:
        """Write the state as a plain tuple."""
        return self._period, self._seen, self._close, self._gain, self._loss

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`; a list does as well as a tuple."""
        rsi = cls(plain[0])
        _, rsi._seen, rsi._close, rsi._gain, rsi._loss = plain
        return rsi

    def _warm_up(self, close: float) -> float:
        """Take one close; until the seed is complete, gain and loss are sums."""
        change = close - self._close if self._seen else 0.0
        self._close = close
        self._seen += 1
        self._gain += max(change, 0.0)
        self._loss += max(-change, 0.0)
        if self._seen <= self._period:
            return NOT_AVAILABLE
        self._gain /= self._period
        self._loss /= self._period
        total = self._gain + self._loss
        return 100.0 * self._gain / total if total else NEUTRAL

    def _follow(self, closes: list[float]) -> list[float]:
        weight = 1.0 / self._period
        gain, loss, before = self._gain, self._loss, self._close
        index: list[float] = []
        for close in closes:
            change = close - before
            before = close
            if change > 0.0:
                gain += weight * (change - gain)
                loss -= weight * loss
            else:
                gain -= weight * gain
                loss -= weight * (change + loss)
            total = gain + loss
            index.append(100.0 * gain / total if total else NEUTRAL)
        self._gain, self._loss, self._close = gain, loss, before
        self._seen += len(closes)
        return index
