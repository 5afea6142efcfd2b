"""What earlier days leave, and what they do not when their bars are missing."""

from datetime import date

import numpy as np
import pytest
from msgspec.structs import replace

from operators.bars.columns import Bars
from operators.levels.prior_days import Period, prior_day, prior_marks, prior_week, typical_range
from operators.sessions import SessionCalendar, SessionDay
from tests.operators.levels.level_bars import daily, minute_bars
from tests.operators.levels.worlds import session_on


def days_of(calendar: SessionCalendar, first: date, last: date) -> list[SessionDay]:
    return [day for day in calendar.days if first <= day.date <= last]


def daily_bars(days: list[SessionDay]) -> Bars:
    """A day of the month as high, 1 as low, the day as close; two minutes of trading each."""
    pieces = []
    for day in days:
        top = float(day.date.day)
        pieces.append(daily(minute_bars(day, [(0, 2.0, top, 1.0, 2.0, 9.0), (5, 2.0, top, 1.0, top, 9.0)]), day))
    return Bars.concat(pieces)


def test_the_prior_day_is_the_session_before_over_weekend_and_holiday(calendar: SessionCalendar) -> None:
    """Tuesday after Labor Day 2013 looks back to Friday."""
    bars = daily_bars(days_of(calendar, date(2013, 8, 1), date(2013, 8, 30)))
    found = prior_day(bars, calendar, session_on(date(2013, 9, 3)))
    assert found is not None
    assert (found.high, found.low, found.close) == (30.0, 1.0, 30.0)


def test_an_older_day_is_no_prior_day(calendar: SessionCalendar) -> None:
    """A symbol that did not trade yesterday, or whose file is missing, has no prior-day levels."""
    bars = daily_bars(days_of(calendar, date(2013, 8, 1), date(2013, 10, 4)))
    assert prior_day(bars, calendar, session_on(date(2013, 10, 8))) is None
    assert prior_day(Bars.empty(), calendar, session_on(date(2013, 10, 8))) is None


def test_the_first_session_of_the_calendar_has_no_prior_day(calendar: SessionCalendar) -> None:
    days = days_of(calendar, date(2013, 10, 7), date(2013, 10, 8))
    short = SessionCalendar.of(days[1:])
    assert prior_day(daily_bars(days[:1]), short, days[1]) is None


@pytest.mark.parametrize("today", [date(2013, 10, 7), date(2013, 10, 9), date(2013, 10, 11)])
def test_the_prior_week_is_the_iso_week_before(calendar: SessionCalendar, today: date) -> None:
    """Monday, Wednesday or Friday: the week of 30 September to 4 October."""
    day = session_on(today)
    bars = daily_bars([each for each in days_of(calendar, date(2013, 9, 16), today) if each.date < today])
    found = prior_week(bars, calendar, day)
    first, last = session_on(date(2013, 9, 30)), session_on(date(2013, 10, 4))
    assert found == Period(30.0, 1.0, 4.0, first.open_ns, last.close_ns)


def test_half_a_week_of_history_is_no_week(calendar: SessionCalendar) -> None:
    """History from Wednesday on cannot know the high of Monday; from the week's first session on it can."""
    day = session_on(date(2013, 10, 8))
    assert prior_week(daily_bars(days_of(calendar, date(2013, 10, 2), date(2013, 10, 7))), calendar, day) is None
    assert prior_week(daily_bars(days_of(calendar, date(2013, 9, 30), date(2013, 10, 7))), calendar, day) is not None


@pytest.mark.parametrize("missing", [date(2013, 9, 30), date(2013, 10, 2), date(2013, 10, 4)])
def test_a_week_of_which_a_session_is_missing_is_no_week(calendar: SessionCalendar, missing: date) -> None:
    """Its first, one in its middle, its last: the high may have been that day's."""
    days = days_of(calendar, date(2013, 9, 16), date(2013, 10, 7))
    bars = daily_bars([each for each in days if each.date != missing])
    assert prior_week(bars, calendar, session_on(date(2013, 10, 8))) is None


def test_a_week_that_begins_on_tuesday_is_whole_from_tuesday_on(calendar: SessionCalendar) -> None:
    """Labor Day week 2013."""
    day = session_on(date(2013, 9, 9))
    found = prior_week(daily_bars(days_of(calendar, date(2013, 9, 3), date(2013, 9, 6))), calendar, day)
    assert found is not None
    assert found.high == 6.0


def test_bars_stamped_at_midnight_belong_to_their_date(calendar: SessionCalendar) -> None:
    """Vendors stamp a daily bar with New York midnight."""
    days = days_of(calendar, date(2013, 9, 30), date(2013, 10, 7))
    bars = daily_bars(days)
    midnight = bars.start_ns - np.int64(9.5 * 3_600 * 1e9)
    shifted = replace(bars, start_ns=midnight)
    day = session_on(date(2013, 10, 8))
    at_open, at_midnight = (prior_day(each, calendar, day) for each in (bars, shifted))
    assert at_open is not None
    assert at_midnight == at_open._replace(start_ns=int(midnight[-1]))
    assert prior_week(shifted, calendar, day) is not None


def test_the_typical_range_is_the_mean_of_fourteen(calendar: SessionCalendar) -> None:
    days = days_of(calendar, date(2013, 8, 1), date(2013, 8, 30))
    ranges = [day.date.day - 1 for day in days]
    assert typical_range(daily_bars(days)) == pytest.approx(sum(ranges[-14:]) / 14)
    assert typical_range(daily_bars(days[:2])) == pytest.approx(sum(ranges[:2]) / 2)
    assert typical_range(Bars.empty()) == 0.0


def test_floor_pivots_come_from_the_prior_day(calendar: SessionCalendar) -> None:
    """H 110, L 100, C 105: textbook numbers."""
    marks = {str(kind): price for price, kind, *_ in prior_marks(Period(110.0, 100.0, 105.0, 1, 2), None)}
    assert marks["pivot"] == 105.0
    assert [marks[name] for name in ("r1", "r2", "r3")] == [110.0, 115.0, 120.0]
    assert [marks[name] for name in ("s1", "s2", "s3")] == [100.0, 95.0, 90.0]
