"""Swing pivots: a plain loop over all bars as oracle, and examples of the edges."""

from datetime import date
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.bars.columns import Bars, Interval
from operators.levels.level import LevelKind
from operators.levels.swings import SWING_RULES, Swings
from tests.operators.levels.level_bars import minute_bars
from tests.operators.levels.worlds import session_on

DAY: Final = session_on(date(2013, 10, 8))
WHENEVER: Final = DAY.post_end_ns


def bars_of(prices: list[tuple[float, float]]) -> Bars:
    """Bars with these highs and lows."""
    return minute_bars(DAY, [(i, low, high, low, high, 1.0) for i, (high, low) in enumerate(prices)])


def marks(prices: list[tuple[float, float]], interval: Interval) -> list[tuple[float, LevelKind, int, int]]:
    swings = Swings(interval)
    swings.extend(bars_of(prices))
    return list(swings.marks(WHENEVER))


def turning(signed: list[float], wing: int) -> list[int]:
    """Positions of the turns, by the definition."""
    return [
        i
        for i in range(wing, len(signed) - wing)
        if all(signed[i] > signed[i - j] and signed[i] >= signed[i + j] for j in range(1, wing + 1))
    ]


highs_and_lows = st.lists(st.tuples(st.integers(10, 16), st.integers(1, 7)), max_size=60)


@settings(max_examples=60, deadline=None)
@given(prices=highs_and_lows, interval=st.sampled_from(list(SWING_RULES)))
def test_pivots_are_those_of_the_definition(prices: list[tuple[float, float]], interval: Interval) -> None:
    """Each known at the end of the bar that confirms it; the latest few are kept."""
    rule, bars = SWING_RULES[interval], bars_of(prices)
    expected = [
        (prices[i][side], kind, int(bars.start_ns[i]), int(bars.end_ns[i + rule.wing]))
        for sign, side, kind in ((1, 0, rule.high), (-1, 1, rule.low))
        for i in turning([sign * each[side] for each in prices], rule.wing)[-rule.keep :]
    ]
    assert marks(prices, interval) == expected


@pytest.mark.parametrize("interval", list(SWING_RULES))
def test_a_turn_is_unknown_until_the_last_bar_of_its_wing_has_ended(interval: Interval) -> None:
    wing = SWING_RULES[interval].wing
    prices = [(10.0 + min(i, 2 * wing - i), 1.0) for i in range(2 * wing + 1)]
    swings = Swings(interval)
    bars = bars_of(prices)
    swings.extend(bars)
    confirmed_ns = int(bars.end_ns[2 * wing])
    assert list(swings.marks(confirmed_ns - 1)) == []
    (mark,) = swings.marks(confirmed_ns)
    assert mark == (10.0 + wing, SWING_RULES[interval].high, int(bars.start_ns[wing]), confirmed_ns)


def test_of_equal_highs_in_a_row_the_first_is_the_pivot() -> None:
    prices = [(high, 1.0) for high in (1.0, 2.0, 5.0, 5.0, 3.0, 2.0)]
    bars = bars_of(prices)
    assert [mark[2] for mark in marks(prices, Interval.M60) if mark[1] is LevelKind.SWING_HIGH_60M] == [
        bars.start_ns[2]
    ]
