"""Features against the slow and plain way: each value computed anew from the bars up to it."""

import numpy as np
import pytest

from operators.bars.columns import Bars, Floats, Interval
from operators.indicators.anchored_vwap import AnchoredVwap
from operators.indicators.atr import Atr
from operators.indicators.vwap import Vwap
from operators.scan.features.clock import SessionClock
from operators.scan.features.daily import DailyBuilder, DailyFeatures
from operators.scan.features.five import FiveFeatures
from operators.scan.features.intraday import IntradayBuilder
from operators.scan.features.last_minute import NAMES
from operators.scan.features.minute import MinuteFeatures
from operators.sessions import SessionCalendar
from operators.times import MINUTE_NS
from tests.operators.scan.making import clock, daily_walk, first_session, walk

SEED, SESSIONS = 3, 3


@pytest.fixture(scope="module")
def made() -> tuple[MinuteFeatures, FiveFeatures, DailyFeatures]:
    piece, daily = walk(SEED, SESSIONS, missing=0.05), DailyBuilder(clock())
    daily.extend(daily_walk(SEED))
    daily.hours(piece[Interval.M60])
    days = daily.extend(piece[Interval.D1])
    return *IntradayBuilder(clock()).extend(piece[Interval.M1], piece[Interval.M5], daily.days), days


@pytest.fixture(scope="module")
def minutes() -> Bars:
    return walk(SEED, SESSIONS, missing=0.05)[Interval.M1]


@pytest.fixture(scope="module")
def fives() -> Bars:
    return walk(SEED, SESSIONS, missing=0.05)[Interval.M5]


def sessions_of(bars: Bars) -> list[Bars]:
    """The bars of each session."""
    found = []
    for number in range(SESSIONS):
        low, high = clock().opens_ns[first_session() + number], clock().closes_ns[first_session() + number]
        found.append(bars.take((bars.start_ns >= low) & (bars.start_ns < high)))
    return found


def price_of(bars: Bars) -> Floats:
    return np.where(np.isnan(bars.vwap), (bars.high + bars.low + bars.close) / 3, bars.vwap)


def close_to(one: Floats, other: Floats) -> None:
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9, equal_nan=True)


def test_vwap_and_its_deviation_are_the_indicators(
    made: tuple[MinuteFeatures, FiveFeatures, DailyFeatures], minutes: Bars
) -> None:
    """One meaning of VWAP; the features only compute it over columns."""
    vwap = Vwap().extend(made[0].session, minutes.volume, price_of(minutes) * minutes.volume)
    close_to(made[0].vwap, vwap.vwap)
    first = np.diff(made[0].session, prepend=0) != 0
    assert np.isnan(made[0].deviation[first]).all()
    close_to(made[0].deviation[~first], vwap.deviation[~first])


def test_five_minutes_read_the_session_as_of_their_last_minute(
    made: tuple[MinuteFeatures, FiveFeatures, DailyFeatures],
) -> None:
    minute, five, _ = made
    last = np.searchsorted(minute.end_ns, five.end_ns, side="right") - 1
    for name in NAMES:
        assert getattr(five, name).tobytes() == getattr(minute, name)[last].tobytes()


def test_the_cluster_is_session_vwap_and_the_nearer_anchored_one(
    made: tuple[MinuteFeatures, FiveFeatures, DailyFeatures], minutes: Bars
) -> None:
    """Anchored at the first minute of the prior session's high, or low, that minute included."""
    parts, at = sessions_of(minutes), 0
    for number, part in enumerate(parts):
        size = len(part)
        top, bottom = made[0].cluster_top[at : at + size], made[0].cluster_bottom[at : at + size]
        vwap = made[0].vwap[at : at + size]
        at += size
        if number == 0:
            assert np.isnan(top).all()
            continue
        prior, anchored = parts[number - 1], []
        for first in (int(prior.high.argmax()), int(prior.low.argmin())):
            both = Bars.concat([prior.take(slice(first, None)), part])
            anchored.append(AnchoredVwap().extend(both.volume, price_of(both) * both.volume).vwap[-size:])
        other = np.where(abs(anchored[0] - vwap) <= abs(anchored[1] - vwap), *anchored)
        close_to(top, np.maximum(vwap, other))
        close_to(bottom, np.minimum(vwap, other))


def test_ranges_and_extremes_are_of_this_session_up_to_this_bar(
    made: tuple[MinuteFeatures, FiveFeatures, DailyFeatures], minutes: Bars
) -> None:
    features, at = made[0], 0
    for number, part in enumerate(sessions_of(minutes)):
        open_ns = clock().opens_ns[first_session() + number]
        minute = (part.end_ns - open_ns) // MINUTE_NS
        for bar in range(len(part)):
            row = features.row(at + bar)
            so_far = part.take(slice(0, bar + 1))
            assert (row["session_high"], row["session_low"]) == (so_far.high.max(), so_far.low.min())
            assert row["recent_low"] == so_far.low[-3:].min()
            assert row["wide_high"] == so_far.high[-10:].max()
            assert row["session_open"] == part.open[0]
            for length in (5, 15):
                inside = part.take(minute <= length)
                known = minute[bar] >= length
                expected = (inside.high.max(), inside.low.min()) if known else (np.nan, np.nan)
                assert np.array_equal([row[f"range{length}_high"], row[f"range{length}_low"]], expected, equal_nan=True)
            later = part.close[:bar][minute[:bar] > 15]
            assert np.array_equal(row["best_close"], later.max() if len(later) else np.nan, equal_nan=True)
            assert np.array_equal(row["worst_close"], later.min() if len(later) else np.nan, equal_nan=True)
        at += len(part)


