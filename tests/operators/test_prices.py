"""Price arithmetic on decimals that floats cannot hold."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.prices import at_or_above, at_or_below, plain, tidy

cents = st.integers(1, 100_000_000)


@settings(max_examples=300, deadline=None)
@given(best=cents, away=cents, off=st.integers(-3, 3))
def test_computed_levels_compare_as_decimals_do(best: int, away: int, off: int) -> None:
    """A price at best minus distance is at the level, a cent to either side is not; up to a million dollars."""
    level, price = best / 100 - away / 100, (best - away + off) / 100
    assert at_or_below(price, level) == (off <= 0)
    assert at_or_above(price, level) == (off >= 0)


@settings(max_examples=200, deadline=None)
@given(micros=st.integers(1, 10**12))
def test_the_finest_tick_is_told_apart(micros: int) -> None:
    """A millionth of a dollar is a difference, at any price up to a million."""
    price, above = micros / 1e6, (micros + 1) / 1e6
    assert not at_or_below(above, price)
    assert not at_or_above(price, above)


@settings(max_examples=200, deadline=None)
@given(first=st.integers(-(10**8), 10**8), second=st.integers(-(10**8), 10**8))
def test_tidy_sums_of_cents_are_cents(first: int, second: int) -> None:
    assert tidy(first / 100 + second / 100) == (first + second) / 100


halves = st.integers(-(10**15), 10**15).map(lambda odd: (2 * odd + 1) * 5e-10)
quotients = st.tuples(st.integers(-(10**7), 10**7), st.integers(1, 10**5)).map(lambda cents: cents[0] / cents[1])


@settings(max_examples=500, deadline=None)
@given(value=halves | quotients | st.floats(-1e6, 1e6) | st.floats(allow_nan=False))
def test_tidy_rounds_as_round_does(value: float) -> None:
    """To the bit, half-way cases, infinities and minus zero included: the short way is only a quicker one."""
    assert str(tidy(value)) == str(round(value, 9) + 0.0)


@settings(max_examples=300, deadline=None)
@given(value=st.integers(-(10**9), 10**9).map(lambda cents: cents / 100) | st.floats(-1e9, 1e9))
def test_people_read_two_to_six_places(value: float) -> None:
    """Whole pennies, written the short way, read like any other price."""
    whole, places = f"{value:.6f}".split(".")
    kept = max(2, len(places.rstrip("0")))
    assert plain(value) == f"{whole}.{places[:kept]}"


def test_tidy_has_no_minus_zero() -> None:
    """It would be written as -0.0 into events."""
    assert str(tidy(-0.0)) == str(tidy(-1e-12)) == "0.0"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (100.0, "100.00"),
        (99.5, "99.50"),
        (0.1 + 0.2, "0.30"),
        (0.0001, "0.0001"),
        (12.345678, "12.345678"),
        (1e-6, "0.000001"),
        (700_000.25, "700000.25"),
        (1e7, "10000000.00"),
    ],
)
def test_a_price_is_written_for_people(value: float, text: str) -> None:
    """At least two places, at most six, never an exponent."""
    assert plain(value) == text


@settings(max_examples=200, deadline=None)
@given(micros=st.integers(0, 10**12))
def test_a_written_price_says_the_price(micros: int) -> None:
    text = plain(micros / 1e6)
    assert float(text) == micros / 1e6
    assert 2 <= len(text.partition(".")[2]) <= 6
