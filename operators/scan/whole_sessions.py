"""Which bars a scan may look at when its tape begins within a session.

Rule: what is known of a session from a part of it, its ranges, VWAP, highs and lows, is not known.
"""

from datetime import timedelta

from operators.sessions import SessionCalendar, new_york


def whole_from_ns(calendar: SessionCalendar, begins_ns: int) -> int:
    """Return from where on a tape that begins at `begins_ns` holds whole sessions; both ns UTC; 0: from its beginning.

    In pre-market it is the regular open: the pre-market alone is known from a part.  In the regular session it is the
    next session's pre-market.  Raises SessionRangeError outside the calendar.

    >>> from operators.nyse import nyse_calendar
    >>> calendar, noon = nyse_calendar(), 1_381_248_000_000_000_000
    >>> [whole_from_ns(calendar, noon + hours * 3_600_000_000_000) // 3_600_000_000_000 % 24 for hours in (0, -4)]
    [8, 13]
    """
    day = calendar.day_on_or_after(new_york(begins_ns).date())
    if not day.pre_ns < begins_ns < day.close_ns:
        return 0
    if begins_ns <= day.open_ns:
        return day.open_ns
    return calendar.day_on_or_after(day.date + timedelta(days=1)).pre_ns
