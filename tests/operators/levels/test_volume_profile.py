"""Volume by price against a dictionary of ticks, and the value area against hand-made profiles."""

from collections import defaultdict
from fractions import Fraction
from itertools import pairwise
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.levels.value_area import ValueArea, value_area
from operators.levels.volume_profile import FEW, MAX_BINS, ProfileRow, VolumeProfile

TICK = 0.01


@st.composite
def profile_bars(draw: st.DrawFn, most: int = 60) -> list[ProfileRow]:
    """Bars of a profile on the tick, the first open inside the first range; narrow, wide and very wide ones."""
    size = draw(st.sampled_from([3, 60, 400, 1_500]))
    rows = []
    for _ in range(draw(st.integers(1, most))):
        low, high = sorted(draw(st.lists(st.integers(10_000, 10_000 + size), min_size=2, max_size=2)))
        opened, volume = draw(st.integers(low, high)), draw(st.integers(1, 9_999))
        rows.append((round(opened * TICK, 2), round(low * TICK, 2), round(high * TICK, 2), float(volume)))
    return rows


def profile_of(rows: list[ProfileRow], tick: float = TICK) -> VolumeProfile:
    profile = VolumeProfile(tick)
    profile.extend(rows)
    return profile


def by_bin(rows: list[ProfileRow]) -> dict[float, float]:
    """The rule, literally: every tick gets its share; the finest power of three with at most 128 bins."""
    shares: dict[int, float] = defaultdict(float)
    anchor = round(rows[0][0] / TICK)
    for _, low, high, volume in rows:
        bottom, top = round(low / TICK), round(high / TICK)
        for tick in range(bottom, top + 1):
            shares[tick - anchor] += volume / (top - bottom + 1)
    width = 1
    while len(range(_bin(min(shares), width), _bin(max(shares), width) + 1)) > MAX_BINS:
        width *= 3
    bins: dict[int, float] = defaultdict(float)
    for tick, share in shares.items():
        bins[_bin(tick, width)] += share
    return {round((anchor + each * width) * TICK, 2): bins[each] for each in range(min(bins), max(bins) + 1)}


def _bin(tick: int, width: int) -> int:
    return floor(Fraction(tick, width) + Fraction(1, 2))


