"""Levels of a session by example: when each is there, what it is, and what bad input does to it."""

from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np
import pytest

from operators.bars.columns import Bars, Interval
from operators.levels.level import Level, LevelKind
from operators.levels.session_levels import SessionLevels
from operators.sessions import SessionCalendar
from operators.times import MINUTE_NS
from tests.operators.levels.level_bars import Row, World, days_around, made_world, minute_bars
from tests.operators.levels.worlds import random_world, session_on

K = LevelKind
DAY: Final = session_on(date(2013, 10, 8))
OPEN_NS: Final = DAY.open_ns


def minute(count: int) -> int:
    """So many minutes after the open, ns."""
    return OPEN_NS + count * MINUTE_NS


def flat(at: int, price: float, volume: float = 100.0) -> Row:
    """A bar of one price."""
    return at, price, price, price, price, volume


def found(levels: tuple[Level, ...]) -> dict[str, Level]:
    """Levels by kind, for kinds that occur once."""
    return {str(level.kind): level for level in levels}


def today(calendar: SessionCalendar, *rows: Row) -> World:
    """A session without any history."""
    return made_world(calendar, DAY, {DAY: rows})


def after_a_day(calendar: SessionCalendar, *rows: Row, yesterday: tuple[Row, ...]) -> World:
    """A session after one day of history."""
    before, _ = days_around(calendar, DAY, 1)
    return made_world(calendar, DAY, {before: yesterday, DAY: rows})


YESTERDAY: Final = ((0, 99.0, 101.0, 97.0, 100.0, 500.0), (60, 100.0, 102.0, 99.5, 100.0, 500.0))
"""High 102, low 97, close 100: a tenth of the range is 0.50."""


@pytest.mark.parametrize("length", [5, 15, 30])
def test_an_opening_range_is_there_when_it_is_complete(calendar: SessionCalendar, length: int) -> None:
    """Half-open: the minute that starts when the range ends is not in it."""
    high, low = f"opening_range_{length}_high", f"opening_range_{length}_low"
    world = today(calendar, flat(0, 10.0), flat(length - 1, 11.0), flat(length, 12.0), flat(40, 9.0))
    assert high not in found(world.at(minute(length) - 1))
    for as_of in (minute(length), minute(200)):
        levels = found(world.at(as_of))
        assert (levels[high].price, levels[high].since_ns) == (11.0, minute(length - 1))
        assert (levels[low].price, levels[low].available_at_ns) == (10.0, minute(length))


def test_a_symbol_that_opens_late_has_the_ranges_that_it_traded_in(calendar: SessionCalendar) -> None:
    levels = found(today(calendar, flat(10, 10.0), flat(20, 11.0)).at(minute(60)))
    assert "opening_range_5_high" not in levels
    assert (levels["opening_range_15_high"].price, levels["opening_range_30_high"].price) == (10.0, 11.0)


def test_premarket_and_session_extremes_know_their_own_bars(calendar: SessionCalendar) -> None:
    """The pre-market's high is none of the session's, and the other way round."""
    world = today(calendar, flat(-20, 15.0), flat(-5, 8.0), flat(0, 10.0), flat(1, 12.0), flat(2, 12.0))
    before = found(world.at(minute(-10)))
    assert (before["premarket_high"].price, before["premarket_low"].price) == (15.0, 15.0)
    assert "session_high" not in found(world.at(minute(0)))
    levels = found(world.at(minute(60)))
    assert [levels[name].price for name in ("premarket_high", "premarket_low")] == [15.0, 8.0]
    assert [levels[name].price for name in ("session_high", "session_low")] == [12.0, 10.0]
    assert (levels["session_high"].since_ns, levels["session_high"].available_at_ns) == (minute(1), minute(2))