def test_trading_counts_the_bars_of_the_last_quarter_of_an_hour(
    made: tuple[MinuteFeatures, FiveFeatures, DailyFeatures], minutes: Bars
) -> None:
    features, at = made[0], 0
    for number, part in enumerate(sessions_of(minutes)):
        open_ns, dollars = clock().opens_ns[first_session() + number], 0.0
        for bar in range(len(part)):
            end_ns = int(part.end_ns[bar])
            window = part.take((part.start_ns >= end_ns - 15 * MINUTE_NS) & (part.end_ns <= end_ns))
            minute = (end_ns - open_ns) / MINUTE_NS
            dollars += price_of(part)[bar] * part.volume[bar]
            row = features.row(at + bar)
            assert row["coverage"] == len(window) / min(15, minute)
            assert row["moving"] == pytest.approx((window.high > window.low).mean())
            assert row["dollars"] == pytest.approx(dollars / minute)
            assert (row["minute"], row["minutes_left"]) == (minute, 390 - minute)
        at += len(part)


def test_the_prior_day_is_the_session_before(made: tuple[MinuteFeatures, FiveFeatures, DailyFeatures]) -> None:
    """Its close, high and low, and the daily range as of its close; never the day that is still going on."""
    for features in made[:2]:
        for number in range(SESSIONS):
            today = features.take(features.session == first_session() + number)
            days = daily_walk(SEED) if number == 0 else walk(SEED, SESSIONS, missing=0.05)[Interval.D1]
            day = days.row(-1 if number == 0 else number - 1)
            assert set(today.prior_close.tolist()) == {day.close}
            if isinstance(today, MinuteFeatures):
                assert set(today.prior_high.tolist()) == {day.high}
                assert set(today.prior_low.tolist()) == {day.low}
    joined = Bars.concat([daily_walk(SEED), walk(SEED, SESSIONS, missing=0.05)[Interval.D1]])
    atr = Atr(14).extend(joined.high, joined.low, joined.close)[-SESSIONS - 1 :]
    assert [made[0].atr_1d[made[0].session == first_session() + at][0] for at in range(SESSIONS)] == atr[:-1].tolist()


def test_the_range_within_sessions_does_not_count_the_night(fives: Bars) -> None:
    """The same minutes opening a hundred dollars higher have the same average true range."""
    apart = sessions_of(fives)
    high = [
        Bars(*each.columns()[:2], *(column + 100 * at for column in each.columns()[2:6]), *each.columns()[6:])
        for at, each in enumerate(apart)
    ]
    days = DailyBuilder(clock()).days
    one = IntradayBuilder(clock()).extend(Bars.empty(), Bars.concat(apart), days)[1].atr
    close_to(one, IntradayBuilder(clock()).extend(Bars.empty(), Bars.concat(high), days)[1].atr)
    assert np.isfinite(one[14:]).all()
    assert np.isnan(one[:13]).all()


def test_five_minutes_look_back_in_their_session_only(
    made: tuple[MinuteFeatures, FiveFeatures, DailyFeatures], fives: Bars
) -> None:
    features, at = made[1], 0
    for part in sessions_of(fives):
        vwap, run = features.vwap[at : at + len(part)], 0
        early = part.close[part.end_ns - part.start_ns[0] <= 30 * MINUTE_NS]
        for bar in range(len(part)):
            row = features.row(at + bar)
            assert np.array_equal(row["before"], part.close[bar - 1] if bar else np.nan, equal_nan=True)
            channel = (part.high[bar - 6 : bar].max(), part.low[bar - 6 : bar].min()) if bar >= 6 else (np.nan, np.nan)
            assert np.array_equal([row["channel_high"], row["channel_low"]], channel, equal_nan=True)
            assert np.array_equal(row["vwap_ago"], vwap[bar - 6] if bar >= 6 else np.nan, equal_nan=True)
            assert row["recent_low"] == part.low[max(0, bar - 2) : bar + 1].min()
            assert row["side_run"] == run
            half = early[-1] - row["prior_close"] if row["minute"] >= 30 else np.nan
            assert np.array_equal(row["half_hour"], half, equal_nan=True)
            above = part.close[bar] > vwap[bar]
            run = (max(run, 0) + 1) if above else (min(run, 0) - 1)
        at += len(part)


