"""What days before leave: their high, low and close, the last week's, the floor pivots.

Rule: "prior" is the calendar's session, or ISO week of sessions, before this one.  Without its bars there is no such
level: an older day's high would be a made-up one.  A week needs the bar of each of its sessions.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple, Self

from operators.bars.columns import Bars
from operators.levels.floor_pivots import floor_pivots
from operators.levels.level import LevelKind, Mark
from operators.sessions import SessionCalendar, SessionDay, new_york

RANGE_DAYS: Final = 14
_WEEK: Final = timedelta(days=7)
_LATEST: Final = 14
"""Daily bars that are dated: more than two weeks of sessions."""

_K: Final = LevelKind
_DAY_KINDS: Final = (_K.PRIOR_DAY_HIGH, _K.PRIOR_DAY_LOW, _K.PRIOR_DAY_CLOSE)
_WEEK_KINDS: Final = (_K.PRIOR_WEEK_HIGH, _K.PRIOR_WEEK_LOW, _K.PRIOR_WEEK_CLOSE)


class Period(NamedTuple):
    """One or more days as one: dollars and ns UTC."""

    high: float
    low: float
    close: float
    start_ns: int
    end_ns: int

    @classmethod
    def of(cls, daily: Bars) -> Self:
        """Fold daily bars, one or more."""
        high, low, close = float(daily.high.max()), float(daily.low.min()), float(daily.close[-1])
        return cls(high, low, close, int(daily.start_ns[0]), int(daily.end_ns[-1]))


def session_before(calendar: SessionCalendar, day: SessionDay) -> SessionDay | None:
    """Return the session before a day; None when the calendar begins with it."""
    index = bisect_left(calendar.opens_ns, day.open_ns)
    return calendar.days[index - 1] if index else None


def prior_day(daily: Bars, calendar: SessionCalendar, day: SessionDay) -> Period | None:
    """Return the prior session's bar; None without one."""
    before = session_before(calendar, day)
    if before is None or not len(daily) or new_york(int(daily.start_ns[-1])).date() != before.date:
        return None
    return Period.of(daily.take(slice(-1, None)))


def prior_week(daily: Bars, calendar: SessionCalendar, day: SessionDay) -> Period | None:
    """Return the ISO week before the day's; None without the bar of each of its sessions."""
    monday = week_before(day.date)
    if not len(daily) or calendar.days[0].date > monday:
        return None
    latest = daily.take(slice(-_LATEST, None))
    dates = [new_york(start_ns).date() for start_ns in latest.start_ns.tolist()]
    inside = [index for index, each in enumerate(dates) if monday <= each < monday + _WEEK]
    if not inside or [dates[index] for index in inside] != _sessions(calendar, monday):
        return None
    return Period.of(latest.take(slice(inside[0], inside[-1] + 1)))


def week_before(day: date) -> date:
    """Return the Monday of the ISO week before a day's."""
    return day - timedelta(days=day.weekday()) - _WEEK


def _sessions(calendar: SessionCalendar, monday: date) -> list[date]:
    """Return the dates of a week's sessions."""
    first = bisect_left(calendar.opens_ns, calendar.day_on_or_after(monday).open_ns)
    return [each.date for each in calendar.days[first : first + _WEEK.days] if each.date < monday + _WEEK]


def typical_range(daily: Bars) -> float:
    """Return the mean range in dollars of the last fourteen days, or of as many as there are; 0 without any."""
    latest = daily.take(slice(-RANGE_DAYS, None))
    ranges = (latest.high - latest.low).tolist()
    return sum(ranges) / len(ranges) if ranges else 0.0


def prior_marks(day: Period | None, week: Period | None) -> Iterator[Mark]:
    """Return highs, lows and closes of day and week, and the floor pivots of the day."""
    for period, kinds in ((day, _DAY_KINDS), (week, _WEEK_KINDS)):
        if period is not None:
            for kind, price in zip(kinds, (period.high, period.low, period.close), strict=True):
                yield price, kind, period.start_ns, period.end_ns
    if day is not None:
        for kind, price in floor_pivots(day.high, day.low, day.close):
            yield price, kind, day.start_ns, day.end_ns