@pytest.mark.parametrize(("opened", "counts"), [(100.49, False), (100.50, True), (99.50, True), (99.51, False)])
def test_a_gap_counts_from_a_tenth_of_the_daily_range(calendar: SessionCalendar, opened: float, counts: bool) -> None:
    """And only when the bar that holds the open has ended."""
    world = after_a_day(calendar, flat(0, opened), yesterday=YESTERDAY)
    assert "gap_open" not in found(world.at(minute(1) - 1))
    levels = found(world.at(minute(1)))
    assert ("gap_open" in levels) is ("gap_prior_close" in levels) is counts
    if counts:
        assert (levels["gap_open"].price, levels["gap_prior_close"].price) == (opened, 100.0)


def test_vwap_and_bands_on_two_bars(calendar: SessionCalendar) -> None:
    """10.00 and 10.40, one share to three: average 10.30, deviation sqrt(0.03)."""
    levels = found(today(calendar, flat(0, 10.0, 1.0), flat(1, 10.4, 3.0)).at(minute(2)))
    deviation = (0.25 * 0.3**2 + 0.75 * 0.1**2) ** 0.5
    assert levels["vwap"].price == levels["avwap_open"].price == pytest.approx(10.3, abs=1e-9)
    assert levels["vwap_upper_1"].price == pytest.approx(10.3 + deviation, abs=1e-9)
    assert levels["vwap_lower_2"].price == pytest.approx(10.3 - 2 * deviation, abs=1e-9)
    assert levels["vwap"].available_at_ns == minute(2)


def test_a_band_nearer_than_a_tick_says_nothing(calendar: SessionCalendar) -> None:
    levels = found(today(calendar, flat(0, 10.0), flat(1, 10.0)).at(minute(2)))
    assert levels["vwap"].price == 10.0
    assert "vwap_upper_1" not in levels


def test_a_bars_own_vwap_goes_before_its_typical_price(calendar: SessionCalendar) -> None:
    world = today(calendar, (0, 10.0, 12.0, 9.0, 12.0, 100.0), (1, 10.0, 12.0, 9.0, 12.0, 100.0))
    bars = msgspec.structs.replace(world.bars[Interval.M1], vwap=np.array([float("nan"), 10.5]))
    levels = replace(world, bars={**world.bars, Interval.M1: bars})
    assert found(levels.at(minute(1)))["vwap"].price == 11.0
    assert found(levels.at(minute(2)))["vwap"].price == pytest.approx((11.0 + 10.5) / 2)


def test_anchored_vwaps_run_on_from_yesterdays_extremes(calendar: SessionCalendar) -> None:
    """The low was made in the first bar, the high in the second; both average over what came after, today included."""
    first, second = (101.0 + 97.0 + 100.0) / 3, (102.0 + 99.5 + 100.0) / 3
    world = after_a_day(calendar, flat(0, 104.0, 1_000.0), yesterday=YESTERDAY)
    night = found(world.at(OPEN_NS))
    assert night["avwap_prior_high"].price == pytest.approx(second)
    assert night["avwap_prior_low"].price == pytest.approx((first + second) / 2)
    assert night["avwap_prior_high"].available_at_ns < DAY.pre_ns
    later = found(world.at(minute(1)))
    assert later["avwap_prior_high"].price == pytest.approx((500 * second + 1_000 * 104) / 1_500)
    assert later["avwap_prior_low"].price == pytest.approx((500 * first + 500 * second + 1_000 * 104) / 2_000)


def test_minutes_of_a_day_whose_own_bar_is_unknown_leave_nothing(calendar: SessionCalendar) -> None:
    """They may be a part of it: its profile and its extremes would be made-up ones."""
    world = after_a_day(calendar, flat(0, 104.0), yesterday=YESTERDAY)
    part = replace(world, bars={**world.bars, Interval.D1: Bars.empty()})
    left = set(found(world.at(minute(1)))) - set(found(part.at(minute(1))))
    assert {"poc", "vah", "val", "avwap_prior_high", "avwap_prior_low", "prior_day_high"} <= left


def test_the_developing_profile_follows_volume(calendar: SessionCalendar) -> None:
    world = today(calendar, flat(0, 10.0, 500.0), flat(1, 10.05, 400.0), flat(2, 10.05, 400.0))
    assert found(world.at(minute(2)))["developing_poc"].price == 10.0
    assert found(world.at(minute(3)))["developing_poc"].price == 10.05


