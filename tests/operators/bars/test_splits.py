"""Splits: which bars they touch, and when they are known."""

from datetime import date

import numpy as np
import pytest

from operators.bars.columns import Bars
from operators.bars.splits import Split, adjusted, due
from operators.times import parse_instant
from tests.operators.bars.made_bars import day_bar

FOUR_FOR_ONE = Split("AAPL", date(2020, 8, 31), 1, 4)
SEVEN_FOR_ONE = Split("AAPL", date(2014, 6, 9), 1, 7)
EVES = [
    ("2014-06-06T09:30:00-04:00", 645.0),
    ("2020-08-28T09:30:00-04:00", 500.0),
    ("2020-08-31T09:30:00-04:00", 125.0),
]


def days() -> Bars:
    """One day before both splits, one between, one on the second's ex-date."""
    opens = [(parse_instant(text), close) for text, close in EVES]
    return Bars.concat([day_bar(at, at + 10, close) for at, close in opens])


def test_bars_before_the_ex_date_are_told_in_new_shares() -> None:
    bars = adjusted(days(), [FOUR_FOR_ONE])
    assert bars.close.tolist() == [161.25, 125.0, 125.0]
    assert bars.volume.tolist() == [4000.0, 4000.0, 1000.0]
    assert bars.high.tolist() == [647.0 / 4, 502.0 / 4, 127.0]


def test_splits_multiply() -> None:
    assert adjusted(days(), [SEVEN_FOR_ONE, FOUR_FOR_ONE]).volume.tolist() == [28_000.0, 4000.0, 1000.0]


def test_a_reverse_split_raises_prices() -> None:
    assert adjusted(days(), [Split("AAPL", date(2020, 8, 31), 10, 1)]).close.tolist() == [6450.0, 5000.0, 125.0]


def test_the_traded_value_stays() -> None:
    before, after = days(), adjusted(days(), [SEVEN_FOR_ONE, FOUR_FOR_ONE])
    np.testing.assert_allclose(before.close * before.volume, after.close * after.volume, rtol=1e-12)


def test_a_split_of_the_future_is_not_known() -> None:
    """Whoever looks back from the eve sees the prices of the eve."""
    splits = [FOUR_FOR_ONE, SEVEN_FOR_ONE, Split("TSLA", date(2020, 8, 31), 1, 5)]
    assert due(splits, "AAPL", date(2020, 8, 28)) == (SEVEN_FOR_ONE,)
    assert due(splits, "AAPL", date(2020, 8, 31)) == (SEVEN_FOR_ONE, FOUR_FOR_ONE)
    assert due(splits, "AAPL", date(2020, 8, 31), after=date(2020, 8, 28)) == (FOUR_FOR_ONE,)


@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, -4), (1, float("nan")), (float("inf"), 1)])
def test_a_ratio_that_is_none_is_refused(before: float, after: float) -> None:
    with pytest.raises(ValueError, match=r"split of AAPL on 2020-08-31: got .*; must be above 0"):
        Split("AAPL", date(2020, 8, 31), before, after)


def test_without_splits_nothing_is_copied() -> None:
    bars = days()
    assert adjusted(bars, []) is bars
