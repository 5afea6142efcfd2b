"""Keltner channel.  Rule: the EMA of typical prices (high + low + close) / 3, plus and minus `width` ATRs.

The convention of TA-Lib's KC (Keltner's typical price, Raschke's EMA and ATR): the part that would be available sooner
starts late, so that the seeds of both end on the same bar.  Available from the later of bars `period` and
`atr_period` + 1 on, all three lines at once.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from operators.indicators.atr import Atr
from operators.indicators.ema import Ema
from operators.indicators.values import NOT_AVAILABLE, Floats


class KeltnerColumns(NamedTuple):
    """One value per bar, in dollars."""

    middle: Floats
    upper: Floats
    lower: Floats


class Keltner:
    """A channel `width` ATRs of `atr_period` bars around the EMA of `period` typical prices."""

    __slots__ = ("_atr", "_atr_waits", "_ema", "_ema_waits", "_width")

    def __init__(self, period: int = 20, atr_period: int = 10, width: float = 2.0) -> None:
        self._ema, self._atr, self._width = Ema(period), Atr(atr_period), width
        self._ema_waits, self._atr_waits = max(atr_period + 1 - period, 0), max(period - atr_period - 1, 0)

    def extend(self, high: Floats, low: Floats, close: Floats) -> KeltnerColumns:
        """Return middle, upper and lower line at each new bar."""
        late, atr_late = min(self._ema_waits, len(close)), min(self._atr_waits, len(close))
        middle = self._ema.extend(((high + low + close) / 3.0)[late:])
        reach = self._atr.extend(high[atr_late:], low[atr_late:], close[atr_late:]) * self._width
        if late or atr_late:
            middle, reach = (_after(wait, column) for wait, column in ((late, middle), (atr_late, reach)))
            self._ema_waits, self._atr_waits = self._ema_waits - late, self._atr_waits - atr_late
        return KeltnerColumns(middle, middle + reach, middle - reach)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state as plain nested tuples."""
        return self._width, self._ema_waits, self._atr_waits, self._ema.to_plain(), self._atr.to_plain()

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`; lists do as well as tuples."""
        channel = cls(width=plain[0])
        channel._ema_waits, channel._atr_waits = plain[1:3]
        channel._ema, channel._atr = Ema.from_plain(plain[3]), Atr.from_plain(plain[4])
        return channel


def _after(wait: int, column: Floats) -> Floats:
    return np.concatenate((np.full(wait, NOT_AVAILABLE), column))
