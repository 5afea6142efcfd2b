"""Levels that agree: merging near-equal ones, and naming what stands at a price."""

from datetime import date
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from operators.levels.agreement import confluence, merge
from operators.levels.level import Level, LevelKind
from operators.levels.strengths import STRENGTH
from tests.operators.levels.worlds import instant, random_world, seeds, session_on, shares

K = LevelKind
TICK = 0.01
AT_NS = session_on(date(2013, 10, 8)).open_ns


def level(price: float, kind: LevelKind, since_ns: int = AT_NS) -> Level:
    return Level(price, kind, STRENGTH[kind], since_ns, AT_NS)


def test_one_price_yields_one_strongest_level_with_the_others_named() -> None:
    levels = [level(100.0, K.ROUND), level(100.01, K.PRIOR_DAY_HIGH), level(100.02, K.R1), level(101.0, K.S1)]
    near, far = merge(levels, TICK)
    assert (near.level, near.others) == (levels[1], (K.R1, K.ROUND))
    assert (far.level, far.others) == (levels[3], ())


def test_merging_makes_no_chains() -> None:
    """A ladder of ticks falls to pieces of what the strongest reach, not into one."""
    levels = [level(100.0 + i * TICK, K.SWING_HIGH_5M, AT_NS + i) for i in range(7)]
    levels[3] = level(100.03, K.PRIOR_DAY_HIGH)
    assert [round(each.level.price, 2) for each in merge(levels, TICK)] == [100.0, 100.03, 100.06]


def test_reach_is_counted_in_ticks() -> None:
    """A hundredth of a cent apart is one price on a cent tick and two on a finer one."""
    levels = [level(0.50, K.PRIOR_DAY_LOW), level(0.5003, K.ROUND)]
    assert len(merge(levels, 0.01)) == 1
    assert len(merge(levels, 0.0001)) == 2
    assert len(merge(levels, 0.0001, ticks=3)) == 1


def test_a_kind_is_named_once() -> None:
    levels = [level(9.0, K.VWAP), level(9.0, K.SWING_LOW_5M, 1), level(9.01, K.SWING_LOW_5M, 2), level(9.0, K.VWAP, 5)]
    (merged,) = merge(levels, TICK)
    assert merged.others == (K.SWING_LOW_5M,)


@settings(max_examples=15, deadline=None)
@given(seed=seeds, share=shares, ticks=st.sampled_from([0.0, 2.0, 25.0]))
def test_merging_loses_no_kind_and_leaves_no_neighbours(seed: int, share: float, ticks: float) -> None:
    """Heads lie further apart than the reach; every level is a head or within reach of one that names it."""
    world = random_world(seed)
    levels = world.at(instant(world, share), 165.2)
    merged = merge(levels, TICK, ticks)
    heads = [each.level.price for each in merged]
    assert heads == sorted(heads)
    assert all(high - low > ticks * TICK for low, high in pairwise(heads))
    for each in levels:
        near = [one for one in merged if abs(one.level.price - each.price) <= ticks * TICK + 1e-9]
        assert any(each.kind in (one.level.kind, *one.others) for one in near)
    assert merge(tuple(reversed(levels)), TICK, ticks) == merged


def test_confluence_names_what_stands_within_the_window_strongest_first() -> None:
    levels = [level(100.0, K.ROUND), level(100.2, K.VWAP), level(99.9, K.POC), level(100.21, K.R1)]
    assert confluence(levels, 100.0, 0.2) == ("vwap", "poc", "round")


def test_confluence_counts_a_print_once() -> None:
    """The first high of the day is opening range, session and swing high at once: one fact, its strongest name."""
    kinds = (K.OPENING_RANGE_5_HIGH, K.OPENING_RANGE_15_HIGH, K.SESSION_HIGH, K.SWING_HIGH_5M)
    levels = [level(100.0, kind) for kind in kinds]
    assert confluence(levels, 100.0, 0.1) == ("session_high",)
    assert confluence([*levels, level(100.0, K.PRIOR_DAY_LOW)], 100.0, 0.1) == ("prior_day_low", "session_high")
    assert confluence([level(5.0, K.VWAP), level(5.0, K.AVWAP_OPEN)], 5.0, 0.1) == ("vwap",)


def test_confluence_of_nothing_is_nothing() -> None:
    assert confluence([], 100.0, 1.0) == ()
    assert confluence([level(102.0, K.VWAP)], 100.0, 1.0) == ()
