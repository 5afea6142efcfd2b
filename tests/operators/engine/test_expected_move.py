"""The expected move from realised volatility, its relation to a deviation, and the time it grows with."""

from math import pi, sqrt

import pytest

from operators.engine.expected_move import ExpectedMove, MoveBasis, realized_move
from operators.engine.trading_time import session_minutes_left, trading_minutes
from operators.sessions import SessionCalendar
from tests.operators.engine.engine_cases import AS_OF_NS
from tests.oracle.times import new_york_ns


def test_it_is_the_mean_absolute_value_of_a_normal_move() -> None:
    """1 % a bar over 4 bars is a deviation of 2 dollars at 100, and 2 sqrt(2/pi) on average either way."""
    move = realized_move(100.0, 0.01, 4, AS_OF_NS)
    assert move is not None
    assert move.dollars == pytest.approx(2 * sqrt(2 / pi))
    assert move.deviation == pytest.approx(2.0)
    assert (move.basis, move.volatility, move.strike, move.expiry_ns) == (MoveBasis.REALIZED, 0.01, None, None)


@pytest.mark.parametrize("volatility", [None, float("nan"), float("inf"), -0.1])
def test_without_a_volatility_there_is_no_move(volatility: float | None) -> None:
    assert realized_move(100.0, volatility, 4, AS_OF_NS) is None


def test_nothing_that_moved_is_a_move_of_zero() -> None:
    still, over = realized_move(100.0, 0.0, 4, AS_OF_NS), realized_move(100.0, 0.01, 0, AS_OF_NS)
    assert still is not None
    assert over is not None
    assert (still.dollars, over.dollars) == (0, 0)


@pytest.mark.parametrize(
    ("price", "bars"), [(0.0, 4), (-1.0, 4), (float("nan"), 4), (100.0, -1), (100.0, float("nan"))]
)
def test_a_price_or_horizon_that_is_none_is_refused(price: float, bars: float) -> None:
    with pytest.raises(ValueError, match="realised move: got"):
        realized_move(price, 0.01, bars, AS_OF_NS)


@pytest.mark.parametrize("dollars", [-1.0, float("nan"), float("inf")])
def test_a_move_that_is_no_distance_is_refused(dollars: float) -> None:
    with pytest.raises(ValueError, match="expected move: got"):
        ExpectedMove(dollars, MoveBasis.REALIZED, AS_OF_NS)


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        (("2013-10-08", "10:00"), ("2013-10-08", "11:00"), 60),
        (("2013-10-08", "15:00"), ("2013-10-09", "10:00"), 90),
        (("2013-10-08", "03:00"), ("2013-10-08", "20:00"), 390),
        (("2013-10-04", "16:00"), ("2013-10-07", "09:30"), 0),
        (("2015-12-24", "09:30"), ("2015-12-28", "16:00"), 210 + 390),
        (("2013-10-08", "11:00"), ("2013-10-08", "10:00"), 0),
    ],
)
def test_trading_minutes_are_those_of_regular_sessions(
    calendar: SessionCalendar, start: tuple[str, str], end: tuple[str, str], minutes: float
) -> None:
    """A night, a weekend and the afternoon of a half day count nothing; no time runs backwards."""
    assert trading_minutes(calendar, new_york_ns(*start), new_york_ns(*end)) == minutes


@pytest.mark.parametrize(
    ("day", "clock", "minutes"),
    [
        ("2013-10-08", "10:00", 360),
        ("2013-10-08", "15:59", 1),
        ("2013-10-08", "08:00", 390),
        ("2013-10-08", "16:00", 390),
        ("2015-12-24", "08:00", 210),
        ("2015-12-24", "12:30", 30),
    ],
)
def test_outside_the_session_the_next_one_is_ahead_whole(
    calendar: SessionCalendar, day: str, clock: str, minutes: float
) -> None:
    assert session_minutes_left(calendar.block(new_york_ns(day, clock))) == minutes
