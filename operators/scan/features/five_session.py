"""What one session's five-minute bars are measured against.  New with each session."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

import numpy as np

from operators.bars.columns import Bars, Floats
from operators.prices import PRICE_TOLERANCE
from operators.scan.features.rolling import Tail, highest

RECENT, CHANNEL = 3, 6
"""Bars, this one included, that an extreme may lie back; bars before this one that make the channel (half an hour)."""
FIRST_HALF_HOUR: Final = 30.0
"""Minutes; Gao, Han, Li and Zhou, Market Intraday Momentum, 2018."""


class LookBack(NamedTuple):
    """The close before and the VWAP six bars ago, (bars,).

    `extremes`: highs and lows in turn: of price and of RSI over the recent bars, of price over the channel, (6, bars).
    """

    before: Floats
    vwap_ago: Floats
    extremes: Floats


class FiveSession:
    """The state of one session."""

    __slots__ = ("_half_hour", "_run", "_tail", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self._tail = Tail(6, CHANNEL)
        self._run = 0.0
        self._half_hour = float("nan")

    def look_back(self, bars: Bars, vwap: Floats, rsi: Floats) -> LookBack:
        """Return what lies a few bars back, in this session only."""
        size = len(bars)
        rows = np.concatenate((bars.high, -bars.low, rsi, -rsi, bars.close, vwap)).reshape(6, size)
        joined = self._tail.join(rows)
        recent = highest(joined[:4, CHANNEL - RECENT + 1 :], RECENT)
        extremes = np.concatenate((recent, highest(joined[:2, :-1], CHANNEL, np.maximum)))
        np.negative(extremes[1::2], out=extremes[1::2])
        return LookBack(joined[4, CHANNEL - 1 : -1], joined[5, :size], extremes)

    def half_hour(self, minute: Floats, close: Floats) -> Floats:
        """Return the first half hour's last close, dollars, NaN until it is over."""
        if minute[0] <= FIRST_HALF_HOUR:
            self._half_hour = float(close[minute <= FIRST_HALF_HOUR][-1])
        return np.where(minute >= FIRST_HALF_HOUR, self._half_hour, np.nan)

    def side_run(self, close: Floats, vwap: Floats) -> Floats:
        """Return how many closes in a row had been above the VWAP (below: negative) before each new bar."""
        run, before = self._run, []
        for off in (close - vwap).tolist():
            before.append(run)
            if off > PRICE_TOLERANCE:
                run = max(run, 0.0) + 1
            elif off < -PRICE_TOLERANCE:
                run = min(run, 0.0) - 1
            else:
                run = 0.0
        self._run = run
        return np.array(before)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        return self.number, self._run, self._half_hour, self._tail.to_plain()

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls(plain[0])
        own._run, own._half_hour, own._tail = plain[1], plain[2], Tail.from_plain(plain[3])
        return own
