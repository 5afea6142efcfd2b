"""Every trading day from 1993 to 2027 against exchange_calendars, a library of its own."""

import warnings
from datetime import UTC, date, datetime, timedelta

import exchange_calendars
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.nyse import nyse_calendar
from operators.plans import SessionPhase
from operators.sessions import (
    PHASE_CODES,
    SessionCalendar,
    SessionDay,
    SessionRangeError,
    new_york,
    new_york_day_ns,
)
from tests.oracle.times import SECOND_NS, new_york_ns, parse_ns

FIRST, LAST = date(1993, 1, 1), date(2027, 12, 31)
CLOSED, PRE, REGULAR, POST = PHASE_CODES

# pandas_market_calendars, which the product goes by, knows late opens and halts that exchange_calendars leaves out.
DIFFERENT = {
    "1994-02-11": (("09:30", "14:30"), ("09:30", "16:00")),  # snow
    "1995-12-18": (("10:30", "16:00"), ("09:30", "16:00")),  # computers
    "1996-01-08": (("11:00", "14:00"), ("09:30", "16:00")),  # snow
    "1997-10-27": (("09:30", "15:30"), ("09:30", "16:00")),  # circuit breakers
    "1999-12-31": (("09:30", "16:00"), ("09:30", "13:00")),
    "2001-09-17": (("09:33", "16:00"), ("09:30", "16:00")),  # moments of silence, here and below
    "2001-10-08": (("09:31", "16:00"), ("09:30", "16:00")),
    "2002-09-11": (("12:00", "16:00"), ("09:30", "16:00")),
    "2003-03-20": (("09:32", "16:00"), ("09:30", "16:00")),
    "2004-06-07": (("09:32", "16:00"), ("09:30", "16:00")),
    "2005-06-01": (("09:30", "15:56"), ("09:30", "16:00")),  # computers
    "2006-12-27": (("09:32", "16:00"), ("09:30", "16:00")),
}

POST_ENDS = {"16:00": "20:00", "13:00": "17:00"}
ALL_DAYS = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]


