"""What one session's minutes are measured against: its sums, ranges, anchors and trading.  New with each session."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

import numpy as np

from operators.bars.columns import Bars, Floats
from operators.scan.features.anchors import ExtremeAnchors, anchored
from operators.scan.features.clock import Run
from operators.scan.features.day_before import DayBefore, DaysBefore
from operators.scan.features.ranges import Ranges
from operators.scan.features.rolling import Tail, highest
from operators.scan.features.sums import SessionSums, average_price
from operators.scan.features.trading import TradingQuality
from operators.times import MINUTE_NS

RECENT, WIDE = 3, 10
"""Bars, this one included, that a touch may lie back, and that an approach is seen over."""
WINDOW: Final = 15
"""Minutes over which coverage and movement are judged."""
HOLE_NS: Final = 10 * MINUTE_NS
"""No print for so long is a hole: twice the five minutes that a limit-up/limit-down pause lasts."""


class Vwaps(NamedTuple):
    """One value per bar, dollars; `dollars`: traded in the session so far."""

    vwap: Floats
    cluster_top: Floats
    cluster_bottom: Floats
    deviation: Floats
    dollars: Floats


class MinuteSession:
    """The state of one session.  `since`: the sums since the prior session's high and low, None when unknown."""

    __slots__ = ("_tail", "anchors", "day", "number", "open", "ranges", "since", "sums", "trading")

    def __init__(self, number: int, day: DayBefore, sums: SessionSums, since: Floats | None, open_ns: int) -> None:
        self.number, self.day, self.sums, self.since = number, day, sums, since
        self.ranges, self.anchors = Ranges(), ExtremeAnchors()
        self.trading = TradingQuality(MINUTE_NS, WINDOW, HOLE_NS, open_ns)
        self._tail = Tail(2, WIDE - 1)
        self.open = float("nan")

    @classmethod
    def begin(cls, run: Run, bars: Bars, days: DaysBefore, last: "MinuteSession | None") -> "MinuteSession":
        """Begin a session at its first bar; `last`: the session whose minutes came before it, if any."""
        origin = float(average_price(bars.take(slice(0, 1)))[0])
        known = last is not None and last.number == run.session - 1
        since = last.anchors.since(last.sums, origin) if known and last is not None else None
        own = cls(run.session, days.before(run.session), SessionSums(origin), since, run.open_ns)
        own.open = float(bars.open[0])
        return own

    def vwaps(self, bars: Bars) -> Vwaps:
        """Return the session's VWAP, and top and bottom of its cluster with the nearer anchored VWAP, dollars."""
        running = self.sums.extend(bars)
        self.anchors.extend(bars, running)
        vwap, deviation = self.sums.vwap(running), self.sums.deviation(running)
        dollars = vwap * running[2, 1:]
        if self.since is None:
            missing = np.full(len(bars), np.nan)
            return Vwaps(vwap, missing, missing, deviation, dollars)
        both = anchored(self.since, running, self.sums.origin)
        off = np.abs(both - vwap)
        other = np.where(off[0] <= off[1], both[0], both[1])
        return Vwaps(vwap, np.maximum(vwap, other), np.minimum(vwap, other), deviation, dollars)

    def extremes(self, sides: Floats) -> tuple[Floats, Floats]:
        """Return the highest of the last `RECENT` and of the last `WIDE` bars, by row, shape (2, bars)."""
        joined = self._tail.join(sides)
        recent = highest(joined[:, WIDE - RECENT :], RECENT)
        return recent, highest(joined, WIDE)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        since = None if self.since is None else tuple(self.since.ravel().tolist())
        parts = (self.sums, self.ranges, self.anchors, self.trading, self._tail)
        return self.number, self.open, tuple(self.day), since, *(part.to_plain() for part in parts)

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        number, open_, day, since, sums, ranges, anchors, trading, tail = plain
        known = None if since is None else np.array(since).reshape(2, 2)
        own = cls(number, DayBefore(*day), SessionSums.from_plain(sums), known, 0)
        own.open = open_
        own.ranges, own.anchors = Ranges.from_plain(ranges), ExtremeAnchors.from_plain(anchors)
        own.trading, own._tail = TradingQuality.from_plain(trading), Tail.from_plain(tail)
        return own
