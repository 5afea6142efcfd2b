"""The sheet of indicators: a page cannot change a value, and what is not warm is no number."""

import numpy as np

from operators.bars.columns import Bars
from operators.indicators.ema import Ema
from operators.indicators.sheet import EMA_PERIODS, indicator_columns, session_numbers, volatility_regime
from operators.times import MINUTE_NS, SECOND_NS
from tests.oracle.times import new_york_ns


def made(count: int, spread: float = 0.1) -> Bars:
    """Minute bars from the open on, their price a slow wave."""
    start = new_york_ns("2013-10-08", "09:30") + np.arange(count, dtype=np.int64) * MINUTE_NS
    close = 100 + np.sin(np.arange(count) / 7)
    ones = np.ones(count, dtype=np.int64)
    return Bars(
        start,
        start + MINUTE_NS,
        close,
        close + spread,
        close - spread,
        close,
        close * 10,
        close - 0.01,
        ones,
        ones.astype(np.uint8),
        ones,
    )


def test_every_column_of_a_longer_series_begins_with_that_of_a_shorter_one() -> None:
    """So the value at a bar needs nothing that came after it."""
    long, short = indicator_columns(made(300)), indicator_columns(made(200))
    assert long.keys() == short.keys()
    for name, column in long.items():
        assert len(column) == 300
        assert np.array_equal(column[:200], short[name], equal_nan=True), name


def test_columns_are_those_of_the_indicators_and_not_available_before_their_warm_up() -> None:
    bars, columns = made(100), indicator_columns(made(100))
    for period in EMA_PERIODS:
        column = columns[f"ema_{period}"]
        assert np.array_equal(column, Ema(period).extend(bars.close), equal_nan=True)
        assert np.isnan(column[: period - 1]).all()
        assert not np.isnan(column[period - 1 :]).any()
    assert not np.isnan(columns["vwap"]).any()


def test_a_session_has_one_number_from_four_in_the_morning_to_eight_at_night() -> None:
    for day, after in (("2013-10-08", "2013-10-09"), ("2013-12-10", "2013-12-11")):  # summer time, and not
        instants = [new_york_ns(day, "04:00"), new_york_ns(day, "19:59"), new_york_ns(after, "04:00")]
        bars = made(3)
        moved = Bars(np.array(instants), *bars.columns()[1:])
        first, last, next_day = session_numbers(moved).tolist()
        assert (last - first, next_day - first) == (0, 1)


def test_the_regime_compares_the_newest_range_with_the_usual_one() -> None:
    calm, wild = made(200), made(40, spread=1.0)
    assert volatility_regime(made(20)) is None
    assert (volatility_regime(calm) or ("", 0))[0] == "normal"
    later = Bars(wild.start_ns + 200 * 60 * SECOND_NS, *wild.columns()[1:])
    label, ratio = volatility_regime(Bars.concat([calm, later])) or ("", 0.0)
    assert label == "stressed"
    assert ratio > 1.5