@settings(max_examples=40, deadline=None)
@given(rows=profile_bars(most=30))
def test_every_tick_of_a_bar_gets_its_share(rows: list[ProfileRow]) -> None:
    """A dictionary of ticks comes to the same bins, prices and shares."""
    profile, expected = profile_of(rows), by_bin(rows)
    shares = profile.shares()
    prices = [round(profile.price(position), 9) for position in range(len(shares))]
    assert prices == list(expected)
    assert shares == pytest.approx(list(expected.values()), rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(rows=profile_bars(), cuts=st.lists(st.integers(0, 60), max_size=6))
def test_few_bars_and_many_come_to_the_same_bits(rows: list[ProfileRow], cuts: list[int]) -> None:
    """One by one, in columns, or any mixture."""
    mixed, singly = VolumeProfile(TICK), VolumeProfile(TICK)
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    for start, stop in pairwise(edges):
        mixed.extend(rows[start:stop])
    for row in rows:
        singly.extend([row])
    assert profile_of(rows).to_plain() == mixed.to_plain() == singly.to_plain()


@settings(max_examples=60, deadline=None)
@given(rows=profile_bars())
def test_l6_a_mirrored_profile_is_the_same_to_the_bit(rows: list[ProfileRow]) -> None:
    """The shares in reverse, also after widening: so a tie stays a tie, and only its choice could differ."""
    turned = [(round(900 - o, 2), round(900 - high, 2), round(900 - low, 2), volume) for o, low, high, volume in rows]
    assert profile_of(turned).shares() == profile_of(rows).shares()[::-1]


def test_both_ways_of_spreading_are_tried() -> None:
    """The law above means nothing unless its bars reach either side of the threshold."""
    assert 1 < FEW < 60


def test_bins_widen_by_threes_and_lose_nothing() -> None:
    """129 ticks are one too many for bins of one: 43 bins of three."""
    rows = [(1.0, 1.0, 1.0 + (MAX_BINS - 1) * TICK, 128.0)]
    assert profile_of(rows).shares() == [1.0] * 128
    wider = profile_of([(1.0 + 64 * TICK, 1.0, 1.0 + MAX_BINS * TICK, 129.0)])
    assert wider.shares() == [3.0] * 43


def test_a_penny_stock_and_a_four_digit_one_have_bins_to_see_by() -> None:
    """Ticks of 0.0001 at 40 cents, and of a cent at 4 000 dollars a wide day: between 43 and 128 bins."""
    assert len(profile_of([(0.4, 0.395, 0.405, 10.0)], 0.0001).shares()) == 101
    assert 43 <= len(profile_of([(4_000.0, 3_950.0, 4_050.0, 10.0)]).shares()) <= 128


def made(*shares: float) -> VolumeProfile:
    """A profile with these shares at 1.00, 1.01, ..."""
    return profile_of([(1.0 + i * TICK,) * 3 + (each,) for i, each in enumerate(shares) if each])


def area(*shares: float) -> tuple[float, ...]:
    found = value_area(made(*shares))
    assert found is not None
    return tuple(round(each, 9) for each in found)


@pytest.mark.parametrize(
    ("shares", "poc", "vah", "val"),
    [
        ((5, 10, 30, 100, 40, 20, 5), 1.03, 1.05, 1.03),  # 100 of 147 due; 60 above against 40 below
        ((5, 10, 60, 100, 20, 10, 5), 1.03, 1.03, 1.01),  # 70 below against 30 above
        ((1, 20, 30, 50, 30, 20, 1), 1.03, 1.05, 1.01),  # equal pairs: both
        ((100, 1, 1), 1.0, 1.0, 1.0),  # the fullest alone is enough
        ((1, 1, 2, 10, 30), 1.04, 1.04, 1.03 - 0.01),  # nothing above: down by pairs
        ((7,), 1.0, 1.0, 1.0),
    ],
)
def test_the_value_area_grows_by_the_fuller_pair(shares: tuple[float, ...], poc: float, vah: float, val: float) -> None:
    """Two bins against two, from the fullest outwards, until 70 % is inside."""
    assert area(*shares) == (poc, vah, val)


def test_equal_peaks_have_their_control_in_the_middle() -> None:
    """A flat bar: the middle of its range, on a bin or between two."""
    assert area(5, 5, 5)[0] == 1.01
    assert area(5, 5, 5, 5)[0] == 1.015


def test_of_two_peaks_that_do_not_touch_the_lower_is_named() -> None:
    """The one choice without a mirror image."""
    assert area(9, 1, 9)[0] == 1.0


def test_no_volume_no_area() -> None:
    assert value_area(VolumeProfile(TICK)) is None


@settings(max_examples=60, deadline=None)
@given(rows=profile_bars())
def test_the_value_area_holds_its_share(rows: list[ProfileRow]) -> None:
    """VAL <= POC <= VAH inside the range; 70 % between them, and less without the last pairs on either side."""
    profile = profile_of(rows)
    found = value_area(profile)
    assert isinstance(found, ValueArea)
    shares = profile.shares()
    prices = [profile.price(position) for position in range(len(shares))]
    inside = sum(share for share, price in zip(shares, prices, strict=True) if found.val <= price <= found.vah)
    assert prices[0] <= found.val <= found.poc <= found.vah <= prices[-1]
    assert inside >= 0.7 * sum(shares) * (1 - 1e-9)
    step = prices[1] - prices[0] if len(prices) > 1 else 0
    core = [s for s, p in zip(shares, prices, strict=True) if found.val + 1.5 * step < p < found.vah - 1.5 * step]
    assert sum(core) < 0.7 * sum(shares) or found.vah - found.val <= 2 * step


@pytest.mark.parametrize("first", [10.005, 10.0049, 10.0001, 10.0])
def test_bins_lie_on_the_tick_whatever_the_first_print_was(first: float) -> None:
    """A first print between two ticks moves no level off them, nor spreads a bar over one tick too many."""
    rows = [(first, 10.0, 10.03, 400.0), (10.01, 10.01, 10.02, 50.0)]
    profile, plain = profile_of(rows), profile_of([(10.0, *rows[0][1:]), rows[1]])
    assert profile.shares() == [pytest.approx(each) for each in plain.shares()]
    assert [round(profile.price(position), 9) for position in range(4)] == [10.0, 10.01, 10.02, 10.03]


@pytest.mark.parametrize("bars", [3, 3 * FEW])
def test_half_a_tick_has_a_mirror_image(bars: int) -> None:
    """A print between bid and ask reaches the tick on its far side, up or down; so both profiles hold the same."""
    rows = [(100.0, 99.875, 100.375, 300.0), (100.25, 100.125, 100.125, 50.0), (100.0, 100.0, 100.625, 70.0)] * bars
    turned = [(200 - opened, 200 - high, 200 - low, size) for opened, low, high, size in rows]
    shares = profile_of(rows, tick=0.25).shares()
    assert profile_of(turned, tick=0.25).shares() == [pytest.approx(each) for each in reversed(shares)]
    assert sum(shares) == pytest.approx(420.0 * bars)