def test_daily_windows_are_read_whole(made: tuple[MinuteFeatures, FiveFeatures, DailyFeatures]) -> None:
    joined = Bars.concat([daily_walk(SEED), walk(SEED, SESSIONS, missing=0.05)[Interval.D1]])
    high, low, volume = joined.high, joined.low, joined.volume
    for at in range(SESSIONS):
        row, last = made[2].row(at), len(joined) - SESSIONS + at
        assert (row["before_high"], row["before_low"]) == (high[last - 1], low[last - 1])
        assert (row["mother_high"], row["mother_low"]) == (high[last - 2], low[last - 2])
        year = slice(last - 251, last + 1)
        assert (row["year_high"], row["year_low"]) == (high[year].max(), low[year].min())
        assert (row["base_high"], row["base_low"]) == (high[last - 30 : last].max(), low[last - 30 : last].min())
        assert row["month_high"] == high[last - 19 : last + 1].max()
        assert row["dip_low"] == low[last - 1 : last + 1].min()
        assert row["wider"] == pytest.approx((high - low)[last - 1] - (high - low)[last - 7 : last].min())
        assert row["volume_ratio"] == pytest.approx(volume[last] / volume[last - 50 : last].mean())
        assert row["dollars"] == pytest.approx((joined.close * volume)[last - 19 : last + 1].mean())
        assert (row["coverage"], row["moving"]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("back", "unknown"),
    [
        (1, {"before", "mother", "dip", "wider", "month", "base"}),
        (2, {"mother", "wider", "month", "base"}),
        (7, {"wider", "month", "base"}),
        (19, {"month", "base"}),
        (30, {"base"}),
        (31, set[str]()),
    ],
)
def test_windows_up_to_a_base_are_unknown_while_one_of_their_sessions_is_missing(back: int, unknown: set[str]) -> None:
    days = daily_walk(SEED)
    place = len(days) - 1 - back
    with_hole = Bars.concat([days.take(slice(place)), days.take(slice(place + 1, None))])
    whole, holed = (DailyBuilder(clock()).extend(bars).row(-1) for bars in (days, with_hole))
    windows = ("before", "mother", "dip", "wider", "month", "base")
    columns = {name: name.partition("_")[0] for name in whole if name.startswith(windows)}
    assert {columns[name] for name in columns if np.isnan(holed[name])} == unknown
    for name, window in columns.items():
        assert np.isnan(holed[name]) if window in unknown else holed[name] == whole[name]
    assert np.isfinite(holed["year_high"])


def test_a_year_that_is_not_full_is_not_available() -> None:
    features = DailyBuilder(clock()).extend(daily_walk(SEED).take(slice(28, None)))
    assert np.isnan(features.year_high[:-1]).sum() == 251
    assert np.isnan(features.ema_slowest[:199]).all()
    assert np.isfinite(features.year_high[-1])


def test_swings_are_measured_on_60_minute_bars_of_the_same_session(
    made: tuple[MinuteFeatures, FiveFeatures, DailyFeatures],
) -> None:
    """Known from the third session on: fifteen bars; unknown for a day whose hours are missing."""
    hours = walk(SEED, SESSIONS, missing=0.05)[Interval.M60]
    atr = Atr(14).extend(hours.high, hours.low, hours.close)
    assert np.isnan(made[2].atr_60m[:2]).all()
    assert made[2].atr_60m[2] == atr[-1]
    daily = DailyBuilder(clock())
    daily.hours(hours.take(slice(0, -7)))
    assert np.isnan(daily.extend(walk(SEED, SESSIONS, missing=0.05)[Interval.D1]).atr_60m).all()


def test_the_usual_volume_is_read_as_of_the_last_five_minutes_that_ended(
    made: tuple[MinuteFeatures, FiveFeatures, DailyFeatures],
) -> None:
    minute, five, _ = made
    for at in range(0, len(minute), 37):
        last = np.flatnonzero((five.end_ns <= minute.end_ns[at]) & (five.session == minute.session[at]))
        expected = five.relative_volume[last[-1]] if len(last) else np.nan
        assert np.array_equal(minute.relative_volume[at], expected, equal_nan=True)
    assert np.isfinite(minute.relative_volume[minute.session > first_session()]).sum() > 700


def test_a_half_day_ends_early(calendar: SessionCalendar) -> None:
    """Minutes left count to one o'clock, and the clock knows the day."""
    half = next(at for at, day in enumerate(calendar.days) if day.close_ns - day.open_ns == 210 * MINUTE_NS)
    start_ns = calendar.days[half].open_ns + 200 * MINUTE_NS
    minutes = walk(SEED, SESSIONS)[Interval.M1].take(slice(0, 1))
    moved = Bars(np.array([start_ns]), np.array([start_ns + MINUTE_NS]), *minutes.columns()[2:])
    own = SessionClock.of(calendar)
    features, _ = IntradayBuilder(own).extend(moved, Bars.empty(), DailyBuilder(own).days)
    assert (features.minute[0], features.minutes_left[0]) == (201.0, 9.0)
    assert own.dates[features.session.item(0)] == calendar.days[half].date
