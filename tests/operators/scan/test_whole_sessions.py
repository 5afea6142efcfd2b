"""Which sessions a scan may look at when its tape begins within one."""

from datetime import date, timedelta

import pytest

from operators.nyse import nyse_calendar
from operators.scan.whole_sessions import whole_from_ns
from operators.times import MINUTE_NS

CALENDAR = nyse_calendar()
FRIDAY, MONDAY = (CALENDAR.day_on_or_after(date(2013, 10, 11) + timedelta(days=days)) for days in (0, 3))
HALF_DAY = CALENDAR.day_on_or_after(date(2013, 11, 29))


@pytest.mark.parametrize(
    ("begins_ns", "whole_ns"),
    [
        (FRIDAY.pre_ns - 1, 0),
        (FRIDAY.pre_ns, 0),
        (FRIDAY.pre_ns + 1, FRIDAY.open_ns),
        (FRIDAY.open_ns, FRIDAY.open_ns),
        (FRIDAY.open_ns + 1, MONDAY.pre_ns),
        (FRIDAY.close_ns - 1, MONDAY.pre_ns),
        (FRIDAY.close_ns, 0),
        (FRIDAY.close_ns + 24 * 60 * MINUTE_NS, 0),
        (HALF_DAY.close_ns - 1, CALENDAR.day_on_or_after(date(2013, 12, 2)).pre_ns),
        (HALF_DAY.close_ns, 0),
    ],
)
def test_a_session_that_is_known_in_part_is_not_looked_at(begins_ns: int, whole_ns: int) -> None:
    """What lies behind the last close, or on a day without a session, is before the next session."""
    assert whole_from_ns(CALENDAR, begins_ns) == whole_ns
