"""Longer bars from shorter ones, anchored to sessions.  Law: how the shorter ones arrive decides no byte.

Minutes fold from the start of their phase: regular 60m bars are 09:30-10:30, 10:30-11:30, ... with a short last one,
pre-market ones start at 04:00, after-hours ones at the close, and no bar reaches over the end of its phase, so half
days end at their close.  1d is the regular session alone; its open and close are those of the first and last regular
bar, not the prints of the opening and closing auctions unless those set a minute's.  1w is the regular sessions of an
ISO week, from the first one's open to the last one's close.

A longer bar is known at its own end.  Its volume and trades are sums in order of time, its vwap is weighted by volume;
vwap and trades of a bar with a part that does not know its own are unknown too.  A part without volume has no trades,
and knows it.
"""

from bisect import bisect_right
from collections.abc import Sequence
from math import nan
from typing import Final

import numpy as np

from operators.bars.columns import DTYPES, NO_BARS, Bars, Interval
from operators.bars.splits import Split
from operators.plans import SessionPhase
from operators.sessions import PHASE_CODES, SessionCalendar
from operators.times import MINUTE_NS

SPANS_NS: Final = {
    Interval.M1: MINUTE_NS,
    Interval.M5: 5 * MINUTE_NS,
    Interval.M15: 15 * MINUTE_NS,
    Interval.M60: 60 * MINUTE_NS,
}
"""How long the bars within a session are, ns; the last one of a phase may be shorter."""

REGULAR: Final = PHASE_CODES.index(SessionPhase.REGULAR)

Row = tuple[int, int, float, float, float, float, float, float, int, int]
"""A bar as plain numbers: start, end, open, high, low, close, volume, notional, trades, phase."""


def span_of(calendar: SessionCalendar, interval: Interval, at_ns: int) -> tuple[int, int]:
    """Return [start, end), ns UTC, of the bar of an interval that holds an instant.

    Raises SessionRangeError outside the calendar.  Days and weeks hold only their regular sessions' instants.
    """
    if interval in SPANS_NS:
        return _within(*phase_of(calendar, at_ns), SPANS_NS[interval], at_ns)
    day = bisect_right(calendar.closes_ns, at_ns)
    if interval is Interval.D1:
        return calendar.opens_ns[day], calendar.closes_ns[day]
    return _week(calendar, day)


def phase_of(calendar: SessionCalendar, at_ns: int) -> tuple[int, int]:
    """Return [start, end), ns UTC, of the session phase that holds an instant.  Raises SessionRangeError outside."""
    calendar.phase(at_ns)
    edge = int(calendar.edges_ns.searchsorted(at_ns, side="right"))
    return int(calendar.edges_ns[edge - 1]), int(calendar.edges_ns[edge])


def _within(anchor_ns: int, until_ns: int, span_ns: int, at_ns: int) -> tuple[int, int]:
    start_ns = at_ns - (at_ns - anchor_ns) % span_ns
    return start_ns, min(start_ns + span_ns, until_ns)


def _week(calendar: SessionCalendar, day: int) -> tuple[int, int]:
    week = calendar.days[day].date.isocalendar()[:2]
    first = last = day
    while first > 0 and calendar.days[first - 1].date.isocalendar()[:2] == week:
        first -= 1
    while last + 1 < len(calendar.days) and calendar.days[last + 1].date.isocalendar()[:2] == week:
        last += 1
    return calendar.opens_ns[first], calendar.closes_ns[last]


class Folder:
    """Folds a symbol's bars into those of one longer interval, whose ends must be ends of the shorter ones too.

    `held`: the longer bar so far.
    """

    def __init__(self, interval: Interval, calendar: SessionCalendar, held: Row | None = None) -> None:
        self._interval, self._calendar = interval, calendar
        self._only_regular = interval not in SPANS_NS
        self._anchor_ns, self._until_ns = 0, 0
        self.held = held

    def extend(self, bars: Bars, now_ns: int) -> Bars:
        """Take the symbol's next bars; return those that are known by `now_ns`, its tape time, and were not before."""
        return bars_of_rows(self.extend_rows(rows_of_bars(bars), now_ns))

    def extend_rows(self, rows: Sequence[Row], now_ns: int) -> list[Row]:
        """`extend`, for rows in and out."""
        held, known = self.held, []
        for row in rows:
            if held is not None and row[0] < held[1]:
                held = _folded(held, row)
            elif row[9] == REGULAR or not self._only_regular:
                if held is not None:
                    known.append(held)
                held = (*self._span(row[0]), *row[2:])
        if held is not None and held[1] <= now_ns:
            known.append(held)
            held = None
        self.held = held
        return known

    def retell(self, split: Split) -> None:
        """Tell the longer bar so far in the shares that a split left."""
        if self.held is not None:
            start_ns, end_ns, *prices, volume, notional, trades, phase = self.held
            open_, high, low, close = (price * split.before / split.after for price in prices)
            volume = volume * split.after / split.before
            self.held = (start_ns, end_ns, open_, high, low, close, volume, notional, trades, phase)

    def to_plain(self) -> Row | None:
        """Return the longer bar so far, as a new folder takes it to go on from."""
        return self.held

    def _span(self, at_ns: int) -> tuple[int, int]:
        """`span_of`, looking into the calendar once per phase."""
        if self._only_regular:
            return span_of(self._calendar, self._interval, at_ns)
        if not self._anchor_ns <= at_ns < self._until_ns:
            self._anchor_ns, self._until_ns = phase_of(self._calendar, at_ns)
        return _within(self._anchor_ns, self._until_ns, SPANS_NS[self._interval], at_ns)


def fold(bars: Bars, interval: Interval, calendar: SessionCalendar, now_ns: int) -> Bars:
    """Return the longer bars that are known by `now_ns`, of a whole series of shorter ones."""
    return Folder(interval, calendar).extend(bars, now_ns)


def rows_of_bars(bars: Bars) -> list[Row]:
    """Return bars as rows, a notional in place of the vwap; that of no volume is nothing, not unknown."""
    if not len(bars):
        return []
    notional = np.where(bars.volume > 0, bars.vwap * bars.volume, 0.0)
    columns = (*bars.columns()[:7], notional, bars.trades, bars.phase)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _folded(held: Row, row: Row) -> Row:
    start_ns, end_ns, open_, high, low, _, volume, notional, trades, phase = held
    _, _, _, new_high, new_low, close, new_volume, new_notional, new_trades, _ = row
    high, low = max(high, new_high), min(low, new_low)
    known = (trades or not volume) and (new_trades or not new_volume)
    trades = trades + new_trades if known else 0
    return start_ns, end_ns, open_, high, low, close, volume + new_volume, notional + new_notional, trades, phase


def bars_of_rows(rows: Sequence[Row]) -> Bars:
    """Return rows as bars of revision 0."""
    if not rows:
        return NO_BARS
    start_ns, end_ns, open_, high, low, close, volume, notional, trades, phase = zip(*rows, strict=True)
    vwap = [worth / shares if shares else nan for worth, shares in zip(notional, volume, strict=True)]
    columns = start_ns, end_ns, open_, high, low, close, volume, vwap, trades, phase, [0] * len(rows)
    return Bars(*(np.array(column, dtype=kind) for column, kind in zip(columns, DTYPES, strict=True)))
