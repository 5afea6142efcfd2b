"""What one session's five-minute bars are measured against.  New with each session."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

import numpy as np

from operators.bars.columns import Bars, Floats
from operators.prices import PRICE_TOLERANCE
from operators.scan.features.clock import Run
from operators.scan.features.day_before import DayBefore, DaysBefore
from operators.scan.features.rolling import Tail, highest
from operators.scan.features.sums import SessionSums
from operators.scan.features.trading import TradingQuality
from operators.times import MINUTE_NS

BAR_NS: Final = 5 * MINUTE_NS
RECENT, CHANNEL = 3, 6
"""Bars, this one included, that an extreme may lie back; bars before this one that make the channel (half an hour)."""
WINDOW: Final = 12
"""Bars over which coverage and movement are judged: an hour."""
HOLE_NS: Final = 10 * MINUTE_NS
"""No print for two bars."""
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

    __slots__ = ("_half_hour", "_range", "_run", "_tail", "day", "number", "sums", "trading")

    def __init__(self, number: int, day: DayBefore, sums: SessionSums, open_ns: int) -> None:
        self.number, self.day, self.sums = number, day, sums
        self.trading = TradingQuality(BAR_NS, WINDOW, HOLE_NS, open_ns)
        self._tail = Tail(6, CHANNEL)
        self._range: Floats = np.full((2, 1), np.nan)
        self._run = 0.0
        self._half_hour = float("nan")

    @classmethod
    def begin(cls, run: Run, bars: Bars, days: DaysBefore) -> Self:
        """Begin a session at its first bar."""
        return cls(run.session, days.before(run.session), SessionSums(float(bars.open[0])), run.open_ns)

    def prices(self, bars: Bars) -> tuple[Floats, ...]:
        """Return at each new bar the session's high, low, VWAP and deviation, dollars, and the dollars traded."""
        running = self.sums.extend(bars)
        vwap = self.sums.vwap(running)
        rows = np.concatenate((self._range, np.concatenate((bars.high, -bars.low)).reshape(2, -1)), axis=1)
        found = np.fmax.accumulate(rows, axis=1)
        self._range = found[:, -1:]
        return found[0, 1:], -found[1, 1:], vwap, self.sums.deviation(running), vwap * running[2, 1:]

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
        own = self._run, self._half_hour, *self._range[:, 0].tolist()
        parts = self.sums, self.trading, self._tail
        return self.number, tuple(self.day), own, *(part.to_plain() for part in parts)

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        number, day, (run, half_hour, high, low), sums, trading, tail = plain
        own = cls(number, DayBefore(*day), SessionSums.from_plain(sums), 0)
        own._run, own._half_hour, own._range = run, half_hour, np.array([[high], [low]])
        own.trading, own._tail = TradingQuality.from_plain(trading), Tail.from_plain(tail)
        return own
