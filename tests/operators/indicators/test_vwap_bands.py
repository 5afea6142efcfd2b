"""Volume-weighted averages and their deviation, against exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.indicators.anchored_vwap import AnchoredVwap
from operators.indicators.vwap import Vwap
from tests.operators.indicators.indicator_cases import random_tape

ONE_SESSION = np.zeros(3, dtype=np.int64)


def test_a_session_by_hand() -> None:
    """100 shares at 10, 300 at 12, 100 at 11: 11.40 on average, the squares 1.96, 0.36 and 0.16 away."""
    volume = np.array([100.0, 300.0, 100.0])
    columns = Vwap().extend(ONE_SESSION, volume, np.array([10.0, 12.0, 11.0]) * volume)
    np.testing.assert_allclose(columns.vwap, [10.0, 11.5, 11.4])
    np.testing.assert_allclose(columns.deviation, [0.0, np.sqrt(0.75), 0.8])
    np.testing.assert_allclose(columns.band(2.0), columns.vwap + 2.0 * columns.deviation)
    np.testing.assert_allclose(columns.band(-1.0), columns.vwap - columns.deviation)


def test_every_session_starts_afresh_and_an_anchor_does_not() -> None:
    tape = random_tape(48.7, 40)
    session = np.repeat([3, 4, 9], [10, 25, 5])
    columns = Vwap().extend(session, tape.volume, tape.notional)
    for start, end in ((0, 10), (10, 35), (35, 40)):
        alone = AnchoredVwap().extend(tape.volume[start:end], tape.notional[start:end])
        np.testing.assert_array_equal(columns.vwap[start:end], alone.vwap)
        np.testing.assert_array_equal(columns.deviation[start:end], alone.deviation)
    whole = AnchoredVwap().extend(tape.volume, tape.notional)
    np.testing.assert_allclose(whole.vwap, np.cumsum(tape.notional) / np.cumsum(tape.volume), rtol=1e-12)


def test_an_anchored_average_of_typical_prices_is_that_of_talib() -> None:
    tape = random_tape(4321.0)
    typical = (tape.high + tape.low + tape.close) / 3.0
    ours = AnchoredVwap().extend(tape.volume, typical * tape.volume).vwap
    np.testing.assert_allclose(ours, talib.VWAP(tape.high, tape.low, tape.close, tape.volume), rtol=1e-12)


def test_without_volume_there_is_no_average_and_later_it_stays() -> None:
    """Bars of prints that count for price alone, their own average unknown."""
    volume = np.array([0.0, 0.0, 100.0, 0.0])
    columns = Vwap().extend(np.zeros(4, dtype=np.int64), volume, np.array([np.nan, np.nan, 1000.0, np.nan]))
    np.testing.assert_array_equal(columns.vwap, [np.nan, np.nan, 10.0, 10.0])
    np.testing.assert_array_equal(columns.deviation, [np.nan, np.nan, 0.0, 0.0])


def test_an_unknown_average_with_volume_silences_the_rest_of_its_session_only() -> None:
    """No average is better than one of which a part was guessed."""
    volume = np.array([100.0, 100.0, 100.0, 100.0])
    notional = np.array([1000.0, np.nan, 1000.0, 1200.0])
    columns = Vwap().extend(np.array([1, 1, 1, 2]), volume, notional)
    np.testing.assert_array_equal(columns.vwap, [10.0, np.nan, np.nan, 12.0])


@pytest.mark.parametrize("offset", [0.5, 50_000.0])
@given(
    bars=st.lists(st.tuples(st.integers(0, 64), st.integers(1, 10**7)), min_size=2, max_size=60),
)
@settings(max_examples=50, deadline=None)
def test_the_deviation_is_exact_arithmetics_own(offset: float, bars: list[tuple[int, int]]) -> None:
    """At high prices with a scatter of pennies too, where squares of prices less the square of their mean are noise."""
    prices = [Fraction(offset) + Fraction(cents, 1024) for cents, _ in bars]
    volumes = [Fraction(shares) for _, shares in bars]
    total = sum(volumes)
    mean = sum(price * shares for price, shares in zip(prices, volumes, strict=True)) / total
    squares = sum(shares * (price - mean) ** 2 for price, shares in zip(prices, volumes, strict=True))
    shares = np.array(volumes, dtype=np.float64)
    columns = AnchoredVwap().extend(shares, np.array(prices, dtype=np.float64) * shares)
    assert columns.vwap[-1] == pytest.approx(float(mean), rel=1e-14)
    assert columns.deviation[-1] == pytest.approx(float(squares / total) ** 0.5, rel=1e-6, abs=1e-14 * offset)
