"""Longer bars from shorter ones, anchored to sessions.  Law: however the shorter ones arrive, the longer are byte-equal.

Minutes fold from the start of their phase: regular 60m bars are 09:30-10:30, 10:30-11:30, ... with a short last one,
pre-market ones start at 04:00, after-hours ones at the close, and no bar reaches over the end of its phase, so half
days end at their close.  1d is the regular session alone; its open and close are those of the first and last regular
bar, not the prints of the opening and closing auctions unless those set a minute's.  1w is the regular sessions of an
ISO week, from the first one's open to the last one's close.

A longer bar is known at its own end.  Its volume and trades are sums in order of time, its vwap is weighted by volume;
vwap and trades of a bar with a part that does not know its own are unknown too.
"""

from bisect import bisect_right
from math import isnan, nan
from typing import Any, Final

import numpy as np

from operators.bars.columns import DTYPES, Bars, Interval
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
_EDGES_PER_DAY: Final = 4

Held = tuple[int, int, float, float, float, float, float, float, int, int]
"""The longer bar so far: start, end, open, high, low, close, volume, notional, trades, phase."""


def span_of(calendar: SessionCalendar, interval: Interval, at_ns: int) -> tuple[int, int]:
    """Return [start, end), ns UTC, of the bar of an interval that holds an instant.

    Raises SessionRangeError outside the calendar.  Days and weeks hold only their regular sessions' instants.
    """
    calendar.phase(at_ns)
    edge = int(calendar.edges_ns.searchsorted(at_ns, side="right"))
    if interval in SPANS_NS:
        anchor, end = int(calendar.edges_ns[edge - 1]), int(calendar.edges_ns[edge])
        start = at_ns - (at_ns - anchor) % SPANS_NS[interval]
        return start, min(start + SPANS_NS[interval], end)
    day = edge // _EDGES_PER_DAY
    if interval is Interval.D1:
        return calendar.opens_ns[day], calendar.closes_ns[day]
    return _week(calendar, day)


def _week(calendar: SessionCalendar, day: int) -> tuple[int, int]:
    week = calendar.days[day].date.isocalendar()[:2]
    first = last = day
    while first > 0 and calendar.days[first - 1].date.isocalendar()[:2] == week:
        first -= 1
    while last + 1 < len(calendar.days) and calendar.days[last + 1].date.isocalendar()[:2] == week:
        last += 1
    return calendar.opens_ns[first], calendar.closes_ns[last]


class Folder:
    """Folds a symbol's bars into those of one longer interval, whose ends must be ends of the shorter ones too."""

    def __init__(self, interval: Interval, calendar: SessionCalendar) -> None:
        self._interval, self._calendar = interval, calendar
        self._only_regular = interval in (Interval.D1, Interval.W1)
        self._held: Held | None = None

    def extend(self, bars: Bars, now_ns: int) -> Bars:
        """Take the symbol's next bars; return those that are known by `now_ns`, its tape time, and were not before."""
        rows: list[tuple[Any, ...]] = []
        held = self._held
        for row in zip(*(column.tolist() for column in bars.columns()), strict=True):
            if self._only_regular and row[9] != REGULAR:
                continue
            if held is not None and row[0] < held[1]:
                held = _folded(held, row)
                continue
            if held is not None:
                rows.append(_bar(held))
            held = (*span_of(self._calendar, self._interval, row[0]), *row[2:7], _notional(row), row[8], row[9])
        if held is not None and held[1] <= now_ns:
            rows.append(_bar(held))
            held = None
        self._held = held
        return _columns(rows) if rows else NO_BARS