def test_round_numbers_are_those_near_the_price_asked_about(calendar: SessionCalendar) -> None:
    world = today(calendar, flat(0, 14.0))
    rounds = [level.price for level in world.at(minute(1), 14.2) if level.kind is K.ROUND]
    assert rounds == [13.5, 14.0, 14.5, 15.0]


def test_without_history_the_levels_of_history_are_absent(calendar: SessionCalendar) -> None:
    """Nothing stands in for them."""
    levels = found(today(calendar, flat(-1, 9.0), flat(0, 10.0), flat(1, 11.0)).at(minute(60), 10.0))
    own = ("premarket", "opening_range", "session", "vwap", "avwap_open", "developing", "round", "swing")
    assert levels
    assert all(name.startswith(own) for name in levels)


def test_before_the_first_bar_there_is_only_history(calendar: SessionCalendar) -> None:
    assert today(calendar).at(minute(0)) == ()
    names = set(found(after_a_day(calendar, yesterday=YESTERDAY).at(DAY.pre_ns)))
    assert {"prior_day_high", "pivot", "poc", "avwap_prior_low"} <= names
    assert not any(name.startswith(("session", "vwap", "premarket", "gap")) for name in names)


def test_a_session_of_one_bar_is_a_session(calendar: SessionCalendar) -> None:
    """One print all day: every level of today is its price."""
    levels = [level for level in today(calendar, flat(100, 10.0)).at(DAY.close_ns) if level.kind is not K.ROUND]
    assert {str(level.kind) for level in levels} >= {"session_high", "session_low", "vwap", "developing_poc"}
    assert {level.price for level in levels} == {10.0}


def test_a_bar_without_volume_moves_extremes_and_no_average(calendar: SessionCalendar) -> None:
    levels = found(today(calendar, flat(0, 10.0), flat(1, 20.0, 0.0)).at(minute(2)))
    assert (levels["session_high"].price, levels["vwap"].price, levels["developing_vah"].price) == (20.0, 10.0, 10.0)
    silent = found(today(calendar, flat(0, 10.0, 0.0)).at(minute(1)))
    assert "vwap" not in silent
    assert "developing_poc" not in silent


def test_a_halt_of_two_hours_changes_nothing_while_it_lasts(calendar: SessionCalendar) -> None:
    """No bars, no news: the same levels, known since the same instants, from the last bar to the next."""
    rows = [flat(at, 10.0 + at % 7 / 10) for at in (*range(40), *range(160, 200))]
    world = today(calendar, *rows)
    assert world.at(minute(45)) == world.at(minute(160))
    assert world.at(minute(161)) != world.at(minute(160))


def test_a_half_day_is_a_prior_day_like_any_other(calendar: SessionCalendar) -> None:
    """Its last minute is 12:59, its levels are known from 13:00 New York."""
    half, after = session_on(date(2013, 11, 29)), session_on(date(2013, 12, 2))
    rows = (flat(0, 10.0), flat(209, 11.0), flat(210, 50.0))
    levels = found(made_world(calendar, after, {half: rows, after: ()}).at(after.pre_ns))
    assert (levels["prior_day_high"].price, levels["prior_day_close"].price) == (11.0, 11.0)
    assert levels["prior_day_high"].available_at_ns == half.close_ns == half.open_ns + 210 * MINUTE_NS


@pytest.mark.parametrize(("price", "tick"), [(0.0213, 0.0001), (0.35, 0.0001), (4_321.5, 0.01), (9_999.99, 0.01)])
def test_penny_and_four_digit_prices_have_levels_in_proportion(
    calendar: SessionCalendar, price: float, tick: float
) -> None:
    """Everything lies within a few ranges of the price, and in order."""
    before, _ = days_around(calendar, DAY, 1)
    swing = [round(price * (1 + 0.02 * ((at * 7) % 11 - 5) / 5), 4) for at in range(60)]
    rows = [(at, a, max(a, b), min(a, b), b, 10.0) for at, (a, b) in enumerate(pairwise(swing))]
    world = replace(made_world(calendar, DAY, {before: rows, DAY: rows}), tick=tick)
    levels = world.at(minute(90), price)
    assert len(levels) > 30
    assert all(0.85 * price < level.price < 1.15 * price for level in levels)
    profile = found(levels)
    assert profile["developing_val"].price < profile["developing_poc"].price < profile["developing_vah"].price