@pytest.fixture(scope="module")
def hours() -> dict[date, tuple[int, int]]:
    """Open and close of every session as exchange_calendars gives them, ns UTC."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas says which of its methods the calendars should call
        xnys = exchange_calendars.get_calendar("XNYS", start=FIRST.isoformat(), end=LAST.isoformat())
        rows = list(zip(xnys.sessions, xnys.opens, xnys.closes, strict=True))
    return {day.date(): (opens.value, closes.value) for day, opens, closes in rows}


def test_every_open_and_close_is_that_of_an_independent_calendar(
    calendar: SessionCalendar, hours: dict[date, tuple[int, int]]
) -> None:
    """8 800 sessions; the twelve on which the libraries differ are named, with what each says."""
    ours = {day.date: (day.open_ns, day.close_ns) for day in calendar.days if FIRST <= day.date <= LAST}
    assert ours.keys() == hours.keys()
    different = {str(day): (clocks(*ours[day]), clocks(*hours[day])) for day in hours if ours[day] != hours[day]}
    assert different == DIFFERENT


def test_on_2005_06_01_the_session_ends_at_15_56(calendar: SessionCalendar) -> None:
    """The one early close of the years with trade files that the other library leaves at 16:00."""
    day = calendar.day_on_or_after(date(2005, 6, 1))
    assert (day.open_ns, day.close_ns) == (new_york_ns("2005-06-01", "09:30"), new_york_ns("2005-06-01", "15:56"))
    assert calendar.phase(day.close_ns) is POST


def test_every_session_changes_phase_exactly_at_its_edges(
    calendar: SessionCalendar, hours: dict[date, tuple[int, int]]
) -> None:
    """Half-open everywhere: an edge belongs to what begins there, one ns earlier to what ends."""
    for day, given_hours in hours.items():
        name = day.isoformat()
        opens, closes = DIFFERENT[name][0] if name in DIFFERENT else clocks(*given_hours)
        pre_ns, open_ns, close_ns = (new_york_ns(name, clock) for clock in ("04:00", opens, closes))
        edges = [(pre_ns, CLOSED, PRE), (open_ns, PRE, REGULAR), (close_ns, REGULAR, POST)]
        if closes in POST_ENDS:
            edges.append((new_york_ns(name, POST_ENDS[closes]), POST, CLOSED))
        for edge_ns, before, after in edges:
            assert (calendar.phase(edge_ns - 1), calendar.phase(edge_ns)) == (before, after), (name, edge_ns)


def test_every_day_without_a_session_is_closed_at_noon(
    calendar: SessionCalendar, hours: dict[date, tuple[int, int]]
) -> None:
    """Saturdays, Sundays, holidays, and the days of mourning, storm and attack."""
    silent = [day for day in ALL_DAYS if day not in hours]
    assert len(silent) > 3_900
    assert {calendar.phase(new_york_ns(day.isoformat(), "12:00")) for day in silent} == {CLOSED}


def test_the_next_open_and_close_are_later_than_the_instant(
    calendar: SessionCalendar, hours: dict[date, tuple[int, int]]
) -> None:
    """At the open itself, the next open is that of the next session; the same for closes."""
    days = [day for day in hours if day.isoformat() not in DIFFERENT]
    following = dict(zip(list(hours)[:-1], list(hours)[1:], strict=True))
    for day in days:
        opens_ns, closes_ns = hours[day]
        assert calendar.open_after(opens_ns - 1) == opens_ns
        assert calendar.close_after(closes_ns - 1) == closes_ns
        after = following.get(day)
        if after is not None and after.isoformat() not in DIFFERENT:
            assert (calendar.open_after(opens_ns), calendar.close_after(closes_ns)) == hours[after]


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ("2013-10-08", "2013-10-08"),
        ("2013-10-12", "2013-10-14"),  # Saturday
        ("2001-09-11", "2001-09-17"),
        ("2013-11-28", "2013-11-29"),  # Thanksgiving
        ("2027-12-31", "2027-12-31"),
    ],
)
def test_a_date_finds_its_session_or_the_next(calendar: SessionCalendar, day: str, found: str) -> None:
    assert calendar.day_on_or_after(date.fromisoformat(day)).date == date.fromisoformat(found)


def test_nothing_is_said_about_days_that_the_calendar_does_not_cover(calendar: SessionCalendar) -> None:
    """An error that names the first or last session, instead of a guess."""
    late_ns, early_ns = parse_ns("2030-01-02T17:00:00Z"), parse_ns("1990-01-02T17:00:00Z")
    with pytest.raises(SessionRangeError, match="after the calendar's last session 2028-01-31"):
        calendar.close_after(late_ns)
    with pytest.raises(SessionRangeError, match="after the calendar's last session 2028-01-31"):
        calendar.open_after(late_ns)
    with pytest.raises(SessionRangeError, match="after the calendar's last session 2028-01-31"):
        calendar.day_on_or_after(date(2030, 1, 2))
    with pytest.raises(SessionRangeError, match="outside the calendar, 1992-12-01"):
        calendar.block(early_ns)
    with pytest.raises(SessionRangeError):
        calendar.block(late_ns)


@pytest.mark.parametrize("at", ["2030-01-02T17:00:00Z", "1990-01-02T17:00:00Z"])
def test_an_instant_beyond_the_calendar_has_no_phase(calendar: SessionCalendar, at: str) -> None:
    """Noon of a trading day is not closed merely because the calendar stops before it."""
    with pytest.raises(SessionRangeError):
        calendar.phase(parse_ns(at))


@pytest.mark.parametrize("edges", [(2, 1, 3, 4), (1, 3, 3, 4), (1, 2, 4, 3)])
def test_a_session_whose_edges_do_not_ascend_cannot_be_built(edges: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"2013-10-08.*must ascend"):
        SessionDay(date(2013, 10, 8), *edges)


def test_a_calendar_needs_days_in_order_that_do_not_overlap() -> None:
    first, second = SessionDay(date(2013, 10, 7), 1, 2, 3, 4), SessionDay(date(2013, 10, 8), 5, 6, 7, 8)
    assert SessionCalendar.of([first, second]).days == (first, second)
    for days in ([], [second, first], [first, SessionDay(date(2013, 10, 8), 3, 6, 7, 8)]):
        with pytest.raises(ValueError, match="ascending order that do not overlap"):
            SessionCalendar.of(days)


@pytest.mark.parametrize(
    ("day", "hours"), [("2013-03-10", 23), ("2013-11-03", 25), ("2013-10-08", 24), ("2007-03-11", 23)]
)
def test_a_new_york_day_has_23_or_25_hours_when_clocks_change(day: str, hours: int) -> None:
    """The instants are those of both midnights; both exist, clocks change at 02:00."""
    start_ns, end_ns = new_york_day_ns(date.fromisoformat(day))
    assert (start_ns, end_ns - start_ns) == (new_york_ns(day, "00:00"), hours * 3600 * SECOND_NS)


def test_wall_time_in_new_york_is_four_or_five_hours_behind() -> None:
    """Whole seconds: what is below is cut off."""
    assert f"{new_york(parse_ns('2013-03-08T14:30:00.999999999Z')):%Y-%m-%d %H:%M:%S %Z}" == "2013-03-08 09:30:00 EST"
    assert f"{new_york(parse_ns('2013-03-11T13:30:00Z')):%Y-%m-%d %H:%M:%S %Z}" == "2013-03-11 09:30:00 EDT"


@st.composite
def instants(draw: st.DrawFn) -> list[int]:
    """Instants around the edges of a few days that follow each other, in any order or ascending."""
    every = nyse_calendar().days
    first = draw(st.integers(0, len(every) - 4))
    days = every[first : first + draw(st.integers(1, 3))]
    edges = [edge for day in days for edge in (day.pre_ns, day.open_ns, day.close_ns, day.post_end_ns)]
    near = st.builds(lambda edge, off: edge + off, st.sampled_from(edges), st.integers(-2, 2))
    found = draw(st.lists(near | st.integers(edges[0], edges[-1]), max_size=30))
    return sorted(found) if draw(st.booleans()) else found


@settings(max_examples=150, deadline=None)
@given(given_instants=instants())
def test_phases_of_a_column_are_those_of_its_instants(given_instants: list[int]) -> None:
    """However many edges the column spans and however its instants are ordered."""
    calendar = nyse_calendar()
    codes = calendar.phase_codes(np.array(given_instants, dtype=np.int64))
    assert codes.dtype == np.uint8
    assert [PHASE_CODES[code] for code in codes] == [calendar.phase(each) for each in given_instants]


def test_a_phase_keeps_its_code() -> None:
    """Codes are what columns hold: closed 0, pre 1, regular 2, post 3."""
    assert PHASE_CODES == (SessionPhase.CLOSED, SessionPhase.PRE, SessionPhase.REGULAR, SessionPhase.POST)


def clocks(*instants_ns: int) -> tuple[str, ...]:
    """New York wall clocks, to the minute; whole minutes only."""
    assert all(each % (60 * SECOND_NS) == 0 for each in instants_ns)
    return tuple(f"{new_york(each):%H:%M}" for each in instants_ns)


def test_the_helper_of_these_tests_agrees_with_utc() -> None:
    """09:30 in summer is 13:30 UTC."""
    opens = datetime(2013, 10, 8, 13, 30, tzinfo=UTC)
    assert new_york_ns("2013-10-08", "09:30") == int(opens.timestamp()) * SECOND_NS
