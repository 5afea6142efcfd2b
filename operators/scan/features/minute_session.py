"""What one session's minutes are measured against: its sums, ranges, anchors and trading.  New with each session."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

import numpy as np

from operators.bars.columns import Bars, Floats
from operators.scan.features.anchors import ExtremeAnchors, anchored
from operators.scan.features.clock import Run
from operators.scan.features.day_before import DayBefore, DaysBefore
from operators.scan.features.ragged import Ragged
from operators.scan.features.ranges import Ranges
from operators.scan.features.rolling import Tail, highest
from operators.scan.features.sums import SessionSums, average_price, deviation, share
from operators.scan.features.trading import TradingQuality
from operators.times import MINUTE_NS

RECENT, WIDE = 3, 10
"""Bars, this one included, that a touch may lie back, and that an approach is seen over."""
WINDOW: Final = 15
"""Minutes over which coverage and movement are judged."""
HOLE_NS: Final = 10 * MINUTE_NS
"""No print for so long is a hole: twice the five minutes that a limit-up/limit-down pause lasts."""
_NO_SINCE: Final = np.full((2, 2), np.nan)


class Vwaps(NamedTuple):
    """One value per bar, dollars; `dollars`: traded in the session so far."""

    vwap: Floats
    cluster_top: Floats
    cluster_bottom: Floats
    deviation: Floats
    dollars: Floats


class MinuteSession:
    """The state of one session.  `since`: the sums since the prior session's high and low, None when unknown."""

    __slots__ = ("anchors", "day", "number", "open", "ranges", "since", "sums", "tail", "trading")

    def __init__(self, number: int, day: DayBefore, sums: SessionSums, since: Floats | None, open_ns: int) -> None:
        self.number, self.day, self.sums, self.since = number, day, sums, since
        self.ranges, self.anchors = Ranges(), ExtremeAnchors()
        self.trading = TradingQuality(MINUTE_NS, WINDOW, HOLE_NS, open_ns)
        self.tail = Tail(2, WIDE - 1)
        self.open = float("nan")

    @classmethod
    def begin(cls, run: Run, bars: Bars, days: DaysBefore, last: "MinuteSession | None") -> "MinuteSession":
        """Begin a session at its first bar; `last`: the session whose minutes came before it, if any.

        `bars`: that bar alone.
        """
        origin = float(average_price(bars)[0])
        known = last is not None and last.number == run.session - 1
        since = last.anchors.since(last.sums, origin) if known and last is not None else None
        own = cls(run.session, days.before(run.session), SessionSums(origin), since, run.open_ns)
        own.open = float(bars.open[0])
        return own

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        since = None if self.since is None else tuple(self.since.ravel().tolist())
        parts = (self.sums, self.ranges, self.anchors, self.trading, self.tail)
        return self.number, self.open, tuple(self.day), since, *(part.to_plain() for part in parts)

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        number, open_, day, since, sums, ranges, anchors, trading, tail = plain
        known = None if since is None else np.array(since).reshape(2, 2)
        own = cls(number, DayBefore(*day), SessionSums.from_plain(sums), known, 0)
        own.open = open_
        own.ranges, own.anchors = Ranges.from_plain(ranges), ExtremeAnchors.from_plain(anchors)
        own.trading, own.tail = TradingQuality.from_plain(trading), Tail.from_plain(tail)
        return own


def vwaps(sessions: Sequence[MinuteSession], ragged: Ragged, bars: Bars, sides: Floats) -> Vwaps:
    """Return the sessions' VWAPs, and top and bottom of their clusters with the nearer anchored VWAP, dollars.

    `sides`: the bars' rows high and -low.
    """
    running = SessionSums.extend([session.sums for session in sessions], ragged, bars)
    ExtremeAnchors.extend([session.anchors for session in sessions], ragged, sides, running)
    after, origin = ragged.rows(running, 1), ragged.each([session.sums.origin for session in sessions])
    vwap = share(after[0], after[2]) + origin
    dollars = vwap * after[2]
    if all(session.since is None for session in sessions):
        missing = np.full(len(bars), np.nan)
        return Vwaps(vwap, missing, missing, deviation(after), dollars)
    since = np.array([_NO_SINCE if session.since is None else session.since for session in sessions])
    both = anchored(ragged.each(np.moveaxis(since, 0, 2)), after, origin)
    off = np.abs(both - vwap)
    other = np.where(off[0] <= off[1], both[0], both[1])
    return Vwaps(vwap, np.maximum(vwap, other), np.minimum(vwap, other), deviation(after), dollars)


def extremes(sessions: Sequence[MinuteSession], ragged: Ragged, sides: Floats) -> tuple[Floats, Floats]:
    """Return the highest of the last `RECENT` and of the last `WIDE` bars, by row, shape (2, bars)."""
    joined = Tail.join_all([session.tail for session in sessions], ragged, sides)
    return ragged.rows(highest(joined[:, :, WIDE - RECENT :], RECENT)), ragged.rows(highest(joined, WIDE))