def test_a_fallen_penny_stock_has_no_levels_below_zero(calendar: SessionCalendar) -> None:
    """S3 of a day from 0.30 to 0.02 would lie far below nothing."""
    yesterday = ((0, 0.30, 0.30, 0.02, 0.02, 500.0),)
    levels = after_a_day(calendar, flat(0, 0.02), yesterday=yesterday).at(minute(5), 0.02)
    assert all(level.price > 0 for level in levels)
    assert "s3" not in found(levels)
    assert "r3" in found(levels)


@pytest.mark.parametrize("tick", [0.0, -0.01, float("nan"), float("inf")])
def test_a_tick_that_is_none_is_refused(calendar: SessionCalendar, tick: float) -> None:
    with pytest.raises(ValueError, match=r"tick: got .* dollars above 0"):
        replace(today(calendar), tick=tick).prepare()


def test_a_turn_of_days_is_known_at_the_close_of_the_second_day_after_it(calendar: SessionCalendar) -> None:
    """Not a night later: ideas of days are had at closes."""
    *before, _ = days = days_around(calendar, DAY, 4)
    highs = dict(zip(days, (100.0, 101.0, 105.0, 102.0, 103.0), strict=True))
    world = made_world(calendar, DAY, {day: (flat(0, high), flat(389, 99.0)) for day, high in highs.items()})
    assert "swing_high_1d" not in found(world.at(DAY.close_ns - 1))
    turn = found(world.at(DAY.close_ns))["swing_high_1d"]
    assert (turn.price, turn.since_ns, turn.available_at_ns) == (105.0, before[2].open_ns, DAY.close_ns)


def test_bars_that_go_back_are_refused(calendar: SessionCalendar) -> None:
    """Also the same bar twice: a repeated minute would count twice in every average."""
    levels = today(calendar).prepare()
    levels.extend(Interval.M1, minute_bars(DAY, [flat(0, 10.0), flat(5, 10.0)]))
    with pytest.raises(ValueError, match="1m bars go back"):
        levels.extend(Interval.M1, minute_bars(DAY, [flat(5, 10.0)]))


def test_other_intervals_are_refused(calendar: SessionCalendar) -> None:
    with pytest.raises(ValueError, match="1m, 5m, 60m, 1d bars of the session; got 15m"):
        today(calendar).prepare().extend(Interval.M15, Bars.empty())


def test_bars_of_other_days_and_of_the_evening_are_not_of_the_session(calendar: SessionCalendar) -> None:
    """A caller may hand in all that it has."""
    world = after_a_day(calendar, flat(0, 10.0), flat(400, 99.0), yesterday=YESTERDAY)
    levels = found(world.at(DAY.post_end_ns))
    assert levels["session_high"].price == 10.0
    assert "premarket_high" not in levels


def test_instants_before_the_session_or_the_snapshot_are_refused(calendar: SessionCalendar) -> None:
    """They could only be answered from what came later."""
    levels = today(calendar, flat(0, 10.0), flat(30, 11.0)).between(0, minute(31)).whole()
    with pytest.raises(ValueError, match="answers begin at"):
        levels.levels_at(DAY.pre_ns - 1, None)
    resumed = SessionLevels.from_plain(levels.to_plain())
    assert resumed.levels_at(minute(31), None) == levels.levels_at(minute(31), None)
    with pytest.raises(ValueError, match="answers begin at"):
        resumed.levels_at(minute(31) - 1, None)


def test_a_snapshot_of_another_layout_is_refused() -> None:
    layout, *rest = random_world(3).whole().to_plain()
    with pytest.raises(ValueError, match="layout 3; this version reads 2"):
        SessionLevels.from_plain((layout + 1, *rest))
